"""The library's face: a whole text, a stream of windows, and their twins beside an event loop."""

import asyncio
import io
import wave
from contextlib import aclosing
from itertools import islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import ARTICLE, FRONT_END, CountingVoice, eventually, in_threads
from tests.voices import BeepVoice
from wyoming_hayakoe.audio import Audio, wav_header
from wyoming_hayakoe.errors import HayakoeError, UsageError
from wyoming_hayakoe.speaker import Speaker
from wyoming_hayakoe.utterance import SynthesisParams
from wyoming_hayakoe.voice import WINDOWS

TEXT = "こんにちは。今日は、いい天気ですね！　そうですか？"


@pytest.fixture
def mei(voice):
    return Speaker(voice, FRONT_END)


def beeping(**settings):
    return Speaker(BeepVoice(**settings), FRONT_END)


def joined(stream):
    return np.concatenate([np.zeros(0, dtype=np.int16), *(audio.data for audio in stream)])


async def gathered(stream):
    return [chunk async for chunk in stream]


def samples_of(wav):
    return np.frombuffer(b"".join(wav)[44:], "<i2")


# Every way to have something said, reduced to its samples.
CALLS = {
    "generate": lambda speaker, text, **changes: speaker.generate(text, **changes).data,
    "agenerate": lambda speaker, text, **changes: asyncio.run(speaker.agenerate(text, **changes)).data,
    "stream": lambda speaker, text, **changes: joined(speaker.stream(text, **changes)),
    "astream": lambda speaker, text, **changes: joined(asyncio.run(gathered(speaker.astream(text, **changes)))),
    "stream_wav": lambda speaker, text, **changes: samples_of(speaker.stream_wav(text, **changes)),
    "astream_wav": lambda speaker, text, **changes: samples_of(
        asyncio.run(gathered(speaker.astream_wav(text, **changes)))
    ),
}
EVERY_CALL = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
WHOLE_CALLS = pytest.mark.parametrize("call", [CALLS["generate"], CALLS["agenerate"]], ids=["generate", "agenerate"])
STREAMS = ["stream", "astream", "stream_wav", "astream_wav", "narrate"]


def test_a_speaker_says_who_it_is():
    speaker = beeping()
    assert (speaker.name, speaker.sample_rate) == ("beep", 1000)
    assert "Happy" in speaker.styles
    assert "Angry" not in speaker.styles
    assert next(iter(speaker.styles)) == "Neutral"


