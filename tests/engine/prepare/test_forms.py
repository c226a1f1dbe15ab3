"""Which form of a model is opened: this configuration's, an earlier one, or the published file."""

import json
import logging
import shutil

import numpy as np
import pytest

from tests.support import TINY_REPO, in_threads
from tests.voices import paced
from wyoming_hayakoe import TTS
from wyoming_hayakoe.engine.prepare.artifact import REPORT
from wyoming_hayakoe.engine.prepare.compiler import Compiler, Recipe
from wyoming_hayakoe.engine.prepare.forms import Forms
from wyoming_hayakoe.errors import HayakoeError

TEXT = "今日は、いい天気ですね。"
OLD, NEW = {"way": "old"}, {"way": "new"}


def opened(artifact):
    """Stand for a loaded model: the way in which it was made."""
    return artifact.report["options"]["way"] if artifact else "published"


class Workshop:
    """A published file, and the forms of it in a folder."""

    def __init__(self, folder):
        self.folder = folder / "compiled"
        self.model = folder / "model.onnx"
        self.model.write_bytes(b"weights")
        self.made = []

    def forms(self, options, *, as_it_is=False, make=None):
        def write(folder):
            self.made.append(options["way"])
            (folder / "graph.onnx").write_text(options["way"], encoding="utf-8")
            return {}

        forms = Forms(Compiler(self.folder), Recipe("voice", self.model, options, make or write, prove=lambda _: None))
        forms.runs_as_it_is = as_it_is
        return forms


@pytest.fixture
def workshop(tmp_path):
    return Workshop(tmp_path)


def test_the_form_for_this_configuration_is_made_once_and_opened(workshop):
    forms = workshop.forms(NEW)
    assert (forms.is_compiled, forms.report) == (False, None)
    assert forms.open(opened) == "new"
    assert (forms.is_compiled, forms.report["options"]) == (True, NEW)
    assert workshop.forms(NEW).open(opened) == "new"
    assert workshop.made == ["new"]
    assert in_threads(lambda: workshop.forms(OLD).open(opened)) == ["old"] * 8
    assert workshop.made == ["new", "old"]


@pytest.mark.parametrize(("realtime", "lines"), [(0.9, 0), (1.8, 1)])
def test_a_voice_that_is_slower_than_its_sound_says_so_once(workshop, caplog, realtime, lines):
    def write(folder):
        (folder / "graph.onnx").write_text("new", encoding="utf-8")
        return paced(realtime)

    forms = workshop.forms(NEW, make=write)
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            forms.open(opened)
    line = (
        "voice: takes 1.8 s for a second of sound on this machine: it begins later, after about 3.6 s in a sentence of "
        "2 s, and then speaks without gaps"
    )
    assert [record.message for record in caplog.records] == lines * [line]


def test_as_it_is_an_earlier_form_is_opened_and_nothing_is_made(workshop, monkeypatch):
    workshop.forms(OLD).compile()
    forms = workshop.forms(NEW, as_it_is=True)
    assert forms.open(opened) == "old"
    assert (forms.is_compiled, forms.has_better) == (False, False)
    monkeypatch.setattr("onnxruntime.__version__", "0.0")
    assert workshop.forms(NEW, as_it_is=True).open(opened) == "old"
    assert workshop.made == ["old"]


def test_as_it_is_the_likest_form_is_opened(workshop, monkeypatch):
    workshop.forms(NEW).compile()
    workshop.forms(OLD).compile()
    assert workshop.forms({"way": "third"}, as_it_is=True).open(opened) in {"old", "new"}
    monkeypatch.setattr("onnxruntime.__version__", "0.0")
    assert workshop.forms(NEW, as_it_is=True).open(opened) == "new"


def test_as_it_is_the_form_for_this_configuration_comes_first_also_where_its_hash_is_forgotten(workshop):
    workshop.forms(OLD).compile()
    workshop.forms(NEW).compile()
    shutil.rmtree(workshop.folder / "hashes")
    assert workshop.forms(OLD, as_it_is=True).open(opened) == "old"
    assert workshop.forms(NEW, as_it_is=True).open(opened) == "new"


def test_as_it_is_what_is_here_of_other_content_is_not_taken(workshop):
    workshop.forms(OLD).compile()
    workshop.model.write_bytes(b"other weights")
    assert workshop.forms(NEW, as_it_is=True).open(opened) == "published"


@pytest.mark.parametrize("error", [HayakoeError("no graph"), KeyError("hop")])
def test_as_it_is_an_earlier_form_that_does_not_load_is_passed_over_and_left(workshop, error):
    workshop.forms(OLD).compile()

    def load(artifact):
        if artifact is not None:
            raise error
        return "published"

    assert workshop.forms(NEW, as_it_is=True).open(load) == "published"
    assert workshop.forms(OLD).is_compiled


