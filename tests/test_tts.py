"""The library's face."""

import logging
import re
import subprocess
import sys
import threading

import pytest

import wyoming_hayakoe
from tests.support import DEADLINE
from wyoming_hayakoe import TTS, HayakoeError, UnknownVoiceError, UsageError


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


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"device": "gpu"}, "device 'gpu': choose auto, cpu, cuda or pytorch"),
        ({"precision": "int4"}, "precision: 'int4' is not auto or fp32 or int8"),
        ({"bert_bits": 3}, "bert_bits: 3 is not 8 or 4"),
        ({"threads": "2"}, "threads: '2' is not a whole number from 0"),
        ({"max_memory": "1G"}, "max_memory: '1G' is not a whole number from 0"),
        ({"low_memory": "no"}, "low_memory: 'no' is not True or False or None"),
        ({"code": "loud"}, "code: 'loud' is not"),
        ({"bert_source": 5}, "bert_source: is a int, not a string"),
        ({"bert_source": "x://y"}, "'x://y' names no source of voices"),
        ({"thread": 2}, "no parameter 'thread': there is bert_bits, threads,"),
    ],
)
def test_bad_arguments_are_refused(tmp_path, arguments, words):
    with pytest.raises(UsageError) as error:
        TTS(**{"cache_dir": tmp_path} | arguments)
    assert str(error.value).startswith(words)


def test_every_misuse_is_an_error_of_this_program(tts, tmp_path):
    speaker = tts.speakers["mei"]
    for misuse in (
        lambda: tts.load(5),
        lambda: tts.load("a", 5),
        lambda: tts.load("a", "zz://y"),
        lambda: tts.add_word(5, "ア"),
        lambda: tts.add_word("a", None),
        lambda: tts.add_word("a", "ア", None),
        lambda: tts.speakers["a"],
        lambda: tts.open("a"),
        lambda: speaker.generate(None),
        lambda: speaker.stream(b"a"),
        lambda: speaker.generate("あ", style="Angry"),
        lambda: speaker.generate("あ").save(tmp_path / "no-such-folder" / "a.wav"),
    ):
        with pytest.raises(HayakoeError) as error:
            misuse()
        assert len(str(error.value).splitlines()) == 1


def test_an_unknown_voice_is_told_from_one_that_is_still_to_come(tmp_path):
    tts = TTS(cache_dir=tmp_path, offline=True).load("a", "s3://voices")
    for name, words in (("b", "no voice 'b': there is mei"), ("a", "voice 'a' is not here yet: call prepare()")):
        with pytest.raises(KeyError, match="voice") as error:
            tts.speakers[name]
        assert isinstance(error.value, UnknownVoiceError)
        assert str(error.value).startswith(words)
        assert tts.speakers.get(name) is None
    with pytest.raises(TypeError):
        tts.speakers["b"] = None


def test_preparing_says_so_where_it_takes_long(tts, caplog, monkeypatch):
    entered, logged = threading.Event(), threading.Event()
    voice = tts.speakers["mei"].voice
    monkeypatch.setattr("wyoming_hayakoe.tts._PATIENCE", 0.01)
    monkeypatch.setattr(type(voice), "prepare", lambda _: entered.set() or logged.wait(DEADLINE))

    class Noticing(logging.Handler):
        def emit(self, record):
            if entered.is_set():
                logged.set()

    logger = logging.getLogger("wyoming_hayakoe.tts")
    logger.addHandler(handler := Noticing())
    try:
        with caplog.at_level(logging.INFO, "wyoming_hayakoe.tts"):
            tts.prepare()
    finally:
        logger.removeHandler(handler)
    lines = [line for line in caplog.messages if "voice mei" in line]
    assert lines == ["preparing voice mei: this takes a moment", "preparing voice mei: done in 0 s"]


def test_what_is_missing_is_told_all_at_once(tmp_path):
    tts = TTS(cache_dir=tmp_path, offline=True).load("mei").load("a").load("b", "s3://voices")
    assert list(tts.speakers) == ["mei"]
    expected = (
        "not here: hf://lemondouble/hayakoe: onnx/speakers/a, hf://lemondouble/hayakoe: onnx/bert/q8, "
        "s3://voices: onnx/speakers/b: run wyoming-hayakoe download first, or leave out --offline"
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
    for name in set(wyoming_hayakoe.__all__) - {"__version__", "Progress"}:
        assert getattr(wyoming_hayakoe, name).__name__ == name
    with pytest.raises(AttributeError):
        wyoming_hayakoe.Nothing  # noqa: B018
    program = "import sys, wyoming_hayakoe; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
