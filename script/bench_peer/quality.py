"""How a trained voice sounds in int8, and how much faster it is: beside fp32, with the same noise.

The forms are those that the program's own preparation makes and chooses on this machine. The sentences are none of
those by which it calibrates and judges.
"""

import math
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from onnx import ModelProto

from script.trained import ears
from script.trained.joe import trained_joe
from script.trained.packages import folder_of, let_import
from script.trained.speakers import SPEAKERS, UNFOLD, latent
from wyoming_hayakoe.cli.bench.figures import Figure
from wyoming_hayakoe.engine.graphs import cutting
from wyoming_hayakoe.engine.jp_extra.bert import Bert
from wyoming_hayakoe.engine.jp_extra.inputs import InputMaker
from wyoming_hayakoe.engine.jp_extra.network import JP_EXTRA
from wyoming_hayakoe.engine.jp_extra.voice import rehearsed
from wyoming_hayakoe.engine.jp_extra.voice_files import read_voice
from wyoming_hayakoe.engine.prepare import quality, rehearsal, timing
from wyoming_hayakoe.engine.prepare.fastest_form import fastest
from wyoming_hayakoe.engine.prepare.int8_trial import Rehearsal
from wyoming_hayakoe.engine.prepare.precision import Precision, choose
from wyoming_hayakoe.engine.prepare.quality import Quality
from wyoming_hayakoe.engine.prepare.simplify import simplify
from wyoming_hayakoe.engine.prepare.two_dimensions import forms
from wyoming_hayakoe.engine.runtime.cpu import cores
from wyoming_hayakoe.engine.runtime.session import Feeds, Session
from wyoming_hayakoe.engine.vits.preparation import in_fastest_dimensions, part, rehearse, simplified
from wyoming_hayakoe.engine.vits.stages import LoadedStage, decode, turn
from wyoming_hayakoe.errors import UsageError
from wyoming_hayakoe.text.frontend import japanese
from wyoming_hayakoe.utterance import SynthesisParams
from wyoming_hayakoe.voice import Waveform

SENTENCES = (
    "図書館は、毎週月曜日がお休みです。",
    "ベランダの窓が開いたままですよ。",
    "コーヒーを一杯、いかがですか？",
    "電車が十五分ほど遅れています。",
    "赤ちゃんが起きました！",
    "週末は、家族で動物園に行く予定です。",
    "体重は先週より、二百グラム減りました。",
    "いいえ、まだです。",
    "北の空に、ひとつだけ明るい星が見えます。",
    "ロボット掃除機がソファーの下で止まりました。",
    "九州では、桜がちょうど見頃を迎えています。",
    "夕食の準備ができたので、そろそろ降りてきてください！",
)
"""Sentences, none of the preparation's, in which a voice is heard."""

BEFORE, FP32 = "one dimension", "fp32"
"""Names of forms: fp32 with convolutions in one dimension, as published, and in the fastest of this machine."""

# Comparisons of times are on so many of the sentences. They are repeated, and the shortest time of each form counts,
# since other processes slow some of them down; each takes so many seconds at most.
_TIMED = 2
_REPEATED = 3
_TIMING = 20.0

Graphs = Mapping[str, ModelProto]
"""Flow and decoder, or the decoder alone."""


@dataclass(frozen=True)
class Network:
    """A voice's flow and decoder, or its decoder alone, and what they are to say."""

    fp32: Mapping[str, Graphs]
    """:data:`BEFORE` and :data:`FP32`."""

    rehearsal: Rehearsal
    """What the choice of an int8 form needs."""

    heard: Sequence[Feeds]
    """What the first of these stages takes in the sentences in which the voice is heard."""


@dataclass(frozen=True)
class Goals:
    """What is wanted of the times in int8, as factors."""

    decoder: float | None
    """Of the decoder, on fp32 in one dimension."""

    both: float | None
    """Of flow and decoder, on fp32."""


VOICE_GOALS = Goals(decoder=2.4, both=None)
"""Of a voice of JP-Extra's kind."""

JOE_GOALS = Goals(decoder=None, both=1.3)
"""Of Piper's voice joe, unless it speaks in fp32."""


