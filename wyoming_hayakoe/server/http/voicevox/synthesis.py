"""An AudioQuery as sound."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np
from starlette.requests import Request

from wyoming_hayakoe.audio import SAMPLE_WIDTH, wav_header
from wyoming_hayakoe.narration import ReadSentence
from wyoming_hayakoe.server.context import Context
from wyoming_hayakoe.server.http.fields import FieldError, Fields
from wyoming_hayakoe.server.http.speech import speak
from wyoming_hayakoe.server.http.voicevox.framing import Framing
from wyoming_hayakoe.server.http.voicevox.phrases import SpokenPhrase, phrases_of, sentences_of, without_question
from wyoming_hayakoe.server.http.voicevox.told import Memory
from wyoming_hayakoe.speaker import Speaker
from wyoming_hayakoe.text import accent_phrases
from wyoming_hayakoe.text.mora_prosody import wanted_of
from wyoming_hayakoe.utterance import SynthesisParams, Utterance, in_range

_MOST_SECONDS = 10.0
_MOST_SCALE = 100.0
_OCTAVES = 4.0
_SPEEDS = 0.2, 5.0
_RATES = 8_000, 192_000
# AivisSpeech's scale of the tempo, and the shares of the stochastic durations that it stands for.
_TEMPO = (0.0, 1.0, 2.0)
_SHARES = (0.0, 0.2, 1.0)


@dataclass(frozen=True, slots=True)
class AudioQuery:
    """What a client wants to hear; every value is within its range.

    Programs have sliders of their own: beyond what a voice can do, it does what it can.
    """

    phrases: Sequence[SpokenPhrase]
    speed: float
    """Rate: 2 is twice as fast."""
    pitch: float
    """Octaves."""
    intonation: float
    volume: float
    tempo_dynamics: float | None
    lead: float
    tail: float
    """Seconds of silence before and behind, at a speed of 1."""
    pause: float | None
    """Seconds of every rest inside; None is what the phrases say."""
    pause_scale: float
    rate: int
    channels: int

    @classmethod
    def of(cls, fields: Fields) -> "AudioQuery":
        """Return the query that a client sent.

        Raises:
            FieldError: a value is missing or wrong.
        """
        pause = fields.clamped("pauseLength", -1.0, _MOST_SECONDS, None)
        return cls(
            phrases_of(fields),
            speed=fields.clamped("speedScale", *_SPEEDS),
            pitch=fields.clamped("pitchScale", -_OCTAVES, _OCTAVES),
            intonation=fields.clamped("intonationScale", 0.0, _MOST_SCALE),
            volume=fields.clamped("volumeScale", 0.0, _MOST_SCALE),
            tempo_dynamics=fields.clamped("tempoDynamicsScale", 0.0, _MOST_SCALE, None),
            lead=fields.clamped("prePhonemeLength", 0.0, _MOST_SECONDS),
            tail=fields.clamped("postPhonemeLength", 0.0, _MOST_SECONDS),
            # AivisSpeech's clients send -1 for what VOICEVOX's leave out.
            pause=None if pause is None or pause < 0.0 else pause,
            pause_scale=fields.clamped("pauseLengthScale", 0.0, _MOST_SCALE, 1.0),
            rate=fields.whole("outputSamplingRate", *_RATES),
            channels=2 if fields.flag("outputStereo") else 1,
        )

    def params(self, own: SynthesisParams) -> SynthesisParams:
        """Return a speaker's own parameters with the scales of the query."""
        scaled = replace(
            own,
            speed=in_range("speed", own.speed / self.speed),
            pitch_scale=in_range("pitch_scale", own.pitch_scale * 2.0**self.pitch),
            intonation_scale=in_range("intonation_scale", own.intonation_scale * self.intonation),
            volume=in_range("volume", own.volume * self.volume),
            lead_silence=0.0,
            sentence_silence=0.0,
        )
        if self.tempo_dynamics is None or self.tempo_dynamics == 1.0:
            return scaled
        return replace(scaled, sdp_ratio=float(np.interp(self.tempo_dynamics, _TEMPO, _SHARES)))

    def rest(self, spoken: SpokenPhrase) -> float | None:
        """Return the seconds of the rest at the mark of a phrase, at a speed of 1; None leaves it to the voice."""
        seconds = spoken.rest if self.pause is None else self.pause
        return None if seconds is None else seconds * self.pause_scale


def sentences_to_speak(
    query: AudioQuery, memory: Memory, style: int, *, own_speed: float = 1.0, upspeak: bool = True
) -> list[ReadSentence]:
    """Return the sentences of a query, read as its phrases say.

    Args:
        query: the query.
        memory: what was told lately.
        style: the number of the style that speaks.
        own_speed: the length scale that the style has itself.
        upspeak: whether questions rise.

    Raises:
        FieldError: the phrases cannot be spoken.
    """
    read: list[ReadSentence] = []
    rest: float | None = None
    for sentence in sentences_of(query.phrases):
        recalled = memory.recalled(style, sentence)
        if not upspeak:
            recalled = [without_question(spoken) for spoken in recalled]
        try:
            utterance = accent_phrases.utterance([spoken.phrase for spoken in recalled])
        except ValueError as error:
            raise FieldError(("accent_phrases",), str(error)) from None
        rests = [query.rest(spoken) for spoken in recalled if spoken.phrase.mark]
        read.append(ReadSentence(_wanted(utterance, recalled, rests), rest))
        # Behind the last phrase is the rest before the next sentence, of which its own end is a part.
        last = query.rest(recalled[-1])
        rest = None if last is None else last * own_speed / query.speed
    return read


def _wanted(utterance: Utterance, spoken: Sequence[SpokenPhrase], rests: Sequence[float | None]) -> Utterance:
    morae = list(chain.from_iterable(each.morae for each in spoken))
    return replace(utterance, wanted=wanted_of(utterance, morae, rests))


async def sound_of(
    context: Context, request: Request, speaker: Speaker, query: AudioQuery, sentences: Sequence[ReadSentence]
) -> AsyncGenerator[bytes, None]:
    """Return the PCM of a query, once its first window is there.

    Raises:
        RequestError: ``busy``, or ``synthesis-failed``.
    """
    speaking = replace(speaker, params=query.params(speaker.params))
    characters = sum(len(sentence.utterance.text) for sentence in sentences)
    spoken = await speak(context, request, speaking, sentences, rate=query.rate, characters=characters)
    return _framed(query, spoken.pcm)


async def _framed(query: AudioQuery, pcm: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """Yield PCM with the silences that the query wants at both ends, in as many channels."""
    framing = Framing(query.rate, lead=query.lead / query.speed, tail=query.tail / query.speed, volume=query.volume)
    async with aclosing(pcm):
        async for window in pcm:
            if framed := framing.feed(window):
                yield _in_channels(framed, query.channels)
        yield _in_channels(framing.finish(), query.channels)


def _in_channels(pcm: bytes, channels: int) -> bytes:
    return pcm if channels == 1 else np.repeat(np.frombuffer(pcm, dtype="<i2"), channels).tobytes()


def header_of(query: AudioQuery, size: int | None) -> bytes:
    """Return the WAV header for ``size`` bytes of PCM; None is not known yet."""
    samples = None if size is None else size // (SAMPLE_WIDTH * query.channels)
    return wav_header(query.rate, query.channels, samples)
