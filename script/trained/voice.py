"""A JP-Extra network that speaks: its decoder is HiFi-GAN's, its text encoder has learnt what the decoder takes.

The rest of the network is random, as a hidden layer of random features is (Rahimi and Recht 2007): the two linear
layers behind the text encoder, which give the prior and the durations, are fitted by least squares to speech. The flow
is random too, and is inverted for that: what the prior's mean is fitted to becomes the latent of that speech in it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from script.trained import hifigan
from script.trained.mel import BANDS, SILENCE
from script.trained.packages import own_packages_first
from script.trained.speakers import UNFOLD
from script.trained.speech import Frames, Spoken, align, speak
from wyoming_hayakoe.engine.jp_extra.bert import Bert
from wyoming_hayakoe.engine.jp_extra.config import read_config, read_style_vectors
from wyoming_hayakoe.engine.jp_extra.inputs import InputMaker
from wyoming_hayakoe.engine.openjtalk import OpenJTalkVoice
from wyoming_hayakoe.engine.prepare.rehearsal import CALIBRATION
from wyoming_hayakoe.engine.pytorch.network.flow import Coupling, Flow
from wyoming_hayakoe.engine.pytorch.network.parameters import NetworkParameters
from wyoming_hayakoe.engine.pytorch.network.text_encoder import Prior, Sentence
from wyoming_hayakoe.engine.pytorch.network.vits import Vits
from wyoming_hayakoe.text.frontend import japanese
from wyoming_hayakoe.utterance import SynthesisParams

# Root mean square of what the flow adds to a latent, whose own is 1.
_FLOW = 0.3
# Deviation of the prior, of what is left over when its mean is fitted.
_NOISE = 0.3
_STOCHASTIC = 0.2
# Of the features' mean square.
_RIDGE = 1e-2
# Factor on what a sentence's sound depends on beside its phones. With 1, what is learnt holds for other sentences less:
# it explains 0.58 of the variance of their latents, with 0.1 it is 0.78, and 0.83 for the sentences learnt.
_CONTEXT = 0.1
# A latent must have room for 80 bands, and the layers below the fitted ones are wide enough at their published widths:
# with hidden layers of 96, 0.69 of the variance is explained, with 32 channels 0.13 of that of the durations.
_CHANNELS = {"inter_channels": 192, "hidden_channels": 192, "duration_channels": 256}


@dataclass(frozen=True)
class Lesson:
    """One sentence to learn."""

    sentence: Sentence

    frames: Tensor
    """Frames of each phone, [time]."""

    latent: Tensor
    """What the decoder is to take, [1, inter channels, frames]."""


def parameters(network: NetworkParameters) -> NetworkParameters:
    """Return the sizes of a network with the trained decoder: all others are those of ``network``."""
    return replace(network, **_CHANNELS, **hifigan.SHAPE)


def trained_network(parameters: NetworkParameters, speaker: Path, bert: Path, tokenizer: Path) -> Vits:
    """Return a network that has learnt to say the calibration sentences; what unfolds spectra is put beside its files.

    Args:
        parameters: sizes, from :func:`parameters`.
        speaker: folder with the voice's config.json and style_vectors.npy.
        bert: graph of the BERT whose features the voice is going to get.
        tokenizer: folder of its tokenizer.
    """
    own_packages_first()
    config = read_config(speaker / "config.json")
    vectors = read_style_vectors(speaker / "style_vectors.npy", config)
    maker = InputMaker(speaker.name, config, vectors, Bert(bert, tokenizer))
    network, mei, read = Vits(parameters).eval(), OpenJTalkVoice(), japanese().read
    with torch.no_grad():
        unfold = train(network, [speak(read(text), mei) for text in CALIBRATION], maker)
    np.save(speaker / UNFOLD, unfold.numpy())
    return network


def train(network: Vits, all_spoken: Sequence[Spoken], maker: InputMaker) -> Tensor:
    """Load the decoder, fit prior and durations to ``all_spoken``, and return what makes latents of their spectra.

    ``maker`` makes the inputs of a sentence.
    """
    unfold = _unfold(network.dec.conv_pre.in_channels, all_spoken)
    hifigan.load_decoder(network.dec, torch.linalg.pinv(unfold))
    for weight in (network.enc_p.bert_proj.weight, network.enc_p.style_proj.weight, network.emb_g.weight):
        weight.mul_(_CONTEXT)
    paths = align(all_spoken)
    lessons = [_lesson(spoken, frames, unfold, maker) for spoken, frames in zip(all_spoken, paths, strict=True)]
    speaker = network.speaker(lessons[0].sentence.sid)
    _quieten(network.flow, lessons[0].latent, speaker)
    priors = [network.enc_p(lesson.sentence, speaker) for lesson in lessons]
    _fit_prior(network, lessons, priors)
    _fit_durations(network, lessons, priors)
    return unfold


def _unfold(channels: int, all_spoken: Sequence[Spoken]) -> Tensor:
    """Return a matrix [channels, 80] that makes a latent, with a deviation of 1, of a mel spectrum above silence."""
    mel = np.concatenate([spoken.mel for spoken in all_spoken], axis=1)
    basis, _ = torch.linalg.qr(torch.randn(channels, BANDS))
    return basis / math.sqrt(mel.var(axis=1).sum() / channels)


def _lesson(spoken: Spoken, frames: Frames, unfold: Tensor, maker: InputMaker) -> Lesson:
    feeds = maker.inputs(spoken.utterance, SynthesisParams()).feeds(SynthesisParams())
    sentence = Sentence(*(torch.from_numpy(feeds[name]) for name in Sentence._fields))
    # The last blank, behind the silence at the end, has one frame of silence more.
    frames = torch.from_numpy(np.append(frames, 1))
    latent = unfold @ (torch.from_numpy(spoken.mel) - SILENCE)
    return Lesson(sentence, frames, nn.functional.pad(latent, (0, 1))[None])


def _quieten(flow: Flow, latent: Tensor, speaker: Tensor) -> None:
    """Scale the last layers of the flow's couplings, so that each adds :data:`_FLOW` to ``latent``."""
    for coupling in flow.flows.values():
        factor = _FLOW / _added(coupling, latent, speaker).square().mean().sqrt()
        coupling.post.weight *= factor
        coupling.post.bias *= factor
        latent = _inverse(coupling, latent, speaker)


