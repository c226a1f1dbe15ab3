"""The decoders of Piper's voices: HiFi-GAN, and piper-plus's multi-band one with an inverse Fourier transform.

Sources: Kong et al. 2020, "HiFi-GAN"; Kawamura et al. 2023, "Lightweight and High-Fidelity End-to-End Text-to-Speech
with Multi-Band Generation and Inverse Short-Time Fourier Transform" (arXiv:2210.15975); Nguyen 1994, "Near-perfect-
reconstruction pseudo-QMF banks"; Perez et al. 2018, "FiLM".
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrize import is_parametrized, remove_parametrizations

from wyoming_hayakoe.engine.pytorch.network.decoder import PairedResidualBlock, SingleResidualBlock

_SLOPE = 0.1
_LAST_SLOPE = 0.01
_EDGE = 7


@dataclass(frozen=True)
class DecoderSizes:
    """Sizes of a decoder."""

    resblock: str
    kernels: tuple[int, ...]
    dilations: tuple[tuple[int, ...], ...]
    rates: tuple[int, ...]
    initial: int
    """Channels before the first upsampling; each halves them."""
    taps: tuple[int, ...]
    """Of the transposed convolutions."""
    subbands: int = 0
    """Sub-bands of the multi-band decoder; 0 for HiFi-GAN."""


_SMALL_BLOCKS = ("2", (3, 5, 7), ((1, 2), (2, 6), (3, 12)))
_LARGE_BLOCKS = ("1", (3, 7, 11), ((1, 3, 5),) * 3)
MEDIUM = DecoderSizes(*_SMALL_BLOCKS, rates=(8, 8, 4), initial=256, taps=(16, 16, 8))
HIGH = DecoderSizes(*_LARGE_BLOCKS, rates=(8, 8, 2, 2), initial=512, taps=(16, 16, 4, 4))
MULTI_BAND = DecoderSizes(*_SMALL_BLOCKS, rates=(4, 4), initial=256, taps=(16, 16), subbands=4)


class _Upsampler(nn.Module):
    """Transposed convolutions with residual blocks after each."""

    def __init__(self, channels: int, sizes: DecoderSizes, condition_channels: int) -> None:
        super().__init__()
        block = PairedResidualBlock if sizes.resblock == "1" else SingleResidualBlock
        width = sizes.initial
        self.kinds = len(sizes.kernels)
        self.conv_pre = nn.Conv1d(channels, width, _EDGE, padding=_EDGE // 2)
        self.ups = nn.ModuleList()
        self.resblocks = nn.ModuleList()
        for rate, taps in zip(sizes.rates, sizes.taps, strict=True):
            self.ups.append(nn.ConvTranspose1d(width, width // 2, taps, rate, padding=(taps - rate) // 2))
            width //= 2
            blocks = zip(sizes.kernels, sizes.dilations, strict=True)
            self.resblocks.extend(block(width, kernel, dilations) for kernel, dilations in blocks)
        self.width = width
        for module in list(self.modules()):
            if is_parametrized(module, "weight"):
                remove_parametrizations(module, "weight")

    def stage(self, index: int, x: Tensor) -> Tensor:
        """Return an upsampling's output after its residual blocks' mean."""
        x = self.ups[index](functional.leaky_relu(x, _SLOPE))
        first, *others = self.resblocks[index * self.kinds : (index + 1) * self.kinds]
        total = first(x)
        for block in others:
            total = total + block(x)
        return total / self.kinds


class HiFiGan(_Upsampler):
    """HiFi-GAN's generator; the condition is added once."""

    def __init__(self, channels: int, sizes: DecoderSizes, condition_channels: int) -> None:
        super().__init__(channels, sizes, condition_channels)
        self.conv_post = nn.Conv1d(self.width, 1, _EDGE, padding=_EDGE // 2, bias=False)
        if condition_channels:
            self.cond = nn.Conv1d(condition_channels, sizes.initial, 1)

    def forward(self, z: Tensor, condition: Tensor | None) -> Tensor:
        """Return samples [1, 1, frames · hop] for a latent [1, channels, frames]."""
        x = self.conv_pre(z)
        if condition is not None:
            x = x + self.cond(condition)
        for index in range(len(self.ups)):
            x = self.stage(index, x)
        return torch.tanh(self.conv_post(functional.leaky_relu(x, _LAST_SLOPE)))

    def scale(self, factor: float) -> None:
        """Make the sound louder by a factor."""
        self.conv_post.weight *= factor


class MultiBandDecoder(_Upsampler):
    """Spectra of four sub-bands, each transformed back, and a synthesis filter that joins them."""

    def __init__(self, channels: int, sizes: DecoderSizes, condition_channels: int) -> None:
        super().__init__(channels, sizes, condition_channels)
        self.subbands = sizes.subbands
        self.bins = FFT // 2 + 1
        self.subband_conv_post = nn.Conv1d(self.width, self.subbands * 2 * self.bins, _EDGE, padding=_EDGE // 2)
        self.istft = InverseTransform()
        self.pqmf = SynthesisFilter(self.subbands)
        if condition_channels:
            self.cond = nn.Conv1d(condition_channels, 2 * sizes.initial, 1)
            self.cond_layers = nn.ModuleList(
                nn.Conv1d(condition_channels, 2 * (sizes.initial >> stage + 1), 1) for stage in range(len(self.ups))
            )

    def forward(self, z: Tensor, condition: Tensor | None) -> Tensor:
        """Return samples [1, 1, frames · 256] for a latent [1, channels, frames]."""
        x = self.conv_pre(z)
        if condition is not None:
            x = _modulated(x, self.cond(condition))
        for index in range(len(self.ups)):
            x = self.stage(index, x)
            if condition is not None:
                x = _modulated(x, self.cond_layers[index](condition))
        x = self.subband_conv_post(functional.leaky_relu(x, _SLOPE))
        batch, times = x.size(0), x.size(-1)
        x = x.reshape(batch, self.subbands, 2 * self.bins, times)
        size = torch.exp(x[:, :, : self.bins, :]).reshape(batch * self.subbands, self.bins, times)
        angle = (torch.sin(x[:, :, self.bins :, :]) * math.pi).reshape(batch * self.subbands, self.bins, times)
        bands = self.istft(size, angle).reshape(batch, self.subbands, -1)
        return self.pqmf(bands[..., : times * FFT_HOP])

    def scale(self, factor: float) -> None:
        """Make the sound louder by a factor."""
        self.subband_conv_post.bias.view(self.subbands, 2, self.bins)[:, 0] += math.log(factor)


def _modulated(x: Tensor, scale_and_shift: Tensor) -> Tensor:
    scale, shift = scale_and_shift.split(scale_and_shift.size(1) // 2, dim=1)
    return x * (torch.sigmoid(scale) + 0.5) + shift


FFT = 16
FFT_HOP = 4


class InverseTransform(nn.Module):
    """Inverse short-time Fourier transform as one transposed convolution, windowed by Hann's."""

    def __init__(self) -> None:
        super().__init__()
        times, bins = np.arange(FFT), np.arange(FFT // 2 + 1)
        weight = np.where((bins == 0) | (bins == FFT // 2), 1, 2) / FFT
        angles = 2 * np.pi * np.outer(bins, times) / FFT
        window = 0.5 - 0.5 * np.cos(2 * np.pi * times / FFT)
        basis = np.concatenate([weight[:, None] * np.cos(angles), -weight[:, None] * np.sin(angles)])
        # The squared windows that overlap at a sample sum to this, wherever it is.
        basis = basis * window / (np.sum(window**2) * FFT_HOP / FFT)
        self.register_buffer("inverse_basis", torch.from_numpy(basis[:, None]).float())

    def forward(self, size: Tensor, angle: Tensor) -> Tensor:
        """Return [bands, 1, samples] for [bands, 9, times] each."""
        spectrum = torch.cat([size * torch.cos(angle), size * torch.sin(angle)], dim=1)
        return functional.conv_transpose1d(spectrum, self.inverse_basis, stride=FFT_HOP)


class SynthesisFilter(nn.Module):
    """Pseudo quadrature mirror filters: sub-bands to a waveform."""

    def __init__(self, bands: int, taps: int = 62, cutoff: float = 0.15, beta: float = 9.0) -> None:
        super().__init__()
        self.bands, self.margin = bands, taps // 2
        offsets = np.arange(taps + 1) - taps // 2
        prototype = cutoff * np.sinc(cutoff * offsets) * np.kaiser(taps + 1, beta)
        centres = (2 * np.arange(bands) + 1)[:, None] * np.pi / (2 * bands)
        analysis = 2 * prototype * np.cos(centres * (np.arange(taps + 1) - bands / 2))
        self.register_buffer("synthesis_filter", torch.from_numpy(analysis[None, :, ::-1].copy()).float())
        self.register_buffer("updown_filter", torch.eye(bands).reshape(bands, 1, bands))

    def forward(self, x: Tensor) -> Tensor:
        """Return [1, 1, samples · bands] for [1, bands, samples]."""
        spread = functional.conv_transpose1d(x, self.updown_filter * self.bands, stride=self.bands, groups=self.bands)
        return functional.conv1d(functional.pad(spread, (self.margin, self.margin)), self.synthesis_filter)
