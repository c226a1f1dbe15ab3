"""The networks of Piper's voices: VITS with a stochastic duration predictor and a flow of gated convolutions.

Written from the papers, with the sizes and the names of weights that the published voices have, and so that a traced
graph has the operators of theirs. Sources: Kim et al. 2021, VITS; Shaw et al. 2018 (relative positions); Huang et al.
2018 (shifting a matrix by reshaping it); Durkan et al. 2019, Neural Spline Flows. piper-plus adds a language, accent
features for the durations, and a speaker's embedding (documents of piper-plus 2.0.2, as facts).
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from script.make_piper_voices.decoders import DecoderSizes, HiFiGan, MultiBandDecoder
from wyoming_hayakoe.engine.pytorch.network.attention import ChannelNorm, FeedForward
from wyoming_hayakoe.engine.pytorch.network.durations import Affine, DilatedConvolutions
from wyoming_hayakoe.engine.pytorch.network.spline import inverse_spline
from wyoming_hayakoe.engine.pytorch.network.text_encoder import length_mask

_WINDOW = 4
_MASKED = -1e4
_BINS = 10
_BOUND = 5.0
_COUPLINGS = 4
_GATED_KERNEL = 5


@dataclass(frozen=True)
class Sizes:
    """Sizes of a voice's network; the defaults are those of a published one."""

    decoder: DecoderSizes
    symbols: int = 256
    channels: int = 192
    """Channels of the latent, and width of encoder and flow."""
    filter_channels: int = 768
    layers: int = 6
    gated_layers: int = 4
    gated_dilation: int = 1
    """Dilation of a coupling's first gated convolution is 1, and grows by this factor."""
    splines: int = 3
    speakers: int = 1
    languages: int = 1
    accent_channels: int = 0
    """Channels of the accent features beside the encoder's in the duration predictor; 0 without such an input."""
    embedding: int = 0
    """Width of the input for a speaker's embedding; 0 without."""
    embedding_mask: bool = False
    """An input says whether the embedding counts; where not, the speaker's number does."""
    condition_channels: int = 0
    """Width of what speaker and language become; 0 where there is one of each."""


class PiperNetwork(nn.Module):
    """The stages under the names of the published weights."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        width = sizes.condition_channels
        self.channels = sizes.channels
        self.enc_p = PhonemeEncoder(sizes)
        self.dp = DurationFlow(sizes)
        self.flow = CouplingFlow(sizes)
        decoder = MultiBandDecoder if sizes.decoder.subbands else HiFiGan
        self.dec = decoder(sizes.channels, sizes.decoder, width)
        if sizes.accent_channels:
            self.prosody_proj = nn.Linear(3, sizes.accent_channels)
        if sizes.speakers > 1 and (sizes.embedding_mask or not sizes.embedding):
            self.emb_g = nn.Embedding(sizes.speakers, width)
        if sizes.languages > 1:
            self.emb_lang = nn.Embedding(sizes.languages, width)
        if sizes.embedding:
            self.spk_proj = nn.Sequential(
                nn.Linear(sizes.embedding, width), nn.LayerNorm(width), nn.GELU(), nn.Linear(width, width)
            )

    def condition(self, given: dict[str, Tensor]) -> Tensor | None:
        """Return what the stages know of speaker and language, [1, condition channels, 1]."""
        parts = []
        if "speaker_embedding" in given:
            speaker = self.spk_proj(given["speaker_embedding"])
            if "speaker_embedding_mask" in given:
                speaker = torch.where(given["speaker_embedding_mask"] > 0, speaker, self.emb_g(given["sid"]))
            parts.append(speaker)
        elif "sid" in given:
            parts.append(self.emb_g(given["sid"]))
        if "lid" in given:
            parts.append(self.emb_lang(torch.where(given["lid"] < 0, torch.zeros_like(given["lid"]), given["lid"])))
        return sum(parts[1:], parts[0]).unsqueeze(-1) if parts else None

    def accents(self, hidden: Tensor, mask: Tensor, given: dict[str, Tensor]) -> Tensor:
        """Return the encoder's output with the accent features beside it, where the voice has that input."""
        if "prosody_features" not in given:
            return hidden
        features = given["prosody_features"].float()
        if "lid" in given:
            # Japanese alone, the first language, has accents.
            features = features * (given["lid"] == 0).float().view(-1, 1, 1)
        return torch.cat([hidden, self.prosody_proj(features).transpose(1, 2) * mask], dim=1)

    def forward(self, phonemes: Tensor, lengths: Tensor, scales: Tensor, given: dict[str, Tensor]) -> "Spoken":
        """Return samples [1, 1, samples] and durations; ``scales`` are noise, length and the durations' noise."""
        noise_scale, length_scale, duration_noise_scale = scales[0], scales[1], scales[2]
        condition = self.condition(given)
        hidden, mean, log_scale, mask = self.enc_p(phonemes, lengths, condition)
        logarithms = self.dp(self.accents(hidden, mask, given), mask, condition, duration_noise_scale)
        durations = torch.exp(logarithms) * mask * length_scale
        frames = torch.ceil(durations)
        totals = torch.clamp_min(torch.sum(frames, [1, 2]), 1).long()
        frame_mask = length_mask(totals, totals.max()).to(mask.dtype)
        path = _path(frames, mask.unsqueeze(2) * frame_mask.unsqueeze(-1)).squeeze(1)
        mean, log_scale = ((path @ x.transpose(1, 2)).transpose(1, 2) for x in (mean, log_scale))
        latent = mean + torch.randn_like(mean) * torch.exp(log_scale) * noise_scale
        latent = self.flow(latent, frame_mask, condition)
        return Spoken(self.dec(latent * frame_mask, condition), durations.squeeze(1), frames)


