"""Inverted flow: from the prior's latent to the decoder's, by coupling layers.

Sources: Kim et al. 2021, VITS (coupling layers of gated convolutions, after Prenger et al. 2018, "WaveGlow"); Kong et
al. 2023, "VITS2" (attention in place of them).
"""

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from wyoming_hayakoe.engine.pytorch.network.attention import AttentionEncoder
from wyoming_hayakoe.engine.pytorch.network.parameters import NetworkParameters

_KERNEL_SIZE = 5
_CONVOLUTIONAL_COUPLINGS = 4


class Flow(nn.Module):
    """Coupling layers with the channels' order reversed between them."""

    def __init__(self, parameters: NetworkParameters) -> None:
        super().__init__()
        attends = parameters.use_transformer_flow
        couplings = parameters.n_flow_layer if attends else _CONVOLUTIONAL_COUPLINGS
        # The reversals between them count in their numbers: 0, 2, 4 …
        self.flows = nn.ModuleDict({str(2 * index): Coupling(parameters) for index in range(couplings)})

    def forward(self, z: Tensor, mask: Tensor, speaker: Tensor) -> Tensor:
        """Return the decoder's latent for the prior's, both [batch, inter channels, frames]."""
        for coupling in reversed(self.flows.values()):
            z = coupling(z.flip(1), mask, speaker)
        return z


class Coupling(nn.Module):
    """Inverse coupling layer: subtracts from one half of the channels the mean predicted from the other half."""

    def __init__(self, parameters: NetworkParameters) -> None:
        super().__init__()
        half, hidden = parameters.inter_channels // 2, parameters.hidden_channels
        self.pre = nn.Conv1d(half, hidden, 1)
        self.enc = _attention(parameters) if parameters.use_transformer_flow else GatedConvolutions(parameters)
        self.post = nn.Conv1d(hidden, half, 1)

    def forward(self, z: Tensor, mask: Tensor, speaker: Tensor) -> Tensor:
        """Return [batch, inter channels, frames] for such a ``z``."""
        given, changed = z.chunk(2, dim=1)
        shift = self.post(self.enc(self.pre(given) * mask, mask, speaker)) * mask
        return torch.cat([given, (changed - shift) * mask], dim=1)


def _attention(parameters: NetworkParameters) -> AttentionEncoder:
    return AttentionEncoder(
        parameters.hidden_channels,
        parameters.filter_channels,
        parameters.n_heads,
        parameters.n_layers_trans_flow,
        _KERNEL_SIZE,
        parameters.gin_channels,
    )


class GatedConvolutions(nn.Module):
    """WaveNet's layers: a gated convolution, then a residual and a skip connection; the last has the skip alone."""

    def __init__(self, parameters: NetworkParameters) -> None:
        super().__init__()
        layers, channels = parameters.n_flow_layer, parameters.hidden_channels
        self.cond_layer = weight_norm(nn.Conv1d(parameters.gin_channels, 2 * channels * layers, 1))
        self.in_layers = nn.ModuleList(
            weight_norm(nn.Conv1d(channels, 2 * channels, _KERNEL_SIZE, padding=_KERNEL_SIZE // 2))
            for _ in range(layers)
        )
        self.res_skip_layers = nn.ModuleList(
            weight_norm(nn.Conv1d(channels, channels if last else 2 * channels, 1))
            for last in [False] * (layers - 1) + [True]
        )

    def forward(self, x: Tensor, mask: Tensor, speaker: Tensor) -> Tensor:
        """Return [batch, hidden channels, frames] for such an ``x``."""
        channels = x.shape[1]
        conditions = self.cond_layer(speaker).chunk(len(self.in_layers), dim=1)
        skipped = torch.zeros_like(x)
        for convolve, merge, condition in zip(self.in_layers, self.res_skip_layers, conditions, strict=True):
            signal, gate = (convolve(x) + condition).chunk(2, dim=1)
            merged = merge(torch.tanh(signal) * torch.sigmoid(gate))
            skipped = skipped + merged[:, -channels:]
            if merged.shape[1] > channels:
                x = (x + merged[:, :channels]) * mask
        return skipped * mask
