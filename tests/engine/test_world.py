"""Pitch and intonation of finished speech."""

import numpy as np
import pytest
import pyworld

from wyoming_hayakoe.engine.world import bend

RATE = 16_000


def voice_like(seconds=1.0):
    """Return a buzz whose pitch glides from 120 to 180 Hz."""
    times = np.arange(int(RATE * seconds)) / RATE
    phase = 2 * np.pi * np.cumsum(120 + 60 * times / seconds) / RATE
    return (0.1 * sum(np.sin(k * phase) / k for k in range(1, 20))).astype(np.float32)


def pitches(samples):
    pitch, _ = pyworld.harvest(samples.astype(np.float64), RATE)
    return pitch[pitch > 0]


@pytest.mark.parametrize("scale", [0.8, 1.2])
def test_the_mean_pitch_is_scaled(scale):
    samples = voice_like()
    assert pitches(bend(samples, RATE, scale, 1.0)).mean() == pytest.approx(scale * pitches(samples).mean(), rel=0.03)


def test_the_intonation_is_scaled_around_the_mean():
    samples = voice_like()
    flat, lively = (pitches(bend(samples, RATE, 1.0, scale)) for scale in (0.0, 1.5))
    assert flat.std() < 0.2 * pitches(samples).std()
    assert lively.std() > 1.2 * pitches(samples).std()


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(RATE, dtype=np.float32),
        np.zeros(0, dtype=np.float32),
        voice_like()[:100],
        np.random.default_rng(0).standard_normal(RATE).astype(np.float32) * 0.01,
        voice_like(0.3) * 20,
    ],
    ids=["silence", "nothing", "short", "noise", "loud"],
)
def test_whatever_comes_stays_as_long_and_finite(samples):
    bent = bend(samples, RATE, 1.3, 0.5)
    assert len(bent) == len(samples)
    assert bent.dtype == np.float32
    assert np.isfinite(bent).all()
