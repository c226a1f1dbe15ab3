"""Sentences of random phones, for voices whose weights are random too."""

import numpy as np

from wyoming_hayakoe.engine.jp_extra.inputs import Inputs


def sentence(count: int = 20, seed: int = 0) -> Inputs:
    """Return what a network takes for ``count`` phones, with blanks around each."""
    random = np.random.default_rng(seed)
    phones = random.integers(1, 110, 2 * count + 1)
    phones[::2] = 0
    return Inputs(
        phones=phones,
        tones=random.integers(6, 8, len(phones)),
        languages=np.ones(len(phones), dtype=np.int64),
        bert=random.standard_normal((1024, len(phones)), dtype=np.float32),
        style=random.standard_normal(256, dtype=np.float32),
        speaker_id=0,
    )
