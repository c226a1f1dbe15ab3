"""Loudness as others measure it."""

import numpy as np
import pyloudnorm

from wyoming_hayakoe.speaker import Speaker

SENTENCES = ("洗濯が終わりました。", "リビングの照明を消しますか？", "今日の天気は晴れ、最高気温は二十五度です。")
"""Sentences as a smart home speaks them; no voice's level is measured by them."""


def lufs(speaker: Speaker) -> float:
    """Return the integrated loudness of :data:`SENTENCES` by pyloudnorm (ITU-R BS.1770-4)."""
    spoken = np.concatenate([speaker.generate(sentence, seed=1).data for sentence in SENTENCES]) / 32768
    return float(pyloudnorm.Meter(speaker.sample_rate).integrated_loudness(spoken))
