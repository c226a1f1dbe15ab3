"""A Piper voice from its files to sound, through the library."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from tests.engine.piper.layouts import VOICES, files_of
from tests.engine.wanted import higher, longer, spoken, told
from tests.support import FRONT_END
from wyoming_hayakoe import TTS
from wyoming_hayakoe.engine.loudness import loudness
from wyoming_hayakoe.engine.piper.phonemes import encode
from wyoming_hayakoe.engine.prepare.pace import forecast
from wyoming_hayakoe.errors import HayakoeError, UsageError
from wyoming_hayakoe.utterance import SynthesisParams, WantedProsody
from wyoming_hayakoe.voice import Delivery

TEXT = "今日は、いい天気ですね。お出かけですか？"
SENTENCE = "明日は全国的に晴れて気温が上がりますが、夕方からは風が強くなるところがあります。"
LAYOUTS = ("piper-2023-speakers", "piper-plus")


@pytest.fixture(scope="module")
def tts(tmp_path_factory):
    """Return voices in one data folder, so that each is prepared and its level is measured once."""
    tts = TTS(cache_dir=tmp_path_factory.mktemp("data"), precision="fp32")
    for layout in LAYOUTS:
        tts.load(layout, (VOICES / layout).as_uri())
    return tts.prepare()


@pytest.fixture(params=LAYOUTS)
def speaker(tts, request):
    return tts.speakers[request.param]


@pytest.fixture
def piper(tts):
    return tts.speakers["piper-2023-speakers"]


@pytest.fixture
def plus(tts):
    return tts.speakers["piper-plus"]


def samples(audio):
    return audio.data.astype(np.int64)


def test_its_speakers_are_its_styles(piper, plus):
    assert list(piper.styles) == ["speaker-0", "speaker-1", "speaker-2"]
    assert list(plus.styles) == ["normal"]
    first, usual, other = (piper.generate(TEXT, style=style, seed=1) for style in ("speaker-0", None, "speaker-2"))
    assert first.pcm_bytes() == usual.pcm_bytes() != other.pcm_bytes()


def test_it_speaks_in_windows(speaker):
    windows = [samples(audio) for audio in speaker.stream(SENTENCE, seed=2)]
    whole = samples(speaker.generate(SENTENCE, seed=2))
    assert len(windows[0]) < 0.2 * speaker.sample_rate < 0.1 * len(whole)
    assert np.abs(np.concatenate(windows) - whole).max() <= 1


def test_timings_are_those_of_the_sound(speaker):
    audio = speaker.generate(SENTENCE, seed=1, with_timing=True)
    assert [timing.phone for timing in audio.timings] == list(FRONT_END.read(SENTENCE).phones)
    assert audio.timings[0].start == 0
    for before, after in pairwise(audio.timings):
        assert after.start == pytest.approx(before.start + before.duration)
    assert audio.timings[-1].start + audio.timings[-1].duration == pytest.approx(audio.duration)


def test_the_end_symbol_of_piper_plus_is_not_heard(piper, plus):
    ends = [each.generate(TEXT[:12], seed=1, with_timing=True).timings[-1].duration for each in (piper, plus)]
    assert ends[0] > 0 == ends[1]
    sound = plus.generate(TEXT[:12], seed=1).data
    assert abs(sound[-1]) < 0.02 * np.abs(sound).max()


def test_speed_is_a_length_scale(speaker):
    usual, slow = (speaker.generate(TEXT, seed=1, noise_w=0.0, speed=speed).duration for speed in (1.0, 2.0))
    assert 1.5 < slow / usual < 2.1


def test_pitch_and_intonation_leave_the_length(piper):
    usual = piper.generate("はい。", seed=1)
    for change in ({"pitch_scale": 1.2}, {"intonation_scale": 0.5}):
        bent = piper.generate("はい。", seed=1, **change)
        assert len(bent.data) == len(usual.data)
        assert bent.pcm_bytes() != usual.pcm_bytes()


def test_it_rests_behind_a_sentence_by_its_mark(speaker):
    voice, params = speaker.voice, SynthesisParams()
    said, asked, open_end = (FRONT_END.read(text) for text in ("はい。", "はい？", "はい"))
    rests = [voice.pause(each, said, params) for each in (open_end, said, asked)]
    assert rests == sorted(rests)
    assert voice.pause(said, said, SynthesisParams(speed=2.0)) == pytest.approx(2 * rests[1])


def test_an_endless_sentence_is_spoken_in_lines(plus):
    utterance = FRONT_END.read("東京、" * 150 + "です。")
    lines = encode(utterance, files_of("piper-plus").config)
    assert len(lines) > 1
    speech = plus.voice.speak(utterance, SynthesisParams(seed=1), Delivery(raw=True))
    total = sum(map(len, speech.windows)) / plus.sample_rate
    timings = [each for each in speech.timings if each.phone != "_"]
    assert [each.phone for each in timings] == list(utterance.phones[1:-1])
    assert timings[-1].start + timings[-1].duration == pytest.approx(total)


def test_it_is_as_loud_as_speech(speaker):
    audio = speaker.generate(TEXT, seed=1)
    assert -21 < loudness(audio.data / np.float32(32768), audio.sr) < -15


def test_what_its_preparation_measured_is_in_the_report(speaker):
    report = speaker.voice.report
    found = forecast(report)
    assert 0 < found.first_audio < 1
    assert report["pace"]["overlap"] == report["reach"]
    assert report["choice"]["chosen"] == "fp32"


def test_an_unknown_style_is_named(piper):
    with pytest.raises(HayakoeError, match="has no style 'loud': it has"):
        piper.generate(TEXT, style="loud")


def test_nothing_is_said_where_nothing_is_written(speaker):
    assert list(speaker.voice.speak(FRONT_END.read("、。"), SynthesisParams()).windows) == []


def test_it_follows_lengths_and_pitches_that_are_wanted_and_what_it_tells_of_itself_changes_nothing(speaker):
    voice, params = speaker.voice, SynthesisParams(seed=3)
    read = FRONT_END.read("今日は、いい天気です。")
    utterance = told(read, voice.prosody(read, params))
    usual, timings = spoken(voice, read, params)
    assert np.array_equal(spoken(voice, utterance, params)[0], usual)
    assert sum(each.seconds for each in utterance.wanted) == pytest.approx(len(usual) / voice.sample_rate, abs=0.01)
    place = read.phones.index(",")
    changed, later = spoken(voice, longer(utterance, p2=0.3, **{f"p{place}": 0.5}), params)
    assert (len(changed) - len(usual)) / voice.sample_rate == pytest.approx(0.8, abs=0.02)
    assert later[-1].start - timings[-1].start == pytest.approx(0.8, abs=0.02)
    higher_sound = spoken(voice, higher(utterance, 1.3, range(place)), params)[0]
    assert len(higher_sound) == len(usual)
    assert not np.array_equal(higher_sound, usual)


def test_lengths_that_add_up_to_too_much_are_an_error(speaker):
    read = FRONT_END.read("おはようございます。")
    endless = replace(read, wanted=tuple(WantedProsody(1e9) for _ in read.phones))
    with pytest.raises(UsageError, match="add up to"):
        next(speaker.voice.speak(endless, SynthesisParams(seed=3)).windows)
