"""Mel spectra as HiFi-GAN takes them.

Sources: Kong et al. 2020, "HiFi-GAN", and its published configuration; the scale is that of Slaney 1998, "Auditory
Toolbox", as librosa builds it.
"""

import numpy as np
import numpy.typing as npt

SAMPLE_RATE = 22_050
HOP = 256
BANDS = 80
SILENCE = float(np.log(1e-5))
"""Least value of a mel spectrum."""

_SIZE = 1024
_HIGHEST_HERTZ = 8000.0

Mel = npt.NDArray[np.float32]
"""Natural logarithms of the amplitude in bands [80, frames]."""


def mel_spectrum(sound: npt.NDArray[np.floating]) -> Mel:
    """Return the generator's input for sound at 22,050 Hz: one frame for each whole hop."""
    margin = (_SIZE - HOP) // 2
    padded = np.pad(np.asarray(sound, dtype=np.float64), margin, mode="reflect")
    blocks = np.lib.stride_tricks.sliding_window_view(padded, _SIZE)[::HOP]
    # The periodic Hann window, as PyTorch's is.
    amplitude = np.abs(np.fft.rfft(blocks * np.hanning(_SIZE + 1)[:-1]))
    filters = slaney_filters(BANDS, rate=SAMPLE_RATE, size=_SIZE, highest=_HIGHEST_HERTZ)
    bands = np.log(np.maximum(amplitude @ filters.T, np.exp(SILENCE)))
    return np.ascontiguousarray(bands.T, dtype=np.float32)


def slaney_filters(count: int, *, rate: int, size: int, highest: float) -> npt.NDArray[np.float64]:
    """Return Slaney's mel filters [count, bins]: triangles of equal area on a scale that is linear up to 1 kHz.

    Args:
        count: of filters.
        rate: samples per second.
        size: samples of a Fourier transform.
        highest: upper end of the last filter, in hertz; the first begins at 0.
    """
    knee, per_mel, step = 1000.0, 200.0 / 3, np.log(6.4) / 27
    highest_mel = knee / per_mel + np.log(highest / knee) / step
    mels = np.linspace(0.0, highest_mel, count + 2)
    edges = np.where(mels < knee / per_mel, per_mel * mels, knee * np.exp(step * (mels - knee / per_mel)))
    hertz = np.fft.rfftfreq(size, 1 / rate)
    low, middle, high = (edges[start : start + count, None] for start in range(3))
    rising, falling = (hertz - low) / (middle - low), (high - hertz) / (high - middle)
    filters: npt.NDArray[np.float64] = np.maximum(0.0, np.minimum(rising, falling)) * 2 / (high - low)
    return filters