def test_a_published_file_that_does_not_load_is_an_error(workshop):
    def load(artifact):
        raise HayakoeError("model.onnx: is missing")

    with pytest.raises(HayakoeError, match="is missing"):
        workshop.forms(NEW, as_it_is=True).open(load)


def test_an_earlier_form_goes_only_when_the_new_one_is_here(workshop, monkeypatch):
    workshop.forms(OLD).compile()
    (earlier,) = (path.parent for path in workshop.folder.glob(f"*/{REPORT}"))
    mapped = (earlier / "graph.onnx").open("rb")
    monkeypatch.setattr("onnxruntime.__version__", "0.0")

    def make(folder):
        assert workshop.forms(OLD, as_it_is=True).open(opened) == "old"
        (folder / "graph.onnx").write_text("new", encoding="utf-8")
        return {}

    forms = workshop.forms(NEW, as_it_is=True, make=make)
    assert forms.open(opened) == "old"
    forms.compile()
    assert not earlier.exists()
    assert mapped.read() == b"old"
    assert forms.has_better
    assert forms.open(opened) == "new"
    assert not forms.has_better
    mapped.close()


def test_an_earlier_form_stays_where_the_new_one_cannot_be_made(workshop, monkeypatch, caplog):
    workshop.forms(OLD).compile()
    monkeypatch.setattr("onnxruntime.__version__", "0.0")

    def fail(folder):
        raise HayakoeError("model.onnx: fails")

    forms = workshop.forms(NEW, make=fail)
    with pytest.raises(HayakoeError, match="fails"):
        forms.compile()
    with caplog.at_level(logging.WARNING):
        assert [forms.open(opened) for _ in range(2)] == ["published"] * 2
    assert len(caplog.records) == 1
    forms.runs_as_it_is = True
    assert forms.open(opened) == "old"


# -- a whole voice --


@pytest.fixture(scope="module")
def spoken(tmp_path_factory):
    """Return a data folder in which a voice has spoken, and what it said; not to be changed."""
    data = tmp_path_factory.mktemp("spoken")
    voice(data).prepare()
    return data, said(data)


def load(data, **options):
    return TTS(cache_dir=data, **{"precision": "fp32", **options}).load("rand-jp", TINY_REPO.as_uri())


def voice(data, **options):
    return load(data, **options).speakers["rand-jp"].voice


def said(data, *, as_it_is=False, **options):
    speaker = load(data, **options).speakers["rand-jp"]
    if as_it_is:
        speaker.voice.run_as_it_is()
    return speaker.generate(TEXT, seed=1).data


def test_a_voice_that_has_spoken_speaks_at_once_in_the_form_that_is_here(spoken, tmp_path):
    data = shutil.copytree(spoken[0], tmp_path / "data")
    before = sorted((data / "compiled").iterdir())
    other = voice(data, precision="int8", bert_bits=4)
    assert (other.has_spoken, other.is_compiled) == (True, False)
    other.run_as_it_is()
    other.prepare()
    assert (other.is_ready, other.is_compiled, other.report) == (True, False, None)
    assert np.array_equal(said(data, as_it_is=True, precision="int8", bert_bits=4), spoken[1])
    assert sorted((data / "compiled").iterdir()) == before


def test_a_voice_that_has_never_spoken_can_speak_as_published(spoken, tmp_path):
    assert not voice(tmp_path).has_spoken
    found = said(tmp_path, as_it_is=True)
    assert np.abs(found.astype(np.int64) - spoken[1]).max() <= 2
    assert not list(tmp_path.glob("compiled/*/report.json"))
    assert voice(tmp_path).has_spoken


def test_an_earlier_format_that_is_not_understood_is_no_hindrance(spoken, tmp_path):
    data = shutil.copytree(spoken[0], tmp_path / "data")
    for path in data.glob("compiled/*/report.json"):
        report = json.loads(path.read_bytes())
        path.write_text(json.dumps({key: value for key, value in report.items() if key != "hop"}), encoding="utf-8")
    found = said(data, as_it_is=True, precision="int8")
    assert np.abs(found.astype(np.int64) - spoken[1]).max() <= 2


def test_a_voice_that_runs_as_it_is_speaks_on_while_its_form_is_made_and_then_opens_anew(spoken, tmp_path, monkeypatch):
    data = shutil.copytree(spoken[0], tmp_path / "data")
    monkeypatch.setattr("onnxruntime.__version__", "0.0")
    tts = load(data)
    running = tts.speakers["rand-jp"]
    running.voice.run_as_it_is()
    first = running.generate(TEXT, seed=1).pcm_bytes()
    # As another process does it, with the same options.
    voice(data).compile()
    assert running.voice.is_compiled
    assert running.generate(TEXT, seed=1).pcm_bytes() == first
    tts.unload("rand-jp")
    fresh = tts.load("rand-jp", TINY_REPO.as_uri()).speakers["rand-jp"].voice
    assert fresh is not running.voice
    fresh.prepare()
    assert fresh.is_ready
    assert len(list(data.glob("compiled/*/report.json"))) == 2
