"""The decoder: latent frames → waveform, by upsampling and residual blocks.

Source: Kong et al. 2020, "HiFi-GAN", section 2.2 and appendix A.1.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import weight_norm

from wyoming_hayakoe.engine.pytorch.network.parameters import NetworkParameters

_EDGE_KERNEL_SIZE = 7
_SLOPE = 0.1
# The last rectifier was left at PyTorch's default when the voices' architecture was written.
_LAST_SLOPE = 0.01


class Decoder(nn.Module):
    """HiFi-GAN's generator, with the speaker added at its start."""

    def __init__(self, parameters: NetworkParameters) -> None:
        super().__init__()
        channels = parameters.upsample_initial_channel
        block = PairedResidualBlock if parameters.resblock == "1" else SingleResidualBlock
        self.conv_pre = nn.Conv1d(
            parameters.inter_channels, channels, _EDGE_KERNEL_SIZE, padding=_EDGE_KERNEL_SIZE // 2
        )
        self.cond = nn.Conv1d(parameters.gin_channels, channels, 1)
        self.ups = nn.ModuleList()
        self.resblocks = nn.ModuleList()
        for rate, kernel_size in zip(parameters.upsample_rates, parameters.upsample_kernel_sizes, strict=True):
            upsample = nn.ConvTranspose1d(channels, channels // 2, kernel_size, rate, padding=(kernel_size - rate) // 2)
            self.ups.append(weight_norm(upsample))
            channels //= 2
            self.resblocks.extend(
                block(channels, size, dilations)
                for size, dilations in zip(
                    parameters.resblock_kernel_sizes, parameters.resblock_dilation_sizes, strict=True
                )
            )
        self.conv_post = nn.Conv1d(channels, 1, _EDGE_KERNEL_SIZE, padding=_EDGE_KERNEL_SIZE // 2, bias=False)
        self.hop = math.prod(parameters.upsample_rates)
        """Samples in a frame."""

    def forward(self, z: Tensor, speaker: Tensor) -> Tensor:
        """Return samples [batch, 1, frames · hop] for a latent [batch, inter channels, frames]."""
        return torch.tanh(self.unclipped(z, speaker))

    def unclipped(self, z: Tensor, speaker: Tensor) -> Tensor:
        """Return the samples before tanh limits them to ±1."""
        x = self.conv_pre(z) + self.cond(speaker)
        kinds = len(self.resblocks) // len(self.ups)
        for stage, upsample in enumerate(self.ups):
            x = upsample(functional.leaky_relu(x, _SLOPE))
            blocks = self.resblocks[stage * kinds : (stage + 1) * kinds]
            x = sum((block(x) for block in blocks[1:]), blocks[0](x)) / kinds
        return self.conv_post(functional.leaky_relu(x, _LAST_SLOPE))

    @property
    def reach(self) -> int:
        """Receptive field: frames on either side on which the sound of a frame depends.

        Goes back from a frame's samples to the frames, and widens the span by each convolution's kernel on the way.
        """
        edge = _EDGE_KERNEL_SIZE // 2
        low, high = -edge, self.hop - 1 + edge
        kinds = len(self.resblocks) // len(self.ups)
        for stage, upsample in reversed(list(enumerate(self.ups))):
            margin = max(block.margin for block in self.resblocks[stage * kinds : (stage + 1) * kinds])
            low, high = low - margin, high + margin
            (size,), (rate,), (padding,) = upsample.kernel_size, upsample.stride, upsample.padding
            low, high = -((size - 1 - low - padding) // rate), (high + padding) // rate
        return max(edge - low, high + edge)


class PairedResidualBlock(nn.Module):
    """HiFi-GAN's residual block of type 1: each dilated convolution is followed by a plain one."""

    def __init__(self, channels: int, kernel_size: int, dilations: Sequence[int]) -> None:
        super().__init__()
        self.convs1 = _convolutions(channels, kernel_size, dilations)
        self.convs2 = _convolutions(channels, kernel_size, [1] * len(dilations))
        self.margin = (kernel_size // 2) * (sum(dilations) + len(dilations))
        """Samples to either side that one depends on."""

    def forward(self, x: Tensor) -> Tensor:
        """Return [batch, channels, samples] for such an ``x``."""
        for dilated, plain in zip(self.convs1, self.convs2, strict=True):
            inner = dilated(functional.leaky_relu(x, _SLOPE))
            x = x + plain(functional.leaky_relu(inner, _SLOPE))
        return x


class SingleResidualBlock(nn.Module):
    """HiFi-GAN's residual block of type 2: dilated convolutions alone, and of the dilations only two."""

    def __init__(self, channels: int, kernel_size: int, dilations: Sequence[int]) -> None:
        super().__init__()
        self.convs = _convolutions(channels, kernel_size, dilations[:2])
        self.margin = (kernel_size // 2) * sum(dilations[:2])
        """Samples to either side that one depends on."""

    def forward(self, x: Tensor) -> Tensor:
        """Return [batch, channels, samples] for such an ``x``."""
        for dilated in self.convs:
            x = x + dilated(functional.leaky_relu(x, _SLOPE))
        return x


def _convolutions(channels: int, kernel_size: int, dilations: Sequence[int]) -> nn.ModuleList:
    return nn.ModuleList(
        weight_norm(
            nn.Conv1d(channels, channels, kernel_size, padding=dilation * (kernel_size - 1) // 2, dilation=dilation)
        )
        for dilation in dilations
    )
