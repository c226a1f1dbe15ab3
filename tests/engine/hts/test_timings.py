"""When the phones of Mei sound: as the engine itself has it, complete, and free for whoever does not ask."""

import numpy as np
import pytest

from tests.engine.hts.native_durations import state_frames
from tests.hts_voices import MEI, mei
from tests.support import ARTICLE, FRONT_END
from wyoming_hayakoe.engine.hts.breath_groups import breath_groups, labels_of
from wyoming_hayakoe.engine.hts.distributions import DurationModel
from wyoming_hayakoe.engine.hts.phone_durations import phone_frames
from wyoming_hayakoe.speaker import Speaker
from wyoming_hayakoe.symbols import PAD, PUNCTUATION
from wyoming_hayakoe.utterance import SynthesisParams

TEXTS = [
    "こんにちは。",
    "はい。",
    "あっ、ケーキとコーヒーが、もう届いたよ！",
    "すき焼きは３６５日、つくっています？",
    ARTICLE,
]


@pytest.mark.parametrize("speed", [0.3, 0.77, 1.0, 1.3])
def test_phones_last_as_long_as_the_engine_has_them_last(speed):
    model = DurationModel.parse(mei())
    for text in TEXTS[:3]:
        for _, labels in breath_groups(labels_of(FRONT_END.read(text))):
            states = state_frames(MEI, labels, speed)
            assert phone_frames(model, labels, speed) == np.reshape(states, (len(labels), -1)).sum(axis=1).tolist()


@pytest.mark.parametrize("speed", [0.6, 1.0])
@pytest.mark.parametrize("text", TEXTS)
def test_timings_are_all_phones_without_gaps_and_last_as_long_as_the_sound(voice, text, speed):
    utterance = FRONT_END.read(text)
    speech = voice.speak(utterance, SynthesisParams(speed=speed))
    samples = sum(map(len, speech.windows))
    phones = [timing.phone for timing in speech.timings]
    assert [phone for phone in phones if phone != PAD] == [
        phone for phone in utterance.phones if phone not in {PAD, *PUNCTUATION}
    ]
    ends = [timing.start + timing.duration for timing in speech.timings]
    assert speech.timings[0].start == 0.0
    assert ends[:-1] == pytest.approx([timing.start for timing in speech.timings[1:]])
    assert ends[-1] == pytest.approx(samples / voice.sample_rate)
    assert speech.timings[-1].phone == PAD


def test_a_vowel_sounds_where_its_timing_says(voice):
    speech = voice.speak(FRONT_END.read("あ、あ、あーー。"), SynthesisParams())
    wave = np.concatenate(list(speech.windows))
    for timing in speech.timings:
        middle = slice(*(round((timing.start + share * timing.duration) * voice.sample_rate) for share in (0.3, 0.7)))
        assert (np.abs(wave[middle]).max() > 0.05) == (timing.phone == "a"), timing


def test_the_library_gives_the_timings_of_a_whole_text(voice):
    audio = Speaker(voice, FRONT_END).generate("はい。わかりました。", with_timing=True)
    spoken = "".join(timing.phone for timing in audio.timings if timing.phone != PAD)
    assert spoken == "haiwakarimashita"
    assert audio.timings[-1].start + audio.timings[-1].duration == pytest.approx(audio.duration)


def test_a_sentence_that_says_nothing_has_no_phones(voice):
    assert list(voice.speak(FRONT_END.read("。"), SynthesisParams()).timings) == []
