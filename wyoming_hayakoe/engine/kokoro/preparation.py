"""Preparation of a voice of Kokoro: its graph is divided, put in int8 where that is not heard, optimised, and timed.

It takes seconds, and holds little more than the published graph and one stage: each is written and dropped before the
next one is made.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from wyoming_hayakoe.engine.graphs.checks import check
from wyoming_hayakoe.engine.graphs.model_file import read_model
from wyoming_hayakoe.engine.kokoro import fitted, int8
from wyoming_hayakoe.engine.kokoro.division import divided
from wyoming_hayakoe.engine.kokoro.line_prosody import SECONDS
from wyoming_hayakoe.engine.kokoro.networks import GRAPHS, KokoroNetworks, loadable, read_published
from wyoming_hayakoe.engine.kokoro.phonemes import Line
from wyoming_hayakoe.engine.kokoro.synthesizer import EDGE, OVERLAP, try_tokens
from wyoming_hayakoe.engine.kokoro.trial import FP32, INT8, FormTrial, Paths
from wyoming_hayakoe.engine.kokoro.voice_files import KokoroFiles
from wyoming_hayakoe.engine.prepare.compiler import Recipe
from wyoming_hayakoe.engine.prepare.pace import accepts_pace, as_json
from wyoming_hayakoe.engine.prepare.precision import Precision
from wyoming_hayakoe.engine.prepare.reports import Report, lists
from wyoming_hayakoe.engine.runtime.cpu import has_little_memory
from wyoming_hayakoe.engine.runtime.heap import give_back
from wyoming_hayakoe.engine.runtime.session import Execution, optimise

if TYPE_CHECKING:
    from onnx import ModelProto

_LOGGER = logging.getLogger(__name__)

# Tokens of what a graph from elsewhere speaks to be tried, the longest of which only begins.
_TRIED, _LONGEST = 50, 510

# Of a graph in dynamic int8: its stages in fp32, in int8, and the largest of them twice.
_ROOM = 5


@dataclass(frozen=True, slots=True)
class KokoroRehearsal:
    """What a voice is judged and timed by."""

    line: Callable[[], Line]
    """Reads the sentence by which int8 is judged, and the pace is measured."""

    execution: Execution
    """The configuration of the sessions whose pace is measured."""


def recipe(name: str, files: KokoroFiles, precision: Precision, rehearsal: KokoroRehearsal) -> Recipe:
    """Return how a voice is prepared.

    What was fitted for a voice is part of its form; where nothing was, the form is that of all voices of the graph.
    """
    digest = None if precision == FP32 else fitted.digest(files.fitted_voice)
    options = {"precision": precision, "fitted": [files.voice, digest] if digest else None}

    def replaces(report: Report) -> bool:
        """Return whether an earlier form was made with what was fitted for this voice in another version."""
        earlier = report.get("options")
        mine = earlier.get("fitted") if isinstance(earlier, dict) else None
        return isinstance(mine, list) and mine[:1] == [files.voice] and bool(digest) and mine[1:] != [digest]

    return Recipe(
        name,
        files.model[0],
        options,
        partial(make, files, precision, rehearsal),
        prove=prove_kokoro if files.sha256 is None else None,
        accepts=accepts,
        room=_ROOM,
        parts=files.model if len(files.model) > 1 else (),
        replaces=replaces,
    )


def make(files: KokoroFiles, precision: Precision, rehearsal: KokoroRehearsal, folder: Path) -> dict[str, Any]:
    """Write the optimised stages of a voice into ``folder``; return the report for JSON.

    Raises:
        HayakoeError: a file is missing or damaged, the graph is no Kokoro, or it fails.
    """
    with TemporaryDirectory(dir=folder) as name:
        place = Path(name)
        share = _write(files, precision, place)
        nodes = {}
        for path in sorted(place.glob("*/*.onnx")):
            nodes[_optimised(path)] = optimise(path, _optimised(path), files.model[0])
            for file in path.parent.glob(f"{path.stem}.*"):
                file.unlink()
            give_back()
        forms = {form: _paths(place, form) for form in (FP32, INT8) if (place / form).exists()}
        trial = FormTrial(files, rehearsal.line(), rehearsal.execution)
        choice, pace = trial.choose(precision, forms, share)
        _LOGGER.debug("%s: %s", choice["chosen"], choice["reason"])
        chosen = forms[choice["chosen"]]
        counts = {name: nodes[path] for name, path in chosen.items()}
        for path in chosen.values():
            for file in path.parent.glob(f"{path.stem}.*"):
                file.rename(folder / file.name)
    return {"nodes": counts, "choice": choice, "pace": as_json(pace, seconds=SECONDS, overlap=OVERLAP, edge=EDGE)}


def accepts(report: Report) -> bool:
    """Return whether a report of :func:`make` has what is read of it."""
    choice = report.get("choice")
    return (
        isinstance(choice, dict)
        and all(isinstance(choice.get(key), str) for key in ("chosen", "reason"))
        and accepts_pace(report)
        and lists(report, *GRAPHS)
    )


def prove_kokoro(model: Path) -> None:
    """Load a published graph and let it speak, for :mod:`~.prepare.proofs`.

    Raises:
        HayakoeError: it is missing, damaged, no Kokoro, not to be trusted, or fails.
    """
    files = KokoroFiles("", (model,), None, model, {})
    check(
        read_model(model),
        model,
        {"tokens": (1, _LONGEST), "input_ids": (1, _LONGEST), "style": (1, 256), "speed": (1,)},
    )
    give_back()
    stages = KokoroNetworks.open(files, None, Execution(low_memory=has_little_memory()))
    try_tokens(stages, _TRIED, is_whole=True)
    try_tokens(stages, _LONGEST, is_whole=False)


def _write(files: KokoroFiles, precision: Precision, place: Path) -> float:
    """Write the stages into ``place``: all in fp32, and those that can be in int8; each in a folder of its form.

    Returns:
        The share of the convolutions' arithmetic that is in int8 there.
    """
    found = None if precision == FP32 else fitted.arrays(files.fitted_voice)
    before = after = 0
    for name, graph in divided(read_published(files)):
        if found is not None and (rounded := int8.quantized(name, graph, found)) is not None:
            before, after = before + _work(graph), after + _work(rounded)
            _save(loadable(name, rounded), place / INT8 / f"{name}.onnx")
            del rounded
        _save(loadable(name, graph), place / FP32 / f"{name}.onnx")
        # The next stage is made while this one would still be known.
        del graph
        give_back()
    return 1 - after / before if before else 0.0


def _save(graph: "ModelProto", path: Path) -> None:
    """Write a graph, and its weights beside it one after another, which takes less memory; it keeps none of them."""
    import onnx

    _optimised(path).parent.mkdir(parents=True, exist_ok=True)
    onnx.save_model(graph, path, save_as_external_data=True, location=f"{path.stem}.weights")


def _work(graph: "ModelProto") -> int:
    """Return the multiply-adds of the convolutions that are in fp32 and could be in int8."""
    return sum(each.work for each in int8.convolutions(graph).values())


def _optimised(path: Path) -> Path:
    """Return where the optimised form of a written stage is."""
    return path.parent / "optimised" / path.name


def _paths(place: Path, form: str) -> Paths:
    """Return the optimised stages of a form; those that have none in int8 are in fp32."""
    found = {name: _optimised(place / form / f"{name}.onnx") for name in GRAPHS}
    return {name: path if path.exists() else _optimised(place / FP32 / path.name) for name, path in found.items()}
