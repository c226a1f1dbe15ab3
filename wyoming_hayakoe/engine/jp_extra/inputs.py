"""The inputs of a synthesizer graph, and how they are made of an utterance."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wyoming_hayakoe.engine.jp_extra.bert import Bert, expand
from wyoming_hayakoe.engine.jp_extra.config import StyleVectors, VoiceConfig, style_vector
from wyoming_hayakoe.engine.jp_extra.parts import counts_with_blanks, with_blanks
from wyoming_hayakoe.engine.runtime.session import Feeds
from wyoming_hayakoe.errors import HayakoeError, some_of
from wyoming_hayakoe.symbols import SYMBOLS, language_ids, phone_ids, tone_ids
from wyoming_hayakoe.utterance import SynthesisParams, Utterance


@dataclass(frozen=True, slots=True)
class Inputs:
    """One sentence as a network takes it: T phones, blanks included."""

    phones: npt.NDArray[np.int64]
    """Symbol ids [T]."""

    tones: npt.NDArray[np.int64]
    """Tone ids [T]."""

    languages: npt.NDArray[np.int64]
    """Language ids [T]."""

    bert: npt.NDArray[np.float32]
    """Features of the character behind each phone [1024, T]."""

    style: npt.NDArray[np.float32]
    """Style vector [256]."""

    speaker_id: int
    """Row of the speaker embedding."""

    @property
    def phone_count(self) -> int:
        """The number of phones T."""
        return len(self.phones)

    def feeds(self, params: SynthesisParams) -> Feeds:
        """Return the values by every name that exporters give to the inputs."""
        scalars = {
            "noise_scale": params.noise,
            "length_scale": params.speed,
            "noise_scale_w": params.noise_w,
            "sdp_ratio": params.sdp_ratio,
        }
        count = np.array([len(self.phones)], dtype=np.int64)
        return {
            "x": self.phones[None],
            "x_tst": self.phones[None],
            "x_lengths": count,
            "x_tst_lengths": count,
            "sid": np.array([self.speaker_id], dtype=np.int64),
            "tone": self.tones[None],
            "tones": self.tones[None],
            "language": self.languages[None],
            "languages": self.languages[None],
            "bert": self.bert[None],
            "style_vec": self.style[None],
            **{name: np.array([value], dtype=np.float32) for name, value in scalars.items()},
        }


LONGEST = 601
"""Phones of the longest sentence that is spoken in one piece at speed 1, blanks included."""


def random_inputs(length: int) -> Inputs:
    """Return a sentence of ``length`` phones, the same in each run, for a network that nobody listens to."""
    random = np.random.default_rng(length)
    return Inputs(
        phones=random.integers(1, len(SYMBOLS), length),
        tones=np.array(tone_ids(random.integers(0, 2, length).tolist())),
        languages=np.array(language_ids(length)),
        bert=random.standard_normal((1024, length), dtype=np.float32),
        style=random.standard_normal(256, dtype=np.float32),
        speaker_id=0,
    )


@dataclass(frozen=True, slots=True)
class InputMaker:
    """Maker of one voice's inputs."""

    voice: str
    """The name that errors give the voice."""

    config: VoiceConfig
    style_vectors: StyleVectors
    bert: Bert

    def inputs(self, utterance: Utterance, params: SynthesisParams, together: Sequence[Utterance] = ()) -> Inputs:
        """Return an utterance's inputs; the BERT reads all of ``together``, or the utterance alone, in one call.

        Raises:
            HayakoeError: the voice has no such style or speaker, or the BERT cannot be loaded.
        """
        texts = tuple(each.bert_text for each in together) or (utterance.bert_text,)
        features = self.bert.features(texts)[texts.index(utterance.bert_text)]
        phones, tones = phone_ids(utterance.phones), tone_ids(utterance.tones)
        languages, counts = language_ids(len(phones)), utterance.word2ph
        if self.config.add_blank:
            phones, tones, languages = with_blanks(phones), with_blanks(tones), with_blanks(languages)
            counts = tuple(counts_with_blanks(counts))
        return Inputs(
            phones=np.array(phones, dtype=np.int64),
            tones=np.array(tones, dtype=np.int64),
            languages=np.array(languages, dtype=np.int64),
            bert=expand(features, counts),
            style=style_vector(self.style_vectors, self._style_row(params.style), params.style_weight),
            speaker_id=self._speaker_id(params.speaker_id),
        )

    def _style_row(self, style: str | None) -> int:
        styles = list(self.config.styles)
        style = style or styles[0]
        if style not in self.config.styles:
            raise HayakoeError(f"voice {self.voice!r} has no style {style!r}: it has {some_of(styles)}")
        return self.config.styles[style]

    def _speaker_id(self, speaker_id: int) -> int:
        known = sorted(self.config.speakers.values())
        if speaker_id not in known:
            raise HayakoeError(f"voice {self.voice!r} has no speaker {speaker_id}: it has {some_of(known)}")
        return speaker_id