@dataclass(frozen=True)
class Spoken:
    """What a network returns."""

    samples: Tensor
    """[1, 1, samples]."""
    durations: Tensor
    """Frames of each phoneme before they are rounded up, [1, phonemes]: piper-plus's second output."""
    frames: Tensor
    """Whole frames of each phoneme, [1, 1, phonemes]: the output that Piper's patch for alignments adds."""


class PhonemeEncoder(nn.Module):
    """Embedding, attention layers, and the prior's mean and deviation."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.channels = sizes.channels
        self.scale = math.sqrt(sizes.channels)
        self.emb = nn.Embedding(sizes.symbols, sizes.channels)
        self.encoder = AttentionLayers(sizes)
        self.proj = nn.Conv1d(sizes.channels, 2 * sizes.channels, 1)
        # Only piper-plus's encoder has it, whose voices have languages.
        if sizes.condition_channels and sizes.languages > 1:
            self.cond_layer = nn.Conv1d(sizes.condition_channels, sizes.channels, 1)
        nn.init.normal_(self.emb.weight, 0.0, sizes.channels**-0.5)

    def forward(self, phonemes: Tensor, lengths: Tensor, condition: Tensor | None) -> tuple[Tensor, ...]:
        """Return hidden states, mean, logarithm of the deviation, all [1, channels, phonemes], and the mask."""
        x = (self.emb(phonemes) * self.scale).transpose(1, 2)
        mask = length_mask(lengths, x.size(2)).to(x.dtype)
        x = self.encoder(x * mask, mask)
        if condition is not None and hasattr(self, "cond_layer"):
            x = (x + self.cond_layer(condition)) * mask
        mean, log_scale = torch.split(self.proj(x) * mask, self.channels, dim=1)
        return x, mean, log_scale, mask


class AttentionLayers(nn.Module):
    """Layers of attention and feed-forward, normalised after each."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        channels, layers = sizes.channels, range(sizes.layers)
        self.attn_layers = nn.ModuleList(TableAttention(channels, 2) for _ in layers)
        self.norm_layers_1 = nn.ModuleList(ChannelNorm(channels) for _ in layers)
        self.ffn_layers = nn.ModuleList(FeedForward(channels, sizes.filter_channels, 3) for _ in layers)
        self.norm_layers_2 = nn.ModuleList(ChannelNorm(channels) for _ in layers)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Return [1, channels, phonemes] for such an ``x``."""
        pairs = mask.unsqueeze(2) * mask.unsqueeze(-1)
        x = x * mask
        layers = zip(self.attn_layers, self.norm_layers_1, self.ffn_layers, self.norm_layers_2, strict=True)
        for attention, after_attention, feed_forward, after_feed_forward in layers:
            x = after_attention(x + attention(x, pairs))
            x = after_feed_forward(x + feed_forward(x, mask))
        return x * mask


class TableAttention(nn.Module):
    """Self-attention whose table of distances is padded to all of a sentence's, as the published voices do it."""

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads, self.head_channels = heads, channels // heads
        self.conv_q = nn.Conv1d(channels, channels, 1)
        self.conv_k = nn.Conv1d(channels, channels, 1)
        self.conv_v = nn.Conv1d(channels, channels, 1)
        self.conv_o = nn.Conv1d(channels, channels, 1)
        table = (1, 2 * _WINDOW + 1, self.head_channels)
        self.emb_rel_k = nn.Parameter(torch.randn(table) * self.head_channels**-0.5)
        self.emb_rel_v = nn.Parameter(torch.randn(table) * self.head_channels**-0.5)

    def forward(self, x: Tensor, pairs: Tensor) -> Tensor:
        """Return [1, channels, time]; ``pairs`` says which positions may see each other."""
        batch, channels, time = x.size()
        split = (batch, self.heads, self.head_channels, time)
        query, key, value = (c(x).view(split).transpose(2, 3) for c in (self.conv_q, self.conv_k, self.conv_v))
        query = query / math.sqrt(self.head_channels)
        far = query @ _distances(self.emb_rel_k, time).unsqueeze(0).transpose(-2, -1)
        scores = query @ key.transpose(-2, -1) + _by_position(far)
        weights = functional.softmax(scores.masked_fill(pairs == 0, _MASKED), dim=-1)
        mixed = weights @ value + _by_distance(weights) @ _distances(self.emb_rel_v, time).unsqueeze(0)
        return self.conv_o(mixed.transpose(2, 3).reshape(batch, channels, time))


