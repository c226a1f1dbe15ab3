import json

import pytest

from tests.voices import BeepVoice, paced
from wyoming_hayakoe.voice_store import PREFERRED


def test_the_table_names_voice_style_licence_and_author(run_here):
    head, row, *_ = run_here("voices").stdout.splitlines()
    assert head.split()[0] == "name"
    for word in ("mei", "normal", "48000", "CC BY 3.0", "MMDAgent"):
        assert word in row


def test_json_is_for_programs(tmp_path, run_here):
    path = tmp_path / "config.toml"
    path.write_text('[[preset]]\nname = "slow"\nspeed = 1.5\ndescription = "ゆっくり"\n', encoding="utf-8")
    listed = json.loads(run_here("voices", "--json", "--config", str(path)).stdout)
    mei, slow = (next(voice for voice in listed if voice["name"] == name) for name in ("mei", "slow"))
    assert (mei["name"], mei["languages"], mei["styles"], mei["speed"]) == ("mei", ["ja"], ["normal"], 1.0)
    assert (slow["name"], slow["description"], slow["speed"]) == ("slow", "ゆっくり", 1.5)


def test_columns_line_up_under_japanese_labels(tmp_path, run_here):
    path = tmp_path / "config.toml"
    path.write_text('[[preset]]\nname = "slow"\ndescription = "ゆっくり低い声"\n', encoding="utf-8")
    lines = run_here("voices", "--config", str(path)).stdout.splitlines()
    # On a terminal each Japanese character takes two columns.
    places = {len(line[: line.index("ja")].encode("shift_jis")) for line in lines[1:]}
    assert len(places) == 1


@pytest.fixture
def prepared(monkeypatch):
    """A built-in voice that has been prepared for this machine."""

    class Prepared(BeepVoice):
        name = PREFERRED
        styles = ("normal",)
        report = paced(0.21) | {"choice": {"chosen": "int8", "reason": "is not heard"}}

    monkeypatch.setattr("wyoming_hayakoe.devices.Engine.make_built_in", lambda *_: Prepared())


def test_verbose_shows_first_audio_real_time_factor_and_wasted_work(prepared, run_here):
    listed = json.loads(run_here("voices", "--voice", PREFERRED, "--verbose", "--json").stdout)
    voices = {voice["name"]: voice for voice in listed}
    found = voices[PREFERRED]
    assert (found["first_audio"], found["realtime"]) == (0.42, 0.21)
    assert 1 < found["waste"] < 1.2
    head, row, *_ = run_here("voices", "--voice", PREFERRED, "--verbose").stdout.splitlines()
    for column, cell in (("first_audio", "0.42 s"), ("realtime", "0.21"), ("waste", "1.")):
        assert row[head.index(column) :].startswith(cell)


def test_a_voice_that_needs_no_preparing_says_so(run_here):
    mei = json.loads(run_here("voices", "--verbose", "--json", "--voice", "mei").stdout)[0]
    assert (mei["first_audio"], mei["realtime"], mei["waste"]) == (None, None, None)
    assert mei["why"] == "needs no preparing"
    assert "None" not in run_here("voices", "--verbose", "--voice", "mei").stdout
