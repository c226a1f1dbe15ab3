"""Hears a voice with some of its convolutions in int8, beside itself in fp32."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from wyoming_hayakoe.engine.graphs import cutting
from wyoming_hayakoe.engine.graphs.cutting import Stages
from wyoming_hayakoe.engine.jp_extra.prior import draw_prior
from wyoming_hayakoe.engine.prepare.calibrate import calibrate
from wyoming_hayakoe.engine.prepare.quality import Quality, compare
from wyoming_hayakoe.engine.prepare.quantize import Integers, convolutions, quantize
from wyoming_hayakoe.engine.runtime.session import Session
from wyoming_hayakoe.utterance import SynthesisParams
from wyoming_hayakoe.voice import Waveform

if TYPE_CHECKING:
    from onnx import ModelProto

    from wyoming_hayakoe.engine.jp_extra.inputs import Inputs
from wyoming_hayakoe.engine.runtime.session import Feeds

# Of each sentence, from its middle. More frames widen no range by what can be heard, but each costs the decoder's time.
_CALIBRATION_FRAMES = 40


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """Sentences of the voice that is to be judged."""

    calibration: Sequence["Inputs"]
    """By these the ranges of its values are found."""

    held_out: Sequence["Inputs"]
    """By these it is judged in int8."""

    sample_rate: int
    """Samples per second of its sound."""

    origin: Path
    """The file that errors name."""


class Trial:
    """One voice's stages in fp32, calibrated, and what it says in them."""

    def __init__(self, stages: Stages, rehearsal: Rehearsal) -> None:
        """Speak the calibration's sentences, watching their values.

        Raises:
            HayakoeError: the voice fails.
        """
        self._stages = stages
        self._rehearsal = rehearsal
        self._integers = Integers.of_this_machine()
        # Each session goes as soon as it has done its part: the machine may have 2 GB in all.
        encoder = self._session(stages.encoder)
        feeds = [_flow_feeds(encoder, inputs, seed) for seed, inputs in enumerate(rehearsal.calibration)]
        self._held_out = [_flow_feeds(encoder, inputs, seed) for seed, inputs in enumerate(rehearsal.held_out)]
        del encoder
        flow = self._session(stages.flow)
        latents = [_middle(flow.run([cutting.LATENT], feed)[0]) for feed in feeds]
        del flow
        self._ranges = calibrate(stages.flow, convolutions(stages.flow), feeds, rehearsal.origin)
        feeds = [{**feed, cutting.LATENT: latent} for feed, latent in zip(feeds, latents, strict=True)]
        self._ranges |= calibrate(stages.decoder, convolutions(stages.decoder), feeds, rehearsal.origin)
        self._flow_groups = dict.fromkeys(convolutions(stages.flow), "flow")
        self._decoder_groups = {
            name: f"decoder {each.depth}, kernel {each.taps}" for name, each in convolutions(stages.decoder).items()
        }
        self._flow, self._decoder = self._session(stages.flow), self._session(stages.decoder)
        self._expected = [self._sound(self._flow, self._decoder, feed) for feed in self._held_out]

    @property
    def groups(self) -> dict[str, int]:
        """The groups of convolutions that go into int8 together, and their multiply-adds for a frame."""
        groups: dict[str, int] = {}
        for stage, names in ((self._stages.flow, self._flow_groups), (self._stages.decoder, self._decoder_groups)):
            for name, convolution in convolutions(stage).items():
                groups[names[name]] = groups.get(names[name], 0) + convolution.work
        return groups

    def stages(self, plan: Collection[str]) -> Stages:
        """Return the stages with the groups of ``plan`` in int8."""
        flow = self._quantized(self._stages.flow, self._flow_groups, plan)
        decoder = self._quantized(self._stages.decoder, self._decoder_groups, plan)
        return replace(self._stages, flow=flow, decoder=decoder)

    def hear(self, plan: Collection[str], sentences: int | None = None) -> Quality:
        """Return how far the sound of ``plan`` is from that of fp32, on the held-out sentences, or the first few.

        Raises:
            HayakoeError: it fails, or gives values that are no numbers.
        """
        stages = self.stages(plan)
        # What is still in fp32 need not be loaded again.
        flow = self._flow if stages.flow is self._stages.flow else self._session(stages.flow)
        decoder = self._decoder if stages.decoder is self._stages.decoder else self._session(stages.decoder)
        expected = self._expected[:sentences]
        found = [self._sound(flow, decoder, feed) for feed in self._held_out[:sentences]]
        return compare(np.concatenate(expected), np.concatenate(found), self._rehearsal.sample_rate)

    def _quantized(self, stage: "ModelProto", groups: Mapping[str, str], plan: Collection[str]) -> "ModelProto":
        names = [name for name, group in groups.items() if group in plan]
        return quantize(stage, names, self._ranges, self._integers) if names else stage

    def _session(self, stage: "ModelProto") -> Session:
        return Session(stage, self._rehearsal.origin)

    def _sound(self, flow: Session, decoder: Session, feeds: "Feeds") -> Waveform:
        latent = flow.run([cutting.LATENT], feeds)[0]
        sound: Waveform = decoder.run([cutting.AUDIO], {**feeds, cutting.LATENT: latent})[0].reshape(-1)
        return sound


def _flow_feeds(encoder: Session, inputs: "Inputs", seed: int) -> "Feeds":
    """Return what the flow takes for a sentence, its noise decided by ``seed``."""
    params = SynthesisParams(seed=seed)
    random = np.random.default_rng(seed)
    feeds = inputs.feeds(params)
    noise = random.standard_normal((1, 2, len(inputs.phones)), dtype=np.float32)
    outputs = [cutting.DURATIONS, cutting.MEAN, cutting.LOG_SCALE]
    durations, mean, log_scale = encoder.run(outputs, {**feeds, cutting.DURATION_NOISE: noise})
    frames = durations.reshape(-1).astype(np.int64)
    return {
        **feeds,
        cutting.DURATIONS: frames[None, None].astype(np.float32),
        cutting.PRIOR: draw_prior(frames, mean[0], log_scale[0], params.noise, random),
    }


def _middle(latent: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return the middle frames of [1, C, F]."""
    start = max(0, (latent.shape[2] - _CALIBRATION_FRAMES) // 2)
    return np.ascontiguousarray(latent[:, :, start : start + _CALIBRATION_FRAMES])