def voice_network(name: str, repository: Path, folder: Path) -> Network:
    """Return the network of a voice of a repository in HayaKoe's layout, prepared in ``folder`` up to the choice.

    Raises:
        UsageError: there is no such voice.
        HayakoeError: a file is damaged, or the voice fails.
    """
    place = repository / "onnx" / "speakers" / name
    if not place.is_dir():
        raise UsageError(f"--voice: there is no {place}: give NAME=FOLDER of what script/make_test_repo makes")
    files, read = read_voice(place), japanese().read
    bert = Bert(repository / "onnx" / "bert" / "q8" / "bert_q8.onnx", repository / "bert" / "tokenizer")
    maker = InputMaker(name, files.config, files.style_vectors, bert)
    known = rehearsed(maker, read)
    heard = [maker.inputs(read(text), SynthesisParams()) for text in SENTENCES]
    before = simplified(JP_EXTRA, JP_EXTRA.cut(JP_EXTRA.read(files.model)))
    now, _ = in_fastest_dimensions(JP_EXTRA, before, files.model, folder)
    found = rehearse(now.graphs, replace(known, held_out=[*known.held_out, *heard]), files.model)
    return Network(
        {BEFORE: _without_encoder(before.graphs), FP32: _without_encoder(now.graphs)},
        replace(found, held_out=found.held_out[: -len(heard)]),
        found.held_out[-len(heard) :],
    )


def speech_network(voice: Network, place: Path) -> Network | None:
    """Return the decoder of a voice alone, that says all sentences as mei and Kokoro say them.

    None where it takes no spectra, as that of script/make_test_repo --decoder trained does, or Kokoro is not installed.
    """
    if not (place / UNFOLD).exists():
        return None
    feeds = voice.heard[0]
    try:
        calibration, judging, heard = (
            [{**feeds, cutting.LATENT: latent(speak(text), place)} for text in texts for speak in SPEAKERS]
            for texts in (rehearsal.CALIBRATION, rehearsal.HELD_OUT, SENTENCES)
        )
    except FileNotFoundError as error:
        print(f"real speech is left out: {error}", file=sys.stderr)
        return None
    parts = [{**each, cutting.LATENT: part(each[cutting.LATENT], number)} for number, each in enumerate(calibration)]
    found = replace(voice.rehearsal, calibration={"decoder": parts}, timed=calibration[0], held_out=judging)
    return Network({form: {"decoder": graphs["decoder"]} for form, graphs in voice.fp32.items()}, found, heard)


def joe_network(folder: Path) -> Network:
    """Return the network of Piper's voice joe, prepared in ``folder`` up to the choice.

    Raises:
        UsageError: script/peer has not installed it.
    """
    try:
        stages, found, heard = trained_joe()
    except FileNotFoundError as error:
        raise UsageError(f"--joe: {error}") from None
    latents = found.calibration["decoder"]
    samples = [{**feeds, **latent} for feeds, latent in zip(found.calibration["flow"], latents, strict=True)]
    before = {name: simplify(graph, samples[:3]) for name, graph in _without_encoder(stages.graphs).items()}
    now = {}
    for name, graph in before.items():
        known = forms(graph, cores())
        now[name] = known[fastest(known, samples[:3], samples[:3], origin=found.origin, folder=folder)[0]]
    return Network({BEFORE: before, FP32: now}, found, heard)


def measure(network: Network, goals: Goals, folder: Path) -> list[Figure]:
    """Return the figures of what ``auto`` chooses; where that is fp32, of what int8 is where it is forced, too.

    Args:
        network: the voice.
        goals: of the times.
        folder: an existing folder for what is loaded.

    Raises:
        HayakoeError: the voice fails.
    """
    figures, chosen = [], dict(network.fp32)
    for precision in ("auto", "int8"):
        graphs, plan, is_int8 = _chosen(network, precision)
        figures.append(plan)
        if is_int8:
            chosen[precision] = graphs
            figures += [replace(each, what=f"{precision}: {each.what}") for each in _heard(network, graphs)]
            break
    return [*figures, *_times(network, chosen, goals, folder)]


def _chosen(network: Network, precision: Precision) -> tuple[Graphs, Figure, bool]:
    """Return what the program chooses, how much of it is int8, and whether any is."""
    graphs, report = choose(network.fp32[FP32], lambda: network.rehearsal, precision)
    is_int8 = report["chosen"] == "int8"
    share = 100 * report["plans"][-1]["share"] if is_int8 else 0.0
    return graphs, Figure(f"{precision}: arithmetic in int8", share, "%", report["reason"]), is_int8


def _heard(network: Network, graphs: Graphs) -> list[Figure]:
    """Return how far the sound of ``graphs`` is from that of fp32."""
    rate = network.rehearsal.sample_rate
    expected, found = _spoken(network, network.fp32[FP32]), _spoken(network, graphs)
    whole = quality.compare(np.concatenate(expected), np.concatenate(found), rate)
    return [
        Figure("noise to mask, mean", whole.noise_to_mask, "dB", f"{quality.MOST_NOISE:g} at most"),
        Figure("noise to mask, 95 % of frames", whole.noise_to_mask_95, "dB", f"{quality.MOST_NOISE_95:g} at most"),
        Figure("frames over the mask", 100 * whole.over_mask, "%", f"{100 * quality.MOST_OVER_MASK:g} at most"),
        *_pauses(whole),
        Figure("log-spectral distance", whole.distance, "dB", ""),
        Figure("signal to noise", whole.snr, "dB", ""),
        *_opinions(expected, found, rate),
    ]


