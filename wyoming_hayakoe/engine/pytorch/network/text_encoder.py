"""Phones, tones, style and BERT features → hidden states and the prior of the latent."""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from wyoming_hayakoe.engine.pytorch.network.attention import AttentionEncoder
from wyoming_hayakoe.engine.pytorch.network.parameters import NetworkParameters
from wyoming_hayakoe.symbols import NUM_LANGUAGES, NUM_TONES, SYMBOLS

BERT_CHANNELS = 1024
"""Width of the BERT features."""

STYLE_CHANNELS = 256
"""Width of a style vector."""


class Sentence(NamedTuple):
    """Inputs of a sentence; the names are those of a published graph."""

    x: Tensor
    """Ids of the phones, blanks included: int64 [batch, time]."""

    x_lengths: Tensor
    """Number of phones without padding: int64 [batch]."""

    sid: Tensor
    """Speaker: int64 [batch]."""

    tone: Tensor
    """Rows of the tone embedding: int64 [batch, time]."""

    language: Tensor
    """Rows of the language embedding: int64 [batch, time]."""

    bert: Tensor
    """Features of the text, spread over the phones: [batch, 1024, time]."""

    style_vec: Tensor
    """Style: [batch, 256]."""


class Prior(NamedTuple):
    """Output of the text encoder, per phone."""

    hidden: Tensor
    """[batch, hidden channels, time]."""

    mean: Tensor
    """Mean of the latent: [batch, inter channels, time]."""

    log_scale: Tensor
    """Logarithm of its deviation: [batch, inter channels, time]."""

    mask: Tensor
    """Mask, 1 for a phone and 0 for padding: [batch, 1, time]."""


class TextEncoder(nn.Module):
    """The sum of five embeddings through an attention encoder."""

    def __init__(self, parameters: NetworkParameters) -> None:
        super().__init__()
        channels = parameters.hidden_channels
        self.scale = math.sqrt(channels)
        self.emb = nn.Embedding(len(SYMBOLS), channels)
        self.tone_emb = nn.Embedding(NUM_TONES, channels)
        self.language_emb = nn.Embedding(NUM_LANGUAGES, channels)
        self.bert_proj = nn.Conv1d(BERT_CHANNELS, channels, 1)
        self.style_proj = nn.Linear(STYLE_CHANNELS, channels)
        self.encoder = AttentionEncoder(
            channels,
            parameters.filter_channels,
            parameters.n_heads,
            parameters.n_layers,
            parameters.kernel_size,
            parameters.gin_channels,
        )
        self.proj = nn.Conv1d(channels, 2 * parameters.inter_channels, 1)

    def forward(self, sentence: Sentence, speaker: Tensor) -> Prior:
        """Return the prior; ``speaker`` is the speaker's embedding, [batch, speaker channels, 1]."""
        embedded = (
            self.emb(sentence.x)
            + self.tone_emb(sentence.tone)
            + self.language_emb(sentence.language)
            + self.bert_proj(sentence.bert).transpose(1, 2)
            + self.style_proj(sentence.style_vec).unsqueeze(1)
        )
        mask = length_mask(sentence.x_lengths, sentence.x.shape[1]).to(embedded.dtype)
        hidden = self.encoder((embedded * self.scale).transpose(1, 2) * mask, mask, speaker)
        mean, log_scale = (self.proj(hidden) * mask).chunk(2, dim=1)
        return Prior(hidden, mean, log_scale, mask)


def length_mask(lengths: Tensor, longest: "int | Tensor") -> Tensor:
    """Return [batch, 1, longest], true before each length."""
    return (torch.arange(longest, device=lengths.device) < lengths.unsqueeze(1)).unsqueeze(1)