class TestSound:
    @EVERY_CALL
    def test_every_call_says_the_same(self, mei, call):
        whole = mei.generate(TEXT).data
        assert whole.dtype == np.int16
        assert 2.0 < len(whole) / mei.sample_rate < 8.0
        assert np.abs(whole).max() > 5000
        assert np.array_equal(call(mei, TEXT), whole)

    @EVERY_CALL
    @pytest.mark.parametrize("text", ["", "。", "\n\n"])
    def test_what_says_nothing_is_empty(self, mei, call, text):
        assert call(mei, text).size == 0

    @given(
        st.lists(st.sampled_from(["はい。", "ええ、", "ん？", "。", "\n", "まあ！"]), max_size=15).map("".join),
        st.integers(1, 100),
        st.integers(0, 2**64),
    )
    def test_a_whole_is_the_concatenation_of_its_stream(self, text, window, seed):
        speaker = beeping(window=window)
        assert np.array_equal(joined(speaker.stream(text, seed=seed)), speaker.generate(text, seed=seed).data)

    def test_a_whole_is_asked_for_undivided_and_a_stream_is_not(self):
        speaker = beeping()
        speaker.generate("はい。ええ。")
        assert [call.undivided for call in speaker.voice.calls] == [True, True]
        speaker.voice.calls.clear()
        assert len(list(speaker.stream("はい。ええ。"))) > 2
        assert [call.undivided for call in speaker.voice.calls] == [False, False]

    def test_both_have_the_same_groups(self):
        speaker = beeping()
        text = "いち。に。さん。" + "ながい。" * 60
        speaker.generate(text)
        whole = [call.together for call in speaker.voice.calls]
        speaker.voice.calls.clear()
        list(speaker.stream(text))
        assert [call.together for call in speaker.voice.calls] == whole

    def test_a_stream_computes_a_window_when_it_is_asked_for(self, gated):
        stream = Speaker(gated, FRONT_END).stream(ARTICLE)
        assert gated.windows == 0
        assert next(stream).duration > 0.5
        assert gated.windows == 1
        stream.close()
        assert gated.closed.is_set()
        assert gated.windows == 1

    def test_a_stream_of_wav_begins_before_anything_is_computed(self, gated):
        stream = Speaker(gated, FRONT_END).stream_wav(ARTICLE)
        assert next(stream) == wav_header(48_000)
        assert gated.windows == 0

    def test_a_stream_of_wav_can_be_played(self, mei):
        with wave.open(io.BytesIO(b"".join(mei.stream_wav(TEXT)))) as file:
            assert (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (48_000, 2, 1)
            assert file.readframes(10_000_000) == mei.generate(TEXT).pcm_bytes()

    def test_a_stream_that_is_left_behind_is_in_nobody_s_way(self, mei):
        left = mei.stream(ARTICLE)
        next(left)
        assert mei.generate("はい。").duration > 0
        assert next(left).duration > 0

    def test_preparing_loads_the_voice_and_speaks_once(self):
        counting = CountingVoice()
        Speaker(counting, FRONT_END).prepare()
        assert counting.windows == 1


class TestLevel:
    def test_a_voice_s_own_level_is_kept(self):
        speaker = beeping()
        assert np.abs(speaker.generate("はい。").data).max() < 0.5 * 32767

    def test_the_peak_may_be_brought_to_full_scale(self):
        speaker = beeping()
        own = speaker.generate("はい。ええ。", seed=3).data
        loud = speaker.generate("はい。ええ。", seed=3, normalize="peak").data
        assert np.abs(loud).max() == 32767
        assert loud == pytest.approx(own * (32767 / np.abs(own).max()), abs=2)

    def test_silence_has_no_peak(self):
        assert beeping().generate("。", normalize="peak").data.size == 0

    @WHOLE_CALLS
    def test_another_level_is_refused(self, call):
        with pytest.raises(UsageError, match="normalize: 'loud' is not voice or peak"):
            call(beeping(), "はい。", normalize="loud")


class TestTiming:
    @pytest.mark.parametrize("call", [Speaker.generate, lambda *a, **k: asyncio.run(Speaker.agenerate(*a, **k))])
    def test_phones_come_with_a_whole_text(self, call):
        speaker = beeping()
        audio = call(speaker, "はい。ええ。", with_timing=True)
        assert [timing.phone for timing in audio.timings] == ["ハ", "イ", "エ", "ー"]
        # 7 of silence, 2 beeps of 20, a rest of 100, 7 of silence: in milliseconds, since the rate is 1000.
        assert [timing.start for timing in audio.timings] == pytest.approx([0.007, 0.027, 0.154, 0.174])
        assert {timing.duration for timing in audio.timings} == {0.02}

    def test_without_asking_there_are_none(self):
        speaker = beeping()
        assert speaker.generate("はい。").timings is None
        assert all(audio.timings is None for audio in speaker.stream("はい。"))

    @WHOLE_CALLS
    def test_a_voice_that_knows_none_is_named(self, call, monkeypatch):
        monkeypatch.setattr(BeepVoice, "timings", lambda *_: None)
        with pytest.raises(HayakoeError, match=r"^voice 'beep' does not know .* leave timing out$"):
            call(beeping(), "はい。", with_timing=True)


class TestChanges:
    @EVERY_CALL
    def test_changes_are_for_one_call(self, call):
        speaker = Speaker(BeepVoice(), FRONT_END, SynthesisParams(noise=0.1))
        changes = {"style": "Happy", "speed": 0.9, "accent": False, "seed": 5}
        call(speaker, "はい。", **changes)
        call(speaker, "はい。", seed=5)
        changed, unchanged = (one.params for one in speaker.voice.calls)
        assert changed == SynthesisParams(noise=0.1, **changes)
        assert unchanged == SynthesisParams(noise=0.1, seed=5)

    @EVERY_CALL
    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"style": "Angry"}, "voice 'beep' has no style 'Angry': it has Neutral, Happy"),
            ({"speed": 0}, "speed: 0 is not a number from 0.2 to 5"),
            ({"noise": float("nan")}, "noise: nan is not a number from 0 to 2"),
            ({"sdp_ratio": 2}, "sdp_ratio: 2 is not a number from 0 to 1"),
            ({"accent": "no"}, "accent: 'no' is not true or false"),
        ],
    )
    def test_what_cannot_be_is_refused(self, call, changes, words):
        speaker = beeping()
        with pytest.raises(UsageError) as error:
            call(speaker, "はい。", **changes)
        assert str(error.value) == words
        assert speaker.voice.calls == []

    @pytest.mark.parametrize("name", STREAMS)
    @pytest.mark.parametrize("changes", [{"style": "Angry"}, {"speed": -1}])
    def test_a_stream_refuses_when_it_is_asked_for_not_when_it_is_read(self, name, changes):
        text = () if name == "narrate" else ("はい。",)
        with pytest.raises(UsageError):
            getattr(beeping(), name)(*text, **changes)

    @EVERY_CALL
    def test_what_is_no_parameter_is_refused(self, call):
        with pytest.raises(TypeError, match="volume"):
            call(beeping(), "はい。", volume=2)

    @EVERY_CALL
    def test_a_seed_gives_the_same_sound_and_an_open_one_another(self, call):
        speaker = beeping()
        first, second = (call(speaker, "はい。ええ。", seed=8) for _ in range(2))
        assert np.array_equal(first, second)
        first, second = (call(speaker, "はい。ええ。") for _ in range(2))
        assert not np.array_equal(first, second)