def into_prior(flow: Flow, latent: Tensor, speaker: Tensor) -> Tensor:
    """Return what the flow makes ``latent`` of; both [1, inter channels, frames]."""
    for coupling in flow.flows.values():
        latent = _inverse(coupling, latent, speaker)
    return latent


def _inverse(coupling: Coupling, latent: Tensor, speaker: Tensor) -> Tensor:
    given, changed = latent.chunk(2, dim=1)
    return torch.cat([given, changed - _added(coupling, latent, speaker)], dim=1).flip(1)


def _added(coupling: Coupling, latent: Tensor, speaker: Tensor) -> Tensor:
    """Return what a coupling layer adds to the second half of the channels, which depends on the first only."""
    return (coupling(latent, torch.ones_like(latent[:, :1]), speaker) - latent).chunk(2, dim=1)[1]


def _fit_prior(network: Vits, lessons: Sequence[Lesson], priors: Sequence[Prior]) -> None:
    """Fit the prior's mean to each phone's mean latent, and its deviation to how far frames are from that."""
    wanted, spread = [], []
    for lesson in lessons:
        latent = into_prior(network.flow, lesson.latent, network.speaker(lesson.sentence.sid))[0].T
        means = torch.stack([part.mean(dim=0) for part in latent.split(lesson.frames.tolist())])
        wanted.append(means)
        spread.append(latent - means.repeat_interleave(lesson.frames, dim=0))
    features = torch.cat([prior.hidden[0].T for prior in priors])
    channels = wanted[0].shape[1]
    proj = network.enc_p.proj
    weight, bias = _least_squares(features, torch.cat(wanted))
    proj.weight[:channels, :, 0], proj.bias[:channels] = weight, bias
    proj.weight[channels:] = 0.0
    proj.bias[channels:] = torch.log(_NOISE * torch.cat(spread).std(dim=0))


def _fit_durations(network: Vits, lessons: Sequence[Lesson], priors: Sequence[Prior]) -> None:
    """Fit both predictors: the stochastic one only draws around the mean of all phones."""
    # A network rounds up.
    frames = torch.cat([lesson.frames for lesson in lessons])
    wanted = torch.log(frames - 0.5)
    features = torch.cat(
        [
            network.dp.features(prior.hidden, prior.mask, network.speaker(lesson.sentence.sid))[0].T
            for lesson, prior in zip(lessons, priors, strict=True)
        ]
    )
    # Every frame counts as much, so that pauses and the whole get as long as they were.
    weight, bias = _least_squares(features, wanted[:, None], frames)
    network.dp.proj.weight[:, :, 0], network.dp.proj.bias[:] = weight, bias
    affine = network.sdp.flows["0"]
    affine.logs.fill_(-math.log(_STOCHASTIC))
    affine.m.fill_(-float(wanted.mean()) / _STOCHASTIC)


def _least_squares(features: Tensor, wanted: Tensor, weights: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Return weight [outputs, features] and bias [outputs] of a ridge regression of ``wanted``.

    Args:
        features: one row for each phone.
        wanted: one row for each phone.
        weights: of the phones' squared errors; None where all count as much.
    """
    weights = torch.ones(len(features)) if weights is None else weights
    x, y, share = features.double(), wanted.double(), (weights / weights.sum()).double()[:, None]
    x_mean, y_mean = (share * x).sum(dim=0), (share * y).sum(dim=0)
    centred = x - x_mean
    gram = centred.T @ (share * centred)
    gram += _RIDGE * gram.diagonal().mean() * torch.eye(len(gram), dtype=torch.float64)
    weight = torch.linalg.solve(gram, centred.T @ (share * (y - y_mean))).T
    return weight.float(), (y_mean - weight @ x_mean).float()
