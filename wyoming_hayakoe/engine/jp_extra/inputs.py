"""What a synthesizer graph takes."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wyoming_hayakoe.engine.runtime.session import Feeds
from wyoming_hayakoe.utterance import SynthesisParams


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

    def feeds(self, params: SynthesisParams) -> Feeds:
        """Return what a synthesizer graph takes, by every name that exporters give it."""
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
