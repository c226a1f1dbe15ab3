"""Duration of each phone: a deterministic predictor, and a stochastic one that samples from a flow.

Sources: Kim et al. 2021, "Conditional Variational Autoencoder with Adversarial Learning for End-to-End Text-to-Speech"
(VITS), sections 2.2.2 and appendix A; Durkan et al. 2019, "Neural Spline Flows".
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from wyoming_hayakoe.engine.pytorch.network.attention import ChannelNorm
from wyoming_hayakoe.engine.pytorch.network.parameters import NetworkParameters
from wyoming_hayakoe.engine.pytorch.network.spline import inverse_spline

_KERNEL_SIZE = 3
_DILATED_LAYERS = 3
_BINS = 10
_BOUND = 5.0
# A network's flows are numbered with the channel flips between them; training alone uses the first spline.
_AFFINE = "0"
_SPLINES = ("3", "5", "7")


class DeterministicDurationPredictor(nn.Module):
    """Deterministic predictor of the logarithm of each phone's frames."""

    def __init__(self, parameters: NetworkParameters) -> None:
        super().__init__()
        channels, inner = parameters.hidden_channels, parameters.duration_channels
        self.cond = nn.Conv1d(parameters.gin_channels, channels, 1)
        self.conv_1 = nn.Conv1d(channels, inner, _KERNEL_SIZE, padding=_KERNEL_SIZE // 2)
        self.norm_1 = ChannelNorm(inner)
        self.conv_2 = nn.Conv1d(inner, inner, _KERNEL_SIZE, padding=_KERNEL_SIZE // 2)
        self.norm_2 = ChannelNorm(inner)
        self.proj = nn.Conv1d(inner, 1, 1)

    def forward(self, hidden: Tensor, mask: Tensor, speaker: Tensor) -> Tensor:
        """Return [batch, 1, time]."""
        return self.proj(self.features(hidden, mask, speaker)) * mask

    def features(self, hidden: Tensor, mask: Tensor, speaker: Tensor) -> Tensor:
        """Return the input of the last, linear layer: [batch, duration channels, time]."""
        x = hidden + self.cond(speaker)
        x = self.norm_1(torch.relu(self.conv_1(x * mask)))
        return self.norm_2(torch.relu(self.conv_2(x * mask))) * mask


class StochasticDurationPredictor(nn.Module):
    """Stochastic predictor of the logarithm of each phone's frames: an inverted flow of noise, given the phones."""

    def __init__(self, parameters: NetworkParameters) -> None:
        super().__init__()
        channels = parameters.hidden_channels
        self.pre = nn.Conv1d(channels, channels, 1)
        self.cond = nn.Conv1d(parameters.gin_channels, channels, 1)
        self.convs = DilatedConvolutions(channels)
        self.proj = nn.Conv1d(channels, channels, 1)
        self.flows = nn.ModuleDict({_AFFINE: Affine(2)} | {name: SplineCoupling(channels) for name in _SPLINES})

    def forward(self, hidden: Tensor, mask: Tensor, speaker: Tensor, noise: Tensor) -> Tensor:
        """Return [batch, 1, time] for noise [batch, 2, time]."""
        context = self.proj(self.convs(self.pre(hidden) + self.cond(speaker), mask)) * mask
        z = noise
        for name in reversed(_SPLINES):
            z = self.flows[name](z.flip(1), mask, context)
        return self.flows[_AFFINE](z.flip(1), mask)[:, :1]


class DilatedConvolutions(nn.Module):
    """Residual layers, each of a dilated depthwise convolution and a pointwise one."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        layers = range(_DILATED_LAYERS)
        self.convs_sep = nn.ModuleList(_depthwise(channels, dilation=_KERNEL_SIZE**layer) for layer in layers)
        self.convs_1x1 = nn.ModuleList(nn.Conv1d(channels, channels, 1) for _ in layers)
        self.norms_1 = nn.ModuleList(ChannelNorm(channels) for _ in layers)
        self.norms_2 = nn.ModuleList(ChannelNorm(channels) for _ in layers)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Return [batch, channels, time] for such an ``x``."""
        layers = zip(self.convs_sep, self.norms_1, self.convs_1x1, self.norms_2, strict=True)
        for along_time, norm_1, across_channels, norm_2 in layers:
            y = functional.gelu(norm_1(along_time(x * mask)))
            x = x + functional.gelu(norm_2(across_channels(y)))
        return x * mask


def _depthwise(channels: int, dilation: int) -> nn.Conv1d:
    margin = dilation * (_KERNEL_SIZE // 2)
    return nn.Conv1d(channels, channels, _KERNEL_SIZE, padding=margin, dilation=dilation, groups=channels)


class Affine(nn.Module):
    """Inverse of a shift and a scale per channel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.m = nn.Parameter(torch.zeros(channels, 1))
        self.logs = nn.Parameter(torch.zeros(channels, 1))

    def forward(self, z: Tensor, mask: Tensor) -> Tensor:
        """Return [batch, channels, time] for such a ``z``."""
        return (z - self.m) * torch.exp(-self.logs) * mask


class SplineCoupling(nn.Module):
    """Inverse of a spline on the second of two channels, whose shape is computed from the first and the context."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.scale = 1 / math.sqrt(channels)
        self.pre = nn.Conv1d(1, channels, 1)
        self.convs = DilatedConvolutions(channels)
        self.proj = nn.Conv1d(channels, 3 * _BINS - 1, 1)

    def forward(self, z: Tensor, mask: Tensor, context: Tensor) -> Tensor:
        """Return [batch, 2, time] for such a ``z``; ``context`` is [batch, channels, time]."""
        given, changed = z.chunk(2, dim=1)
        shape = self.proj(self.convs(self.pre(given) + context, mask)) * mask
        widths, heights, slopes = shape.transpose(1, 2).unsqueeze(1).split([_BINS, _BINS, _BINS - 1], dim=-1)
        changed = inverse_spline(changed, widths * self.scale, heights * self.scale, slopes, _BOUND)
        return torch.cat([given, changed], dim=1) * mask
