"""Whole network: from a sentence to a waveform and the durations of its phones."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import is_parametrized, remove_parametrizations

from wyoming_hayakoe.engine.pytorch.network.decoder import Decoder
from wyoming_hayakoe.engine.pytorch.network.durations import DeterministicDurationPredictor, StochasticDurationPredictor
from wyoming_hayakoe.engine.pytorch.network.flow import Flow
from wyoming_hayakoe.engine.pytorch.network.parameters import NetworkParameters
from wyoming_hayakoe.engine.pytorch.network.text_encoder import Prior, Sentence, TextEncoder, length_mask


class Rhythm(NamedTuple):
    """Parameters of the phones' durations, each float [1]; the names are those of a published graph's inputs."""

    length_scale: Tensor
    """Factor on all durations."""

    noise_scale_w: Tensor
    """Scale of the noise of the stochastic durations."""

    sdp_ratio: Tensor
    """Share of the stochastic durations, between 0 and 1."""


class Vits(nn.Module):
    """The stages of a voice under the names of its published weights."""

    def __init__(self, parameters: NetworkParameters) -> None:
        super().__init__()
        self.enc_p = TextEncoder(parameters)
        self.dec = Decoder(parameters)
        self.flow = Flow(parameters)
        self.sdp = StochasticDurationPredictor(parameters)
        self.dp = DeterministicDurationPredictor(parameters)
        self.emb_g = nn.Embedding(parameters.n_speakers, parameters.gin_channels)

    def forward(self, sentence: Sentence, noise_scale: Tensor, rhythm: Rhythm) -> tuple[Tensor, Tensor]:
        """Return samples [batch, 1, samples] and the frames of each phone [batch, time]."""
        speaker = self.speaker(sentence.sid)
        prior = self.enc_p(sentence, speaker)
        frames = self.frames(prior, speaker, rhythm, _noise_like(prior))
        path, mask = alignment(frames)
        mean, log_scale = _stretch(prior.mean, path), _stretch(prior.log_scale, path)
        z = mean + torch.randn_like(mean) * torch.exp(log_scale) * noise_scale
        return self.dec(self.flow(z, mask, speaker) * mask, speaker), frames.squeeze(1)

    def durations(self, sentence: Sentence, rhythm: Rhythm) -> Tensor:
        """Return the frames of each phone alone, [batch, time]."""
        speaker = self.speaker(sentence.sid)
        prior = self.enc_p(sentence, speaker)
        return self.frames(prior, speaker, rhythm, _noise_like(prior)).squeeze(1)

    def encode(self, sentence: Sentence, rhythm: Rhythm, noise: Tensor) -> tuple[Tensor, Prior]:
        """Return the frames of each phone, [batch, 1, time], and the prior; ``noise`` is normal, [batch, 2, time]."""
        speaker = self.speaker(sentence.sid)
        prior = self.enc_p(sentence, speaker)
        return self.frames(prior, speaker, rhythm, noise), prior

    def speaker(self, sid: Tensor) -> Tensor:
        """Return speakers' embeddings, [batch, speaker channels, 1], of int64 [batch]."""
        return self.emb_g(sid).unsqueeze(-1)

    def frames(self, prior: Prior, speaker: Tensor, rhythm: Rhythm, noise: Tensor) -> Tensor:
        """Return the frames of each phone, whole numbers, [batch, 1, time]; ``noise`` is normal, [batch, 2, time]."""
        drawn = self.sdp(prior.hidden, prior.mask, speaker, noise * rhythm.noise_scale_w)
        predicted = self.dp(prior.hidden, prior.mask, speaker)
        mixed = drawn * rhythm.sdp_ratio + predicted * (1 - rhythm.sdp_ratio)
        return torch.ceil(torch.exp(mixed) * prior.mask * rhythm.length_scale)

    def fold_weight_norm(self) -> None:
        """Replace every pair of direction and length (weight normalisation) by the weight, for an export."""
        for module in list(self.modules()):
            if is_parametrized(module, "weight"):
                remove_parametrizations(module, "weight")


def _noise_like(prior: Prior) -> Tensor:
    return torch.randn_like(prior.hidden[:, :2])


def alignment(frames: Tensor) -> tuple[Tensor, Tensor]:
    """Return the alignment of phones to frames, and the mask of the frames.

    Args:
        frames: the frames of each phone, [batch, 1, time].

    Returns:
        Zeros and ones [batch, frames, time], and a mask [batch, 1, frames]; at least one frame.
    """
    ends = frames.cumsum(-1)
    lengths = ends[:, 0, -1].clamp(min=1).long()
    mask = length_mask(lengths, lengths.max()).to(frames.dtype)
    moments = torch.arange(lengths.max(), device=frames.device).unsqueeze(-1)
    path = (moments < ends) & (moments >= ends - frames)
    return path.to(frames.dtype), mask


def _stretch(x: Tensor, path: Tensor) -> Tensor:
    """Return [batch, channels, frames] for [batch, channels, time]: each phone's column as long as it sounds."""
    return x @ path.transpose(1, 2)