class TestBesideAnEventLoop:
    async def test_the_loop_runs_while_a_window_is_computed(self, gated):
        speaker = Speaker(gated, FRONT_END)
        task = asyncio.create_task(speaker.agenerate(ARTICLE))
        await eventually(gated.waiting.is_set, "a window is being computed")
        gated.gate.set()
        assert (await task).duration > 5

    async def test_windows_come_one_by_one(self, gated):
        async with aclosing(Speaker(gated, FRONT_END).astream(ARTICLE)) as stream:
            first = await anext(stream)
            assert isinstance(first, Audio)
            assert gated.windows == 1
        await eventually(gated.closed.is_set, "closed")

    @pytest.mark.parametrize("name", ["agenerate", "astream", "astream_wav"])
    async def test_it_can_be_cancelled_while_a_window_is_computed(self, gated, mei, name):
        async def consume():
            spoken = getattr(Speaker(gated, FRONT_END), name)(ARTICLE * 20)
            return await (spoken if name == "agenerate" else gathered(spoken))

        task = asyncio.create_task(consume())
        await eventually(gated.waiting.is_set, "a window is being computed")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        # Nothing is held: neither others nor this voice have to wait for what is still being computed.
        assert (await mei.agenerate("はい。")).duration > 0
        assert not gated.closed.is_set()
        gated.gate.set()
        await eventually(gated.closed.is_set, "closed behind its window")
        assert gated.windows == 2
        assert (await Speaker(gated, FRONT_END).agenerate("はい。")).duration > 0

    async def test_more_callers_than_threads_are_all_served(self, mei):
        expected = mei.generate("はい。").data
        spoken = await asyncio.gather(*(mei.agenerate("はい。") for _ in range(12)))
        assert all(np.array_equal(audio.data, expected) for audio in spoken)

    async def test_a_forgotten_stream_is_in_nobody_s_way(self, mei):
        left = [mei.astream(ARTICLE) for _ in range(12)]
        for stream in left:
            await anext(stream)
        assert (await asyncio.wait_for(mei.agenerate("はい。"), 30)).duration > 0

    async def test_an_error_reaches_who_asked(self):
        class Broken(BeepVoice):
            def speak(self, utterance, params, delivery=WINDOWS):
                raise HayakoeError("model.onnx: is broken")

        speaker = Speaker(Broken(), FRONT_END)
        for spoken in (speaker.agenerate("はい。"), gathered(speaker.astream("はい。"))):
            with pytest.raises(HayakoeError, match="is broken"):
                await spoken

    def test_loops_and_threads_share_one_speaker(self, mei):
        expected = mei.generate(TEXT).data

        async def beside_a_loop():
            audio, *_ = await asyncio.gather(mei.agenerate(TEXT), gathered(mei.astream(TEXT)))
            return audio.data

        def work():
            return mei.generate(TEXT).data, asyncio.run(beside_a_loop()), joined(islice(mei.stream(TEXT), 99))

        for spoken in in_threads(work, 4):
            assert all(np.array_equal(data, expected) for data in spoken)
