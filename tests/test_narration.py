"""Rests between sentences, groups, and what neither may depend on."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import ARTICLE, FRONT_END
from tests.voices import BeepVoice
from wyoming_hayakoe.narration import Narration, groups
from wyoming_hayakoe.speaker import Speaker
from wyoming_hayakoe.text.sentences import SentenceSplitter, split
from wyoming_hayakoe.utterance import SynthesisParams
from wyoming_hayakoe.voice import WINDOWS

SEEDED = SynthesisParams(seed=1)
TEXTS = st.lists(
    st.sampled_from(
        ["はい。", "ええ、どうぞ。", "あ！", "。", "「", "」", "\n", "…", "うん", "いいえ？", "☆", "おわり。"]
    ),
    max_size=12,
).map("".join)


def narration(voice, **settings):
    return Narration(voice, FRONT_END, SEEDED, **settings)


def joined(windows):
    return np.concatenate([np.zeros(0, dtype=np.float32), *windows])


def expected(voice, text):
    """Return the sound of a text by arithmetic: rests are there between what sounds, less the silence before them."""
    sound = []
    tail = None
    for utterance in map(FRONT_END.read, split(text)):
        if voice.morae(utterance):
            if tail is not None:
                sound.append(np.zeros(max(0, round(voice.rest * voice.sample_rate) - tail), dtype=np.float32))
            sound.append(voice.sound(utterance, SEEDED))
            tail = voice.tail(utterance)
    return joined(sound)


def test_the_rest_is_what_the_voice_says_less_the_silence_already_there():
    voice = BeepVoice(pause=0.1)
    # Two morae end in 20 samples of silence, of 100 that are wanted; what the second begins with does not count.
    sound = joined(narration(voice).speak_text("はい。ええ。"))
    beeps = 2 * voice.BEEP
    assert len(sound) == voice.LEAD + beeps + 100 + voice.LEAD + beeps + 20
    rest = sound[voice.LEAD + beeps : voice.LEAD + beeps + 100 + voice.LEAD]
    assert not rest.any()
    assert sound[voice.LEAD + beeps - 1] > 0
    assert sound[voice.LEAD + beeps + 100 + voice.LEAD] > 0
    assert voice.pauses == [("はい。", "ええ。")]


def test_a_voice_that_rests_by_itself_gets_no_more():
    voice = BeepVoice(pause=0.02)
    assert len(joined(narration(voice).speak_text("はい。はい。"))) == 2 * (voice.LEAD + 2 * voice.BEEP + 20)


def test_one_sentence_said_twice_is_two():
    voice = BeepVoice(pause=0.1)
    assert np.array_equal(joined(narration(voice).speak_text("はい。はい。")), expected(voice, "はい。はい。"))
    assert len(voice.pauses) == 1


@given(TEXTS, st.integers(1, 90), st.sampled_from([0.0, 0.015, 0.3]))
def test_the_sound_of_a_text_is_its_sentences_and_rests_however_a_voice_cuts_its_windows(text, window, pause):
    voice = BeepVoice(pause=pause, window=window)
    assert np.array_equal(joined(narration(voice).speak_text(text)), expected(voice, text))


@given(TEXTS, st.data())
def test_a_text_stream_sounds_like_the_whole_text_however_it_was_cut(text, data):
    voice = BeepVoice()
    splitter = SentenceSplitter()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    chunks = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    narrated = narration(voice)
    arriving = [sentence for chunk in chunks for sentence in splitter.feed(chunk)]
    sound = [window for sentence in [*arriving, *splitter.flush()] for window in narrated.speak(sentence)]
    assert np.array_equal(joined(sound), joined(narration(voice).speak_text(text)))


@given(TEXTS, st.integers(1, 90), st.floats(0.0, 4.0))
def test_the_volume_changes_no_length_and_windows_change_no_sound(text, window, volume):
    params = replace(SEEDED, volume=volume)
    sound, whole = (
        joined(Narration(BeepVoice(window=size), FRONT_END, params).speak_text(text)) for size in (window, 10_000)
    )
    assert np.array_equal(sound, whole)
    assert len(sound) == len(expected(BeepVoice(), text))
    assert np.abs(sound).max(initial=0.0) < 0.981


@pytest.mark.parametrize("silent", ["。", "\n\n", "…！", "☆。", "「」。"])
def test_what_says_nothing_adds_no_rest_and_has_none_beside_it(silent):
    voice = BeepVoice()
    narrated = narration(voice)
    sound = [window for sentence in (silent, "はい。", silent, "ええ。", silent) for window in narrated.speak(sentence)]
    assert np.array_equal(joined(sound), expected(voice, "はい。ええ。"))
    assert voice.pauses == [("はい。", "ええ。")]


def test_a_voice_that_finds_nothing_to_say_adds_no_rest_either():
    class Mute(BeepVoice):
        def sound(self, utterance, params):
            return super().sound(utterance, params)[: 0 if "ええ" in utterance.text else None]

    voice = Mute()
    assert np.array_equal(joined(narration(voice).speak_text("はい。ええ。うん。")), expected(voice, "はい。うん。"))
    assert voice.pauses == [("はい。", "うん。")]


def test_what_is_silent_is_so_beside_the_sentence_before_it_not_the_loudest_of_all():
    class Whispering(BeepVoice):
        def sound(self, utterance, params):
            return super().sound(utterance, params) * np.float32(0.01 if "ええ" in utterance.text else 1.0)

    voice = Whispering()
    assert np.array_equal(
        joined(narration(voice).speak_text("はい。ええ。うん。")), expected(voice, "はい。ええ。うん。")
    )


def test_the_rest_comes_with_the_sentence_behind_it_and_costs_nothing_before():
    voice = BeepVoice()
    narrated = narration(voice)
    first = joined(narrated.speak("はい。"))
    second = narrated.speak("ええ。")
    assert voice.pauses == []
    assert len(first) == voice.LEAD + 2 * voice.BEEP + 20
    assert len(next(second)) == 80 + voice.window
    assert len(voice.pauses) == 1


@pytest.mark.parametrize("speed", [0.77, 1.0, 1.03])
@pytest.mark.parametrize(
    "text", [ARTICLE, "はい。", "ええ、どうぞ。「おはよう！」\n\nおやすみ。。さて", "っ。ん？ー。ーーえ。あ！！"]
)
def test_the_built_in_voice_brings_its_own_rests(voice, text, speed):
    params = replace(SEEDED, speed=speed)
    own = [w for sentence in split(text) for w in voice.speak(FRONT_END.read(sentence), params).windows]
    narrated = list(Narration(voice, FRONT_END, params).speak_text(text))
    assert [len(window) for window in narrated] == [len(window) for window in own]
    assert np.array_equal(joined(narrated), joined(own))


class TestGroups:
    def sizes(self, lengths):
        utterances = [replace(FRONT_END.read(""), bert_text="あ" * length) for length in lengths]
        found = list(groups(utterances))
        assert [one for group in found for one in group] == utterances
        return [len(group) for group in found]

    @pytest.mark.parametrize(
        ("lengths", "sizes"),
        [
            ([], []),
            ([5], [1]),
            ([5, 5], [1, 1]),
            ([5] * 9, [1, 8]),
            ([5] * 20, [1, 8, 8, 3]),
            ([15] * 10, [1, 4, 4, 1]),
            ([5, 30, 30, 30], [1, 2, 1]),
            ([5, 300, 300, 5, 5], [1, 1, 1, 2]),
            # As wide as its longest: 5 and 5 in a group with 50 would cost thrice the 50.
            ([5, 50, 5, 5], [1, 1, 2]),
        ],
    )
    def test_the_first_is_alone_and_the_rest_in_bounded_groups(self, lengths, sizes):
        assert self.sizes(lengths) == sizes

    @given(st.lists(st.integers(0, 300), max_size=40))
    def test_no_group_is_larger_than_its_bounds(self, lengths):
        taken = iter(lengths)
        for size in self.sizes(lengths):
            widest = max(next(taken) for _ in range(size))
            assert size <= 8
            assert size == 1 or size * widest <= 64

    def test_the_first_does_not_wait_for_the_second(self):
        def utterances():
            yield FRONT_END.read("はい。")
            raise AssertionError("nobody needs it yet")

        assert len(next(groups(utterances()))) == 1

    def test_sentences_of_a_group_know_one_another(self):
        voice = BeepVoice()
        list(narration(voice).speak_text("いち。に。。さん。"))
        assert [(call.text, call.together) for call in voice.calls] == [
            ("いち。", ("いち。",)),
            ("に。。", ("に。。", "さん。")),
            ("さん。", ("に。。", "さん。")),
        ]

    def test_a_sentence_that_comes_by_itself_is_computed_alone(self):
        voice = BeepVoice()
        narrated = narration(voice)
        for sentence in ("いち。", "に。"):
            list(narrated.speak(sentence))
        assert [call.together for call in voice.calls] == [(), ()]


class TestTimings:
    @given(TEXTS)
    def test_every_phone_sounds_when_it_is_said_to(self, text):
        voice = BeepVoice()
        narrated = narration(voice, with_timing=True)
        sound = joined(narrated.speak_text(text))
        beeping = np.zeros(len(sound), dtype=bool)
        for timing in narrated.timings:
            start, end = (round(seconds * 1000) for seconds in (timing.start, timing.start + timing.duration))
            beeping[start:end] = True
        assert np.array_equal(beeping, sound > 0)
        assert [timing.phone for timing in narrated.timings] == voice.morae(FRONT_END.read(text))

    def test_none_are_kept_that_nobody_asked_for(self):
        narrated = narration(BeepVoice())
        list(narrated.speak_text("はい。"))
        assert narrated.timings is None


def test_an_open_seed_is_drawn_once_for_all_sentences():
    voice = BeepVoice()
    for _ in range(2):
        list(Narration(voice, FRONT_END, SynthesisParams()).speak_text("いち。に。"))
    first, second, third, fourth = (call.params.seed for call in voice.calls)
    assert first == second
    assert third == fourth
    assert first != third
    assert first is not None


def test_leaving_closes_what_the_voice_computes():
    closed = []

    class Closing(BeepVoice):
        def speak(self, utterance, params, delivery=WINDOWS):
            def windows():
                try:
                    yield from super(Closing, self).speak(utterance, params).windows
                finally:
                    closed.append(utterance.text)

            return replace(super().speak(utterance, params), windows=windows())

    for spoken in (narration(Closing(window=8)).speak_text("いち。に。"), narration(Closing(window=8)).speak("いち。")):
        next(spoken)
        assert closed == []
        spoken.close()
        assert closed == ["いち。"]
        closed.clear()


class TestPassages:
    def test_a_rest_is_as_long_as_it_says_and_counts_the_silence_before_it(self):
        voice = BeepVoice(pause=0.1)
        two = joined(narration(voice).speak_ssml("はい<break time='300ms'/>はい"))
        assert len(two) == 2 * (voice.LEAD + 2 * voice.BEEP) + 300 + 20
        assert voice.pauses == []

    def test_a_rest_stands_at_the_beginning_and_the_end_too(self):
        voice = BeepVoice()
        sound = joined(narration(voice).speak_ssml("<break time='300ms'/>はい<break time='1s'/>"))
        assert len(sound) == 300 + voice.LEAD + 2 * voice.BEEP + 1000
        assert not sound[:300].any()
        assert not sound[-1000:].any()

    def test_a_part_of_a_sentence_follows_without_a_rest(self):
        voice = BeepVoice(pause=0.1)
        sound = joined(narration(voice).speak_ssml("はい<emphasis>はい</emphasis>"))
        assert len(sound) == 2 * (voice.LEAD + 2 * voice.BEEP + 20)

    def test_manners_are_factors_within_the_ranges(self):
        voice = BeepVoice()
        params = SynthesisParams(seed=1, speed=1.2, pitch_scale=1.9, intonation_scale=0.5)
        ssml = "あ。<prosody rate='200%' pitch='+12st' range='50%'>い。</prosody>う。<prosody rate='1%'>え</prosody>"
        list(Narration(voice, FRONT_END, params).speak_ssml(ssml))
        changed = replace(params, speed=0.6, pitch_scale=2.0, intonation_scale=0.25)
        assert [call.params for call in voice.calls] == [params, changed, params, replace(params, speed=5.0)]

    @pytest.mark.parametrize(("volume", "level"), [("soft", 0.5), ("silent", 0.0)])
    def test_the_volume_is_a_factor(self, volume, level):
        plain = joined(narration(BeepVoice()).speak_text("はい。"))
        sound = joined(narration(BeepVoice()).speak_ssml(f"<prosody volume='{volume}'>はい。</prosody>"))
        assert np.allclose(sound, plain * level)

    def test_nothing_is_louder_than_full_scale(self):
        ssml = "<prosody volume='+40dB'>はい。</prosody>"
        sound = joined(Narration(BeepVoice(), FRONT_END, replace(SEEDED, volume=4.0)).speak_ssml(ssml))
        assert 0.9 < np.abs(sound).max() < 0.981

    def test_silence_between_sentences_adds_to_rests_of_sentences_and_paragraphs_but_to_no_break(self):
        def samples(ssml, seconds):
            return joined(
                Narration(BeepVoice(), FRONT_END, replace(SEEDED, sentence_silence=seconds)).speak_ssml(ssml)
            ).size

        for ssml, places in {
            "はい。はい。はい。": 2,
            "<p>はい。はい。</p><p>はい。</p>": 2,
            "はい。<break time='300ms'/>はい": 0,
            "はい<emphasis>はい</emphasis>": 0,
            "<break time='300ms'/>はい": 0,
        }.items():
            assert samples(ssml, 0.5) - samples(ssml, 0.0) == 500 * places

    def test_the_silence_before_a_text_comes_once_and_adds_to_no_rest(self):
        voice = BeepVoice()
        spoken = Narration(voice, FRONT_END, replace(SEEDED, lead_silence=0.5))
        sound = joined(spoken.speak_ssml("<break time='300ms'/>はい<break time='300ms'/>はい"))
        assert len(sound) == 500 + 300 + 2 * (voice.LEAD + 2 * voice.BEEP) + 300 + 20
        assert not sound[:800].any()
        silent = Narration(voice, FRONT_END, replace(SEEDED, lead_silence=0.5)).speak_ssml("<break time='100ms'/>")
        assert joined(silent).size == 100

    def test_another_voice_speaks_at_the_sample_rate_of_the_first(self):
        class Faster(BeepVoice):
            name = "faster"
            sample_rate = 2000

        own, other = BeepVoice(), Faster()
        cast = {"faster": Speaker(other, FRONT_END, SynthesisParams(seed=9, speed=1.5))}.get
        spoken = joined(narration(own).speak_ssml("はい。<voice name='faster'>はい。</voice>はい。", cast))
        assert [call.text for call in own.calls] == ["はい。", "はい。"]
        assert [(call.text, call.params.speed, call.params.seed) for call in other.calls] == [("はい。", 1.5, 1)]
        alone = joined(narration(own).speak_text("はい。はい。はい。"))
        assert abs(len(alone) - len(spoken)) < 60

    def test_a_voice_that_is_not_there_is_stood_in_for(self):
        voice = BeepVoice()
        assert joined(narration(voice).speak_ssml("<voice name='x'>はい。</voice>")).any()