def _distances(table: Tensor, time: int) -> Tensor:
    """Return the rows for the distances 1 - time … time - 1, zeros beyond the window: [1, 2 time - 1, channels]."""
    margin = max(time - (_WINDOW + 1), 0)
    start = max((_WINDOW + 1) - time, 0)
    return functional.pad(table, (0, 0, margin, margin))[:, start : start + 2 * time - 1]


def _by_position(x: Tensor) -> Tensor:
    """Return [..., time, time] whose entry (i, j) is that of the distance j - i: [..., time, 2 time - 1]."""
    batch, heads, time, _ = x.size()
    flat = functional.pad(x, (0, 1)).view(batch, heads, time * 2 * time)
    rows = functional.pad(flat, (0, time - 1)).view(batch, heads, time + 1, 2 * time - 1)
    return rows[:, :, :time, time - 1 :]


def _by_distance(x: Tensor) -> Tensor:
    """Return the inverse of :func:`_by_position`."""
    batch, heads, time, _ = x.size()
    flat = functional.pad(x, (0, time - 1)).view(batch, heads, time * time + time * (time - 1))
    return functional.pad(flat, (time, 0)).view(batch, heads, time, 2 * time)[:, :, :, 1:]


class DurationFlow(nn.Module):
    """Stochastic durations: noise through inverted splines, given the phonemes."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        channels = sizes.channels + sizes.accent_channels
        self.pre = nn.Conv1d(channels, channels, 1)
        self.convs = DilatedConvolutions(channels)
        self.proj = nn.Conv1d(channels, channels, 1)
        if sizes.condition_channels:
            self.cond = nn.Conv1d(sizes.condition_channels, channels, 1)
        # The numbers that the published weights have: reversals count, and the first spline serves training alone.
        self.names = [str(3 + 2 * index) for index in range(sizes.splines)]
        self.flows = nn.ModuleDict({"0": Affine(2)} | {name: MaskedSpline(channels) for name in self.names})

    def forward(self, hidden: Tensor, mask: Tensor, condition: Tensor | None, noise_scale: Tensor) -> Tensor:
        """Return the logarithms of the durations, [1, 1, phonemes]."""
        x = self.pre(hidden)
        if condition is not None:
            x = x + self.cond(condition)
        x = self.proj(self.convs(x, mask)) * mask
        z = torch.randn(x.size(0), 2, x.size(2)).type_as(x) * noise_scale
        for name in reversed(self.names):
            z = self.flows[name](torch.flip(z, [1]), mask, x)
        return torch.split(self.flows["0"](torch.flip(z, [1]), mask), [1, 1], 1)[0]


class MaskedSpline(nn.Module):
    """Inverse spline of one channel by the other, computed only where it is no identity."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.scale = math.sqrt(channels)
        self.pre = nn.Conv1d(1, channels, 1)
        self.convs = DilatedConvolutions(channels)
        self.proj = nn.Conv1d(channels, 3 * _BINS - 1, 1)

    def forward(self, z: Tensor, mask: Tensor, context: Tensor) -> Tensor:
        """Return [1, 2, phonemes] for such a ``z``."""
        given, changed = torch.split(z, [1, 1], 1)
        batch, channels, time = given.shape
        shape = self.proj(self.convs(self.pre(given) + context, mask)) * mask
        shape = shape.reshape(batch, channels, -1, time).permute(0, 1, 3, 2)
        widths, heights = shape[..., :_BINS] / self.scale, shape[..., _BINS : 2 * _BINS] / self.scale
        slopes = shape[..., 2 * _BINS :]
        inside = (changed >= -_BOUND) & (changed <= _BOUND)
        result = torch.zeros_like(changed)
        result[~inside] = changed[~inside]
        result[inside] = inverse_spline(
            changed[inside], widths[inside, :], heights[inside, :], slopes[inside, :], _BOUND
        )
        return torch.cat([given, result], 1) * mask


