"""Preparation of a VITS voice: its graph is cut in stages, simplified, put in int8 in part, and optimised."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from wyoming_hayakoe.engine.graphs import cutting
from wyoming_hayakoe.engine.graphs.cutting import Stages
from wyoming_hayakoe.engine.graphs.reach import UncuttableError
from wyoming_hayakoe.engine.prepare.compiler import Recipe
from wyoming_hayakoe.engine.prepare.fastest_form import fastest
from wyoming_hayakoe.engine.prepare.int8_trial import Rehearsal
from wyoming_hayakoe.engine.prepare.pace import accepts_pace, as_json, measured
from wyoming_hayakoe.engine.prepare.precision import Precision, choose
from wyoming_hayakoe.engine.prepare.reports import Report, is_whole, lists
from wyoming_hayakoe.engine.prepare.simplify import remark, simplify
from wyoming_hayakoe.engine.prepare.two_dimensions import forms
from wyoming_hayakoe.engine.runtime.cpu import cores
from wyoming_hayakoe.engine.runtime.session import Execution, Feeds, Session, optimise
from wyoming_hayakoe.engine.vits.kind import NetworkInputs, NetworkKind
from wyoming_hayakoe.engine.vits.stages import LoadedStage, LoadedStages, decode, encode, flow_feeds, turn
from wyoming_hayakoe.engine.windows import Pace
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

# Frames by which the pace is measured, and those of a phone: with blanks, one has 3.6 in JP-Extra's voices.
_FRAMES_OF_PHONE = 3
_PACE_LENGTHS = (36, 120)


@dataclass(frozen=True, slots=True)
class Sentences:
    """The sentences by which one voice is calibrated and judged."""

    calibration: Sequence[NetworkInputs]
    """Sentences by which the ranges of values are measured."""

    held_out: Sequence[NetworkInputs]
    """Sentences by which the int8 form is judged."""

    sample_rate: int
    """Samples per second of the voice."""


@dataclass(frozen=True, slots=True)
class PublishedGraph:
    """A graph that is to be prepared."""

    kind: NetworkKind
    model: Path
    """Its file."""

    sample_rate: int
    """Samples per second."""


def recipe(
    name: str, graph: PublishedGraph, sentences: Callable[[], Sentences], precision: Precision, execution: Execution
) -> Recipe:
    """Return how a voice is prepared.

    Args:
        name: the voice's.
        graph: its network.
        sentences: are read only if a trial needs them.
        precision: of the configuration.
        execution: how its sessions will run.
    """
    make_it = partial(make, graph, sentences, precision, execution)
    return Recipe(name, graph.model, {"precision": precision}, make_it, prove=graph.kind.prove, accepts=accepts)


def make(
    graph: PublishedGraph, sentences: Callable[[], Sentences], precision: Precision, execution: Execution, folder: Path
) -> dict[str, Any]:
    """Write the optimised stages of a network into ``folder``, or all of it in one; return the report for JSON.

    Raises:
        HayakoeError: the graph is missing, damaged, of another kind, or fails.
    """
    kind, model = graph.kind, graph.model
    try:
        stages = simplified(kind, kind.cut(kind.read(model)))
    except UncuttableError as error:
        return {"uncut": in_brief(error), "nodes": {"whole": optimise(model, folder / "whole.onnx", model)}}
    remarks = {name: remark(each) for name, each in stages.graphs.items()}
    _LOGGER.debug("simplified: %s", "; ".join(f"{name}: {each}" for name, each in remarks.items()))
    stages, dimensions = in_fastest_dimensions(kind, stages, model, folder)
    graphs, choice = choose(stages.graphs, lambda: rehearse(stages.graphs, sentences(), model), precision)
    nodes = {name: optimise(form, folder / f"{name}.onnx", model) for name, form in graphs.items()}
    encoder, flow, decoder = (Session(folder / f"{name}.onnx", model, execution, is_optimised=True) for name in nodes)
    loaded = LoadedStages(encoder, flow, decoder, stages.hop, stages.reach - kind.faint)
    pace = pace_of(loaded, partial(kind.random_inputs, stages.encoder.graph), execution.threads or cores())
    return {
        "hop": stages.hop,
        "reach": stages.reach,
        "nodes": nodes,
        "simplified": remarks,
        "dimensions": dimensions,
        "choice": choice,
        "pace": as_json(pace, seconds=stages.hop / graph.sample_rate, overlap=loaded.overlap),
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
        and accepts_pace(report)
        and lists(report, "encoder", "flow", "decoder")
    )


def simplified(kind: NetworkKind, stages: Stages) -> Stages:
    """Return ``stages`` simplified; each by itself stays as it is where it cannot be."""
    compared = samples(kind, stages, _LENGTHS)
    return replace(stages, **{name: simplify(graph, compared) for name, graph in stages.graphs.items()})


def in_fastest_dimensions(
    kind: NetworkKind, stages: Stages, origin: Path, folder: Path
) -> tuple[Stages, dict[str, Any]]:
    """Return ``stages`` with their convolutions in the dimensions that are fastest on this machine, and a report.

    Args:
        kind: of network.
        stages: with their convolutions in one dimension.
        origin: the published file that errors name.
        folder: an existing folder that keeps the forms meanwhile.

    Raises:
        HayakoeError: a stage cannot be run.
    """
    found = samples(kind, stages, (*_LENGTHS, *_TIMED_LENGTHS))
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


def samples(kind: NetworkKind, stages: Stages, lengths: Sequence[int]) -> list[Feeds]:
    """Return what every stage takes in random sentences: each of so many phones, and one frame for each."""
    encoder, flow = Session(stages.encoder, Path("encoder.onnx")), Session(stages.flow, Path("flow.onnx"))
    found: list[Feeds] = []
    for length in lengths:
        random = np.random.default_rng(length)
        noise = random.standard_normal((1, 2, length), dtype=np.float32)
        feeds: Feeds = {
            **kind.random_inputs(stages.encoder.graph, length).feeds(SynthesisParams()),
            cutting.DURATION_NOISE: noise,
        }
        mean, log_scale = encoder.run([cutting.MEAN, cutting.LOG_SCALE], feeds)
        prior = mean + np.exp(log_scale) * random.standard_normal(mean.shape, dtype=np.float32)
        durations = np.ones((1, 1, length), dtype=np.float32)
        feeds = {**feeds, cutting.DURATIONS: durations, cutting.PRIOR: prior}
        # Of other latents than a voice's own, a trained decoder may make next to no sound.
        found.append({**feeds, cutting.LATENT: turn(flow, feeds)})
    return found


def pace_of(stages: LoadedStages, random_inputs: Callable[[int], NetworkInputs], threads: int) -> Pace:
    """Return what a sentence costs on this machine, measured on random ones; ``random_inputs`` has so many phones."""
    params = SynthesisParams(seed=0)
    latents: dict[int, npt.NDArray[np.float32]] = {}

    def ahead(frames: int) -> None:
        inputs, random = random_inputs(frames // _FRAMES_OF_PHONE), np.random.default_rng(0)
        encoded = encode(stages.encoder, inputs, params, random)
        encoded = replace(encoded, durations=np.full_like(encoded.durations, _FRAMES_OF_PHONE))
        latents[frames] = turn(stages.flow, flow_feeds(encoded, inputs, params, random))

    feeds = random_inputs(1).feeds(params)
    of_sentence = measured(ahead, _PACE_LENGTHS, threads=threads)
    of_window = measured(lambda frames: decode(stages.decoder, latents[frames], feeds), _PACE_LENGTHS, threads=threads)
    return Pace(*of_window, *of_sentence)


def _encoded(encoder: LoadedStage, inputs: NetworkInputs, seed: int) -> Feeds:
    """Return what the flow takes for a sentence."""
    params, random = SynthesisParams(seed=seed), np.random.default_rng(seed)
    return flow_feeds(encode(encoder, inputs, params, random), inputs, params, random)


def part(latent: npt.NDArray[np.float32], number: int) -> npt.NDArray[np.float32]:
    """Return some frames of a latent [1, C, F], for the calibration of a decoder.

    By the sentence's ``number``, they are from its start, middle or end, since silence is mostly at the ends.
    """
    start = max(0, latent.shape[2] - _CALIBRATION_FRAMES) * (number % 3) // 2
    return np.ascontiguousarray(latent[:, :, start : start + _CALIBRATION_FRAMES])
