"""How a voice of Kokoro is prepared, and that it speaks where that fails."""

import json
from dataclasses import replace

import numpy as np
import pytest

from tests.kokoro import NAME, make_voice, needs_kokoro, prepared
from tests.support import FRONT_END
from wyoming_hayakoe.engine.kokoro import fitted, voice_files
from wyoming_hayakoe.engine.kokoro.networks import GRAPHS
from wyoming_hayakoe.engine.kokoro.phonemes import line
from wyoming_hayakoe.engine.kokoro.preparation import KokoroRehearsal, accepts, prove_kokoro, recipe
from wyoming_hayakoe.engine.prepare.pace import forecast
from wyoming_hayakoe.engine.prepare.reports import REPORT
from wyoming_hayakoe.engine.runtime.session import Execution
from wyoming_hayakoe.engine.windows import SAFETY
from wyoming_hayakoe.errors import HayakoeError
from wyoming_hayakoe.utterance import SynthesisParams

TEXT = "はい。"


@pytest.fixture(scope="module")
def found():
    needs_kokoro()
    return voice_files.installed("jf_alpha")


@pytest.fixture(scope="module")
def entry():
    return next(prepared().glob("compiled/kokoro-*/"))


@pytest.fixture
def report(entry):
    return json.loads((entry / REPORT).read_text(encoding="utf-8"))


def rehearsal():
    return KokoroRehearsal(lambda: line(FRONT_END.read(TEXT)), Execution(threads=1))


def say(voice, text=TEXT):
    return np.concatenate(list(voice.speak(FRONT_END.read(text), SynthesisParams()).windows))


def test_the_form_has_all_stages_and_nothing_else(entry):
    names = {path.stem for path in entry.iterdir()} - {"report"}
    assert names == set(GRAPHS)


def test_the_report_says_how_and_why(report):
    assert accepts(report)
    assert report["choice"]["chosen"] in {"fp32", "int8"}
    assert report["choice"]["reason"]
    assert 0 < forecast(report).first_audio < 1000
    assert report["pace"]["safety"] == SAFETY
    if report["choice"]["chosen"] == "int8":
        assert report["choice"]["plans"][-1]["refused"] is None
        assert 0.5 < report["choice"]["plans"][-1]["share"] <= 1


@pytest.mark.parametrize(
    "change",
    [
        {"pace": None},
        {"pace": {}},
        {"pace": "fast"},
        {"choice": None},
        {"choice": {"chosen": 1}},
        {"files": {}},
    ],
)
def test_a_report_that_cannot_be_read_is_not_accepted(report, change):
    assert not accepts({**report, **change})


def test_a_published_graph_that_is_pinned_needs_no_proof(found):
    assert recipe("a", found, "auto", rehearsal()).prove is None
    elsewhere = replace(found, sha256=None, model=found.model[:1])
    assert recipe("a", elsewhere, "auto", rehearsal()).prove is prove_kokoro


def test_the_content_is_that_of_all_parts(found):
    assert list(recipe("a", found, "auto", rehearsal()).files) == list(found.model)


def test_an_earlier_fit_of_the_same_voice_is_replaced_and_nothing_else(found, monkeypatch):
    monkeypatch.setattr(fitted, "digest", lambda voice: f"new {voice}")
    replaces = recipe("a", found, "auto", rehearsal()).replaces
    assert replaces({"options": {"precision": "auto", "fitted": ["jf_alpha", "old"]}})
    for kept in (["jf_alpha", "new jf_alpha"], ["jm_kumo", "old"], None, 3):
        assert not replaces({"options": {"precision": "auto", "fitted": kept}})
    assert not replaces({})


def test_a_voice_without_a_form_speaks_from_the_published_graph(tmp_path):
    needs_kokoro()
    voice = make_voice(NAME, tmp_path / "data", compiled=False)
    assert voice.is_compiled
    assert voice.report is None
    assert np.abs(say(voice)).max() > 0.05


def test_a_voice_that_cannot_keep_its_form_speaks_all_the_same(tmp_path, caplog):
    needs_kokoro()
    (tmp_path / "compiled").write_text("a file in place of the folder")
    voice = make_voice(NAME, tmp_path)
    voice.prepare()
    assert not voice.is_compiled
    assert np.abs(say(voice)).max() > 0.05
    assert "cannot be kept" in caplog.text


def test_a_damaged_part_is_an_error_that_says_what_to_do(found, tmp_path):
    spoiled = bytearray(found.model[0].read_bytes())
    spoiled[1000] ^= 1
    part = tmp_path / "part.bin"
    part.write_bytes(spoiled)
    voice = make_voice(NAME, tmp_path / "data", found=replace(found, model=(part, *found.model[1:])))
    with pytest.raises(HayakoeError, match=r"damaged.*pip install"):
        voice.compile()
    with pytest.raises(HayakoeError, match="damaged"):
        voice.prepare()


def test_a_missing_part_is_an_error(found, tmp_path):
    voice = make_voice(NAME, tmp_path / "data", found=replace(found, model=(tmp_path / "part.bin", *found.model[1:])))
    with pytest.raises(HayakoeError, match=r"part\.bin"):
        voice.compile()
