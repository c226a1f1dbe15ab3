"""Changes pitch and intonation of finished speech with the vocoder WORLD."""

import numpy as np

from wyoming_hayakoe.voice import Waveform

# WORLD's frames are 5 ms apart; it needs a few of them to find a pitch.
_SHORTEST_SECONDS = 0.05
_LOWEST_PITCH = 40.0


def bend(samples: Waveform, sample_rate: int, pitch_scale: float, intonation_scale: float) -> Waveform:
    """Return ``samples`` with another pitch: mean · pitch_scale, and deviations from it · intonation_scale.

    The formula is HayaKoe's. What has no voiced part stays as it is, and so does the length.
    """
    import pyworld  # only few voices are bent

    if len(samples) < _SHORTEST_SECONDS * sample_rate:
        return samples
    wave = samples.astype(np.float64)
    pitch, times = pyworld.harvest(wave, sample_rate)
    voiced = pitch > 0
    if not voiced.any():
        return samples
    envelope = pyworld.cheaptrick(wave, pitch, times, sample_rate)
    aperiodicity = pyworld.d4c(wave, pitch, times, sample_rate)
    mean = pitch[voiced].mean()
    bent = np.maximum(pitch_scale * mean + intonation_scale * (pitch - mean), _LOWEST_PITCH)
    synthesized = pyworld.synthesize(np.where(voiced, bent, 0.0), envelope, aperiodicity, sample_rate)
    result = np.zeros(len(samples), dtype=np.float32)
    result[: len(synthesized)] = np.nan_to_num(synthesized[: len(samples)])
    return np.clip(result, -1.0, 1.0)