class CouplingFlow(nn.Module):
    """Inverted coupling layers, the order of the channels reversed between them."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.names = [str(2 * index) for index in range(_COUPLINGS)]
        self.flows = nn.ModuleDict({name: GatedCoupling(sizes) for name in self.names})

    def forward(self, z: Tensor, mask: Tensor, condition: Tensor | None) -> Tensor:
        """Return the decoder's latent for the prior's, both [1, channels, frames]."""
        for name in reversed(self.names):
            z = self.flows[name](torch.flip(z, [1]), mask, condition)
        return z


class GatedCoupling(nn.Module):
    """Subtracts from one half of the channels what WaveNet's layers predict from the other."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.half = sizes.channels // 2
        self.pre = nn.Conv1d(self.half, sizes.channels, 1)
        self.enc = GatedLayers(sizes)
        self.post = nn.Conv1d(sizes.channels, self.half, 1)

    def forward(self, z: Tensor, mask: Tensor, condition: Tensor | None) -> Tensor:
        """Return [1, channels, frames] for such a ``z``."""
        given, changed = torch.split(z, [self.half] * 2, 1)
        shift = self.post(self.enc(self.pre(given) * mask, mask, condition)) * mask
        # The published graphs multiply by a scale, whose logarithm is zero in all of them.
        log_scale = torch.zeros_like(shift)
        changed = (changed - shift) * torch.exp(-log_scale) * mask
        return torch.cat([given, changed], 1)


class GatedLayers(nn.Module):
    """Gated convolutions with a residual and a skip connection each."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.channels = sizes.channels
        channels, layers = sizes.channels, sizes.gated_layers
        dilations = [sizes.gated_dilation**index for index in range(layers)]
        self.in_layers = nn.ModuleList(
            nn.Conv1d(channels, 2 * channels, _GATED_KERNEL, padding=2 * dilation, dilation=dilation)
            for dilation in dilations
        )
        self.res_skip_layers = nn.ModuleList(
            nn.Conv1d(channels, channels if last else 2 * channels, 1) for last in [False] * (layers - 1) + [True]
        )
        if sizes.condition_channels:
            self.cond_layer = nn.Conv1d(sizes.condition_channels, 2 * channels * layers, 1)

    def forward(self, x: Tensor, mask: Tensor, condition: Tensor | None) -> Tensor:
        """Return [1, channels, frames] for such an ``x``."""
        channels = self.channels
        skipped = torch.zeros_like(x)
        conditions = None if condition is None else self.cond_layer(condition)
        for index, (convolve, merge) in enumerate(zip(self.in_layers, self.res_skip_layers, strict=True)):
            convolved = convolve(x)
            if conditions is None:
                added = torch.zeros_like(convolved)
            else:
                added = conditions[:, 2 * channels * index : 2 * channels * (index + 1), :]
            both = convolved + added
            merged = merge(torch.tanh(both[:, :channels, :]) * torch.sigmoid(both[:, channels:, :]))
            if index < len(self.in_layers) - 1:
                x = (x + merged[:, :channels, :]) * mask
                skipped = skipped + merged[:, channels:, :]
            else:
                skipped = skipped + merged
        return skipped * mask


def _path(frames: Tensor, pairs: Tensor) -> Tensor:
    """Return zeros and ones, [1, 1, frames, phonemes]: where each phoneme sounds; ``pairs`` has that shape."""
    batch, _, times, phonemes = pairs.shape
    ends = torch.cumsum(frames, -1).view(batch * phonemes)
    before = length_mask(ends, times).squeeze(1).to(pairs.dtype).view(batch, phonemes, times)
    path = before - functional.pad(before, (0, 0, 1, 0, 0, 0))[:, :-1]
    return path.unsqueeze(1).transpose(2, 3) * pairs
