"""Speaker: text in, audio out; one voice with its parameters."""

from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, fields, replace
from typing import Literal, Unpack, get_args

import numpy as np

from wyoming_hayakoe.audio import Audio, amplified, quantize, to_peak, wav_header
from wyoming_hayakoe.errors import UsageError, check_choice, check_names, check_text, some_of
from wyoming_hayakoe.lane import Lane
from wyoming_hayakoe.narration import Narration
from wyoming_hayakoe.text.frontend import FrontEnd
from wyoming_hayakoe.utterance import ParamChanges, SynthesisParams
from wyoming_hayakoe.voice import WINDOWS, Delivery, Voice, Waveform

Level = Literal["voice", "peak"]
"""The level: the voice's own, the same in every text; or, as in HayaKoe, the peak of the text at full scale."""

_PARAMS = tuple(field.name for field in fields(SynthesisParams))

# A voice computes one window on all cores; a second window beside it uses what the first leaves idle.
_LANE = Lane(2)


@dataclass(frozen=True, slots=True)
class Speaker:
    """A voice, its front end and its parameters. Safe to use from several threads and event loops.

    Every call takes changes: fields of :class:`SynthesisParams` that replace those of ``params``. It raises UsageError
    where one is unknown or out of its range, or the voice lacks the style; streams raise it before their first window.
    Without a seed, one is sampled for each call.
    """

    voice: Voice
    front_end: FrontEnd
    params: SynthesisParams = field(default_factory=SynthesisParams)

    @property
    def name(self) -> str:
        """The voice's name."""
        return self.voice.name

    @property
    def styles(self) -> Sequence[str]:
        """Ways of speaking; the first is the default."""
        return self.voice.styles

    @property
    def sample_rate(self) -> int:
        """Samples per second of its audio."""
        return self.voice.sample_rate

    def prepare(self) -> None:
        """Load what the first sentence would otherwise wait for."""
        self.voice.prepare()
        for _ in self.stream("準備"):
            pass

    def generate(
        self, text: str, *, with_timing: bool = False, normalize: Level = "voice", **changes: Unpack[ParamChanges]
    ) -> Audio:
        """Return a text as audio.

        Args:
            text: the text.
            with_timing: whether the audio has the times of its phones.
            normalize: the level.
            **changes: parameters of the synthesis.

        Raises:
            UsageError: a change is out of its range, or the voice lacks the style.
            HayakoeError: the voice cannot speak, or has no timings and they were requested.
        """
        narration = self._narrate_whole(text, normalize, with_timing=with_timing, changes=changes)
        return self._whole(list(narration.speak_text(text)), normalize, narration)

    async def agenerate(
        self, text: str, *, with_timing: bool = False, normalize: Level = "voice", **changes: Unpack[ParamChanges]
    ) -> Audio:
        """Return what :meth:`generate` does, without blocking the event loop; cancelling ends it after its sentence."""
        narration = self._narrate_whole(text, normalize, with_timing=with_timing, changes=changes)
        async with aclosing(_LANE.iterate(narration.speak_text(text))) as windows:
            spoken = [window async for window in windows]
        return await _LANE.run(lambda: self._whole(spoken, normalize, narration))

    def stream(self, text: str, **changes: Unpack[ParamChanges]) -> Generator[Audio, None, None]:
        """Yield a text as audio, window by window, each computed when it is needed; closing it cancels the rest.

        Together the windows are what :meth:`generate` returns for the same seed.

        Raises:
            UsageError: a change is out of its range, or the voice lacks the style.
            HayakoeError: the voice cannot speak.
        """
        check_text("text", text)
        windows = self.narrate(**changes).speak_text(text)
        return (Audio(self.sample_rate, quantize(window)) for window in windows)

    def astream(self, text: str, **changes: Unpack[ParamChanges]) -> AsyncGenerator[Audio, None]:
        """Yield what :meth:`stream` does, without blocking the event loop; cancelling ends it after its window."""
        return _LANE.iterate(self.stream(text, **changes))

    def stream_wav(self, text: str, **changes: Unpack[ParamChanges]) -> Generator[bytes, None, None]:
        """Yield what :meth:`stream` does as one WAV stream: a header of unknown length, then PCM."""
        return _as_wav(self.sample_rate, self.stream(text, **changes))

    def astream_wav(self, text: str, **changes: Unpack[ParamChanges]) -> AsyncGenerator[bytes, None]:
        """Yield what :meth:`stream_wav` does, without blocking the event loop; cancelling ends it after its window."""
        return _LANE.iterate(self.stream_wav(text, **changes))

    def narrate(
        self, *, delivery: Delivery = WINDOWS, with_timing: bool = False, **changes: Unpack[ParamChanges]
    ) -> Narration:
        """Return a narration for one listener: sentence by sentence or a whole text, in windows of floats.

        Raises:
            UsageError: a change is out of its range, or the voice lacks the style.
        """
        check_names(changes, _PARAMS)
        params = replace(self.params, **changes)
        check_style(self.voice, params.style)
        return Narration(self.voice, self.front_end, params, delivery=delivery, with_timing=with_timing)

    def _narrate_whole(self, text: str, normalize: Level, *, with_timing: bool, changes: ParamChanges) -> Narration:
        check_text("text", text)
        check_choice("normalize", normalize, get_args(Level))
        delivery = Delivery(undivided=True, raw=normalize == "peak")
        return self.narrate(delivery=delivery, with_timing=with_timing, **changes)

    def _whole(self, windows: Sequence[Waveform], normalize: Level, narration: Narration) -> Audio:
        samples = _joined(windows)
        if normalize == "peak":
            samples = _joined(list(amplified([to_peak(samples)], narration.volume, self.sample_rate)))
        return Audio(self.sample_rate, quantize(samples), narration.timings)


def _joined(windows: Sequence[Waveform]) -> Waveform:
    return np.concatenate([np.zeros(0, dtype=np.float32), *windows])


def check_style(voice: Voice, style: str | None) -> None:
    """Raise UsageError if ``voice`` does not have ``style``."""
    if style is not None and style not in voice.styles:
        raise UsageError(f"voice {voice.name!r} has no style {style!r}: it has {some_of(voice.styles)}")


def _as_wav(sample_rate: int, windows: Generator[Audio, None, None]) -> Generator[bytes, None, None]:
    yield wav_header(sample_rate)
    for audio in windows:
        yield audio.pcm_bytes()
