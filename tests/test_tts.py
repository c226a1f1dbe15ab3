"""The library's face."""

import re
import subprocess
import sys

import pytest

import wyoming_hayakoe
from wyoming_hayakoe import TTS, HayakoeError, UsageError


@pytest.fixture
def tts(tmp_path):
    return TTS(cache_dir=tmp_path).load("mei").prepare()


def test_a_loaded_voice_speaks(tts):
    assert 1.5 < tts.speakers["mei"].generate("こんにちは。**元気**ですか？").duration < 3.5


def test_a_taught_word_is_read_so(tts):
    assert tts.front_end.read("ESP32の電源").reading == "イーエスピーサンジューニノデンゲン"
    tts.add_word(surface="ESP32", reading="エスプ", accent=1)
    utterance = tts.front_end.read("ESP32の電源")
    assert utterance.reading == "エスプノデンゲン"
    assert utterance.words[0].accent == 1
    assert utterance.words[0].source == "user dictionary"


def test_words_belong_to_one_object(tts, tmp_path):
    tts.add_word("HACS", "ハカセ", 1)
    assert TTS(cache_dir=tmp_path / "other").front_end.read("HACS").reading == "ハックス"


@pytest.mark.parametrize(("reading", "accent"), [("はっくす", 0), ("ハックス", 5), ("ハックス", -1), ("", 0)])
def test_a_bad_word_is_refused(tts, reading, accent):
    with pytest.raises(UsageError, match=r"^add_word: .*(katakana|accent|empty)"):
        tts.add_word("HACS", reading, accent)


def test_what_is_missing_is_told_all_at_once(tmp_path):
    tts = TTS(cache_dir=tmp_path, offline=True).load("mei").load("a").load("b", "s3://voices")
    assert list(tts.speakers) == ["mei"]
    expected = (
        "not here: hf://lemondouble/hayakoe: onnx/speakers/a, hf://lemondouble/hayakoe: onnx/bert/q8, "
        "s3://voices: onnx/speakers/b: run `wyoming-hayakoe download` first, or leave out --offline"
    )
    with pytest.raises(HayakoeError, match=re.escape(expected)):
        tts.prepare()


def test_emoji_are_named_if_asked_for(tmp_path):
    silent, named = (
        TTS(cache_dir=tmp_path, read_emoji=read).load("mei").speakers["mei"].generate("注意⚠").duration
        for read in (False, True)
    )
    assert named > silent


def test_the_package_has_its_face_and_nothing_else():
    for name in ("TTS", "Speaker", "Audio", "HayakoeError", "UsageError"):
        assert getattr(wyoming_hayakoe, name).__name__ == name
    with pytest.raises(AttributeError):
        wyoming_hayakoe.Nothing  # noqa: B018
    program = "import sys, wyoming_hayakoe; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
