"""Self-attention with relative positions, the block that text encoder and flow are made of.

Sources: Shaw et al. 2018, "Self-Attention with Relative Position Representations"; Huang et al. 2018, "Music
Transformer" (reading a band of a matrix by reshaping it); Kong et al. 2023, "VITS2" (the speaker in the third layer).
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

_WINDOW = 4
"""Positions on either side with a learned representation each."""

_SPEAKER_LAYER = 2
_MASKED = -1e4


class ChannelNorm(nn.Module):
    """Layer normalisation over the channels of [batch, channels, time]."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(channels))
        self.beta = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Return ``x`` with mean ``beta`` and deviation ``gamma`` at every time."""
        return functional.layer_norm(x.transpose(1, 2), self.gamma.shape, self.gamma, self.beta).transpose(1, 2)


class RelativeAttention(nn.Module):
    """Multi-head self-attention with representations of the distance of two positions, up to a window."""

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.head_channels = channels // heads
        self.conv_q = nn.Conv1d(channels, channels, 1)
        self.conv_k = nn.Conv1d(channels, channels, 1)
        self.conv_v = nn.Conv1d(channels, channels, 1)
        self.conv_o = nn.Conv1d(channels, channels, 1)
        distances = (1, 2 * _WINDOW + 1, self.head_channels)
        self.emb_rel_k = nn.Parameter(torch.randn(distances) * self.head_channels**-0.5)
        self.emb_rel_v = nn.Parameter(torch.randn(distances) * self.head_channels**-0.5)

    def forward(self, x: Tensor, pairs: Tensor) -> Tensor:
        """Return [batch, channels, time] for such an ``x``.

        Args:
            x: what attends to itself.
            pairs: which positions may see each other, zeros and ones, [batch, 1, time, time].
        """
        query = self._split(self.conv_q(x)) / math.sqrt(self.head_channels)
        key, value = self._split(self.conv_k(x)), self._split(self.conv_v(x))
        nearby = query @ self.emb_rel_k.transpose(1, 2)
        scores = query @ key.transpose(2, 3) + _band_to_square(nearby)
        weights = functional.softmax(scores.masked_fill(pairs == 0, _MASKED), dim=-1)
        mixed = weights @ value + _square_to_band(weights) @ self.emb_rel_v
        return self.conv_o(mixed.transpose(2, 3).flatten(1, 2))

    def _split(self, x: Tensor) -> Tensor:
        """Return [batch, heads, time, channels of one]."""
        batch, _, time = x.shape
        return x.reshape(batch, self.heads, self.head_channels, time).transpose(2, 3)


def _band_to_square(band: Tensor) -> Tensor:
    """Return [..., time, time] whose entry (i, j) is ``band``'s (i, j - i + window), 0 further from the diagonal.

    Rows that are longer than the stride they are read with by one start one further right each: the band is a diagonal.
    """
    # Sizes are read from the tensors, since a traced graph must compute them for each sentence.
    batch, heads, time, _ = band.shape
    stride = time + 2 * _WINDOW
    flat = functional.pad(band, (0, time)).reshape(batch, heads, -1)[..., : time * stride]
    return flat.reshape(batch, heads, time, stride)[..., _WINDOW : _WINDOW + time]


def _square_to_band(square: Tensor) -> Tensor:
    """Return [..., time, 2 window + 1] whose entry (i, d) is ``square``'s (i, i + d - window), 0 outside of it."""
    batch, heads, time, _ = square.shape
    flat = functional.pad(square, (_WINDOW, _WINDOW)).reshape(batch, heads, -1)
    rows = functional.pad(flat, (0, time)).reshape(batch, heads, time, time + 2 * _WINDOW + 1)
    return rows[..., : 2 * _WINDOW + 1]


class FeedForward(nn.Module):
    """Two convolutions with a rectifier between."""

    def __init__(self, channels: int, filter_channels: int, kernel_size: int) -> None:
        super().__init__()
        # An even kernel reaches one further to the right.
        self.margins = ((kernel_size - 1) // 2, kernel_size // 2)
        self.conv_1 = nn.Conv1d(channels, filter_channels, kernel_size)
        self.conv_2 = nn.Conv1d(filter_channels, channels, kernel_size)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Return [batch, channels, time]; ``mask`` is 1 where ``x`` counts, [batch, 1, time]."""
        inner = torch.relu(self.conv_1(functional.pad(x * mask, self.margins)))
        return self.conv_2(functional.pad(inner * mask, self.margins)) * mask


class AttentionEncoder(nn.Module):
    """Layers of attention and feed-forward, normalised after each; the speaker is added before the third layer."""

    def __init__(
        self, channels: int, filter_channels: int, heads: int, layers: int, kernel_size: int, speaker_channels: int
    ) -> None:
        super().__init__()
        self.spk_emb_linear = nn.Linear(speaker_channels, channels)
        self.attn_layers = nn.ModuleList(RelativeAttention(channels, heads) for _ in range(layers))
        self.norm_layers_1 = nn.ModuleList(ChannelNorm(channels) for _ in range(layers))
        self.ffn_layers = nn.ModuleList(FeedForward(channels, filter_channels, kernel_size) for _ in range(layers))
        self.norm_layers_2 = nn.ModuleList(ChannelNorm(channels) for _ in range(layers))

    def forward(self, x: Tensor, mask: Tensor, speaker: Tensor) -> Tensor:
        """Return [batch, channels, time] for such an ``x``; ``speaker`` is [batch, speaker channels, 1]."""
        pairs = mask.unsqueeze(2) * mask.unsqueeze(3)
        x = x * mask
        layers = zip(self.attn_layers, self.norm_layers_1, self.ffn_layers, self.norm_layers_2, strict=True)
        for index, (attention, after_attention, feed_forward, after_feed_forward) in enumerate(layers):
            if index == _SPEAKER_LAYER:
                x = (x + self.spk_emb_linear(speaker.transpose(1, 2)).transpose(1, 2)) * mask
            x = after_attention(x + attention(x, pairs))
            x = after_feed_forward(x + feed_forward(x, mask))
        return x * mask
