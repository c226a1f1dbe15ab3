"""Preparation of a JP-Extra voice: its graph is cut in stages, simplified, put in int8 in part, and optimised."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from wyoming_hayakoe.engine.graphs import cutting
from wyoming_hayakoe.engine.graphs.cutting import Stages, UncuttableError
from wyoming_hayakoe.engine.jp_extra.inputs import Inputs, random_inputs
from wyoming_hayakoe.engine.jp_extra.stages import LoadedStage, encode, flow_feeds, read_synthesizer, turn
from wyoming_hayakoe.engine.jp_extra.synthesizer import prove_synthesizer
from wyoming_hayakoe.engine.prepare.compiler import Recipe
from wyoming_hayakoe.engine.prepare.fastest_form import fastest
from wyoming_hayakoe.engine.prepare.int8_trial import Rehearsal
from wyoming_hayakoe.engine.prepare.precision import Precision, choose
from wyoming_hayakoe.engine.prepare.reports import Report, is_whole, lists
from wyoming_hayakoe.engine.prepare.simplify import remark, simplify
from wyoming_hayakoe.engine.prepare.two_dimensions import forms
from wyoming_hayakoe.engine.runtime.cpu import cores
from wyoming_hayakoe.engine.runtime.session import Feeds, Session, optimise
from wyoming_hayakoe.errors import in_brief
from wyoming_hayakoe.utterance import SynthesisParams

if TYPE_CHECKING:
    from onnx import ModelProto

_LOGGER = logging.getLogger(__name__)

# Of each sentence. More frames widen no range audibly, and each costs the decoder's time.
_CALIBRATION_FRAMES = 40

# 1.4 s, as of a reply in a smart home.
_TIMED_FRAMES = 120

# A hop has 256 or 512 samples; a graph that was built for it more.
_MOST_SAMPLES = 1 << 31

# Phones of the sentences on which forms of a stage are compared.
_LENGTHS = (1, 7, 50)

# Frames that decide which form is faster: a decoder's first window, and one of a second and a half.
_TIMED_LENGTHS = (36, 120)


@dataclass(frozen=True, slots=True)
class Sentences:
    """The sentences by which one voice is calibrated and judged."""

    calibration: Sequence[Inputs]
    """Sentences by which the ranges of values are measured."""

    held_out: Sequence[Inputs]
    """Sentences by which the int8 form is judged."""

    sample_rate: int
    """Samples per second of the voice."""


def recipe(name: str, model: Path, precision: Precision, sentences: Callable[[], Sentences]) -> Recipe:
    """Return how the synthesizer at ``model`` is prepared; ``sentences`` are read only if a trial needs them."""
    make_it = partial(make, model, precision, sentences)
    return Recipe(name, model, {"precision": precision}, make_it, prove=prove_synthesizer, accepts=accepts)


def make(model: Path, precision: Precision, sentences: Callable[[], Sentences], folder: Path) -> dict[str, Any]:
    """Write the optimised stages of a synthesizer into ``folder``, or all of it in one; return the report for JSON.

    Raises:
        HayakoeError: the graph is missing, damaged, no JP-Extra voice, or fails.
    """
    try:
        stages = simplified(cutting.cut(read_synthesizer(model)))
    except UncuttableError as error:
        return {"uncut": in_brief(error), "nodes": {"whole": optimise(model, folder / "whole.onnx", model)}}
    remarks = {name: remark(graph) for name, graph in stages.graphs.items()}
    _LOGGER.debug("simplified: %s", "; ".join(f"{name}: {each}" for name, each in remarks.items()))
    stages, dimensions = in_fastest_dimensions(stages, model, folder)
    graphs, choice = choose(stages.graphs, lambda: rehearse(stages.graphs, sentences(), model), precision)
    return {
        "hop": stages.hop,
        "reach": stages.reach,
        "nodes": {name: optimise(graph, folder / f"{name}.onnx", model) for name, graph in graphs.items()},
        "simplified": remarks,
        "dimensions": dimensions,
        "choice": choice,
    }


def accepts(report: Report) -> bool:
    """Return whether a report of :func:`make` has what is read of it."""
    if "uncut" in report:
        return isinstance(report["uncut"], str) and lists(report, "whole")
    choice = report.get("choice")
    return (
        all(is_whole(report.get(key), 1, _MOST_SAMPLES) for key in ("hop", "reach"))
        and isinstance(choice, dict)
        and all(isinstance(choice.get(key), str) for key in ("chosen", "reason"))
        and lists(report, "encoder", "flow", "decoder")
    )


def simplified(stages: Stages) -> Stages:
    """Return ``stages`` simplified; each by itself stays as it is where it cannot be."""
    compared = samples(stages, _LENGTHS)
    return replace(stages, **{name: simplify(graph, compared) for name, graph in stages.graphs.items()})


def in_fastest_dimensions(stages: Stages, origin: Path, folder: Path) -> tuple[Stages, dict[str, Any]]:
    """Return ``stages`` with their convolutions in the dimensions that are fastest on this machine, and a report.

    Args:
        stages: with their convolutions in one dimension.
        origin: the published file that errors name.
        folder: an existing folder that keeps the forms meanwhile.

    Raises:
        HayakoeError: a stage cannot be run.
    """
    found = samples(stages, (*_LENGTHS, *_TIMED_LENGTHS))
    compared, timed = found[: len(_LENGTHS)], found[len(_LENGTHS) :]
    chosen, reports = {}, {}
    for name, stage in stages.graphs.items():
        known = forms(stage, cores())
        form, reports[name] = fastest(known, compared, timed, origin=origin, folder=folder)
        chosen[name] = known[form]
        _LOGGER.debug("%s: convolutions in %s (%s)", name, form, reports[name]["reason"])
    return replace(stages, **chosen), reports


def rehearse(graphs: Mapping[str, "ModelProto"], sentences: Sentences, origin: Path) -> Rehearsal:
    """Return ``sentences`` as the stages take them in fp32, each with a seed of its own.

    Raises:
        HayakoeError: the voice fails; it names ``origin``.
    """
    # Each session is dropped after its part: the machine may have 2 GB in all.
    encoder = Session(graphs["encoder"], origin)
    calibration = [_encoded(encoder, inputs, seed) for seed, inputs in enumerate(sentences.calibration)]
    held_out = [_encoded(encoder, inputs, seed) for seed, inputs in enumerate(sentences.held_out)]
    del encoder
    flow = Session(graphs["flow"], origin)
    latents = [part(turn(flow, feeds), number) for number, feeds in enumerate(calibration)]
    return Rehearsal(
        calibration={
            "flow": calibration,
            "decoder": [{**feeds, cutting.LATENT: each} for feeds, each in zip(calibration, latents, strict=True)],
        },
        timed=min(calibration, key=lambda feeds: abs(feeds[cutting.PRIOR].shape[2] - _TIMED_FRAMES)),
        held_out=held_out,
        sample_rate=sentences.sample_rate,
        origin=origin,
    )


def samples(stages: Stages, lengths: Sequence[int]) -> list[Feeds]:
    """Return what every stage takes in random sentences: each of so many phones, and one frame for each."""
    encoder, flow = Session(stages.encoder, Path("encoder.onnx")), Session(stages.flow, Path("flow.onnx"))
    found: list[Feeds] = []
    for length in lengths:
        random = np.random.default_rng(length)
        noise = random.standard_normal((1, 2, length), dtype=np.float32)
        feeds: Feeds = {**random_inputs(length).feeds(SynthesisParams()), cutting.DURATION_NOISE: noise}
        mean, log_scale = encoder.run([cutting.MEAN, cutting.LOG_SCALE], feeds)
        prior = mean + np.exp(log_scale) * random.standard_normal(mean.shape, dtype=np.float32)
        durations = np.ones((1, 1, length), dtype=np.float32)
        feeds = {**feeds, cutting.DURATIONS: durations, cutting.PRIOR: prior}
        # Of other latents than a voice's own, a trained decoder may make next to no sound.
        found.append({**feeds, cutting.LATENT: turn(flow, feeds)})
    return found


def _encoded(encoder: LoadedStage, inputs: Inputs, seed: int) -> Feeds:
    """Return what the flow takes for a sentence."""
    params, random = SynthesisParams(seed=seed), np.random.default_rng(seed)
    return flow_feeds(encode(encoder, inputs, params, random), inputs, params, random)


def part(latent: npt.NDArray[np.float32], number: int) -> npt.NDArray[np.float32]:
    """Return some frames of a latent [1, C, F], for the calibration of a decoder.

    By the sentence's ``number``, they are from its start, middle or end, since silence is mostly at the ends.
    """
    start = max(0, latent.shape[2] - _CALIBRATION_FRAMES) * (number % 3) // 2
    return np.ascontiguousarray(latent[:, :, start : start + _CALIBRATION_FRAMES])