def _pauses(found: Quality) -> list[Figure]:
    if found.silence is None:
        return []
    return [Figure("level in pauses", found.silence, "dBFS", f"of fp32: {found.reference_silence:.1f}")]


def _opinions(expected: Sequence[Waveform], found: Sequence[Waveform], rate: int) -> list[Figure]:
    """Return what models of listeners think of each sentence; nothing where they are not installed."""
    try:
        folder_of("speechmos")
        let_import("pesq")
    except FileNotFoundError as error:
        print(f"PESQ and DNSMOS are left out: {error}", file=sys.stderr)
        return []
    pesq = [ears.pesq(one, other, rate) for one, other in zip(expected, found, strict=True)]
    dnsmos = [ears.dnsmos(other, rate) - ears.dnsmos(one, rate) for one, other in zip(expected, found, strict=True)]
    return [
        Figure("PESQ, mean of sentences", statistics.mean(pesq), "", "4.4 at least"),
        Figure("PESQ, lowest", min(pesq), "", ""),
        Figure("DNSMOS less that of fp32", 1000 * statistics.mean(dnsmos), "1/1000", "-20 to 20"),
        Figure("standard error of that", 1000 * _standard_error(dnsmos), "1/1000", f"{len(dnsmos)} sentences"),
    ]


def _times(network: Network, chosen: Mapping[str, Graphs], goals: Goals, folder: Path) -> list[Figure]:
    """Return how many times as fast as each form before it a form is, on the first sentences, in turn."""
    loaded = {form: _loaded(graphs, network.rehearsal.origin, folder / form) for form, graphs in chosen.items()}
    sentences = [{**feeds, cutting.LATENT: _latent(loaded[FP32], feeds)} for feeds in network.heard[:_TIMED]]
    runs: dict[str, Callable[[Mapping[str, LoadedStage]], timing.Run]] = {
        "decoder": lambda stages: lambda feeds: decode(stages["decoder"], feeds[cutting.LATENT], feeds),
    }
    if "flow" in network.fp32[FP32]:
        runs["flow and decoder"] = lambda stages: partial(_speak, stages)
    figures = []
    for what, run in runs.items():
        seconds = _shortest({form: run(each) for form, each in loaded.items()}, sentences)
        wanted = {("decoder", BEFORE): goals.decoder, ("flow and decoder", FP32): goals.both}
        figures += [
            Figure(
                f"{form}: {what}, speed over {other}",
                seconds[other] / seconds[form],
                "times",
                f"{goal:g} at least" if (goal := wanted.get((what, other))) and form not in network.fp32 else "",
            )
            for position, form in enumerate(seconds)
            for other in list(seconds)[:position]
        ]
    return figures


def _shortest(runs: Mapping[str, timing.Run], sentences: Sequence[Feeds]) -> dict[str, float]:
    times = [timing.measure(runs, sentences, budget=_TIMING) for _ in range(_REPEATED)]
    return {form: min(each[form] for each in times) for form in runs}


def _spoken(network: Network, graphs: Graphs) -> list[Waveform]:
    stages = {name: Session(graph, network.rehearsal.origin) for name, graph in graphs.items()}
    return [_speak(stages, feeds) for feeds in network.heard]


def _speak(stages: Mapping[str, LoadedStage], feeds: Feeds) -> Waveform:
    return decode(stages["decoder"], _latent(stages, feeds), feeds)


def _latent(stages: Mapping[str, LoadedStage], feeds: Feeds) -> npt.NDArray[np.float32]:
    """Return what the decoder takes."""
    return turn(stages["flow"], feeds) if "flow" in stages else feeds[cutting.LATENT]


def _loaded(graphs: Graphs, origin: Path, folder: Path) -> dict[str, LoadedStage]:
    """Return sessions as a voice runs them."""
    folder.mkdir(parents=True)
    return {name: timing.load(graph, folder / f"{name}.onnx", origin) for name, graph in graphs.items()}


def _without_encoder(graphs: Graphs) -> Graphs:
    return {name: graphs[name] for name in ("flow", "decoder")}


def _standard_error(values: Sequence[float]) -> float:
    return statistics.stdev(values) / math.sqrt(len(values))
