"""Models of listeners: PESQ of one sound beside another, and DNSMOS of one alone. They need the peer's environment."""

from functools import cache

import numpy as np
import numpy.typing as npt
import onnxruntime
import soxr

from script.trained.packages import folder_of

_RATE = 16_000
_SECONDS = 9.01
# Of the package's dnsmos.py: opinion = c₂·raw² + c₁·raw + c₀, for the overall opinion.
_OVERALL = (-0.06766283, 1.11546468, 0.04602535)

Sound = npt.NDArray[np.floating]
"""Samples between -1 and 1 [N]."""


def pesq(reference: Sound, other: Sound, rate: int) -> float:
    """Return the wide-band opinion of ``other``, 1.0 to 4.64, by ITU-R P.862.2; both at ``rate`` samples per second.

    Raises:
        pesq.PesqError: a quarter of a second or less, or no speech.
    """
    from pesq import pesq as measure

    return float(measure(_RATE, _resampled(reference, rate), _resampled(other, rate), "wb"))


def dnsmos(sound: Sound, rate: int) -> float:
    """Return the overall opinion of DNSMOS P.835, about 1 to 4.5, of ``sound`` at ``rate`` samples per second.

    A shorter one is repeated to 9.01 s; of a longer one, the mean of its windows, which begin at each whole second.
    Source: Reddy et al. 2022, "DNSMOS P.835", in the way of the package speechmos.
    """
    samples = np.clip(_resampled(sound, rate), -1.0, 1.0)
    length = int(_SECONDS * _RATE)
    samples = np.tile(samples, -(-length // len(samples)))[: max(length, len(samples))]
    windows = np.lib.stride_tricks.sliding_window_view(samples, length)[::_RATE]
    raw = [_model().run(None, {"input_1": window[None]})[0][0, 2] for window in windows]
    return float(np.mean(np.polyval(_OVERALL, raw)))


@cache
def _model() -> onnxruntime.InferenceSession:
    path = folder_of("speechmos") / "dnsmos_models" / "sig_bak_ovr.onnx"
    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])


def _resampled(sound: Sound, rate: int) -> npt.NDArray[np.float32]:
    samples: npt.NDArray[np.float32] = soxr.resample(np.asarray(sound, dtype=np.float32), rate, _RATE)
    return samples
