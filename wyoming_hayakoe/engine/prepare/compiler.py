"""Graphs in the form in which they start and run fastest, made once and kept on disk.

Below ``compiled/`` in the data directory, each voice and the BERT has an entry for each way of making it::

    NAME-KEY/report.json   of what it was made, how, and how that compares with the source
    NAME-KEY/*.onnx        graphs that ONNX Runtime has optimised for this machine; it runs them as they are
    NAME-KEY/*.data        their weights, which it maps into memory
    hashes/                the contents of sources, so that they are not read at each start
"""

import errno
import glob
import hashlib
import logging
import os
import re
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wyoming_hayakoe.engine.graphs import cutting
from wyoming_hayakoe.engine.graphs.cutting import Stages, UncuttableError
from wyoming_hayakoe.engine.jp_extra.synthesizer import read_synthesizer
from wyoming_hayakoe.engine.prepare.artifact import REPORT, Artifact, content_hash
from wyoming_hayakoe.engine.prepare.bert_graph import Bits, make_bert
from wyoming_hayakoe.engine.prepare.int8_trial import Rehearsal
from wyoming_hayakoe.engine.prepare.precision import Precision, choose
from wyoming_hayakoe.engine.prepare.simplify import remark, simplify
from wyoming_hayakoe.engine.runtime.cpu import instruction_set
from wyoming_hayakoe.engine.runtime.session import Feeds, optimise
from wyoming_hayakoe.errors import HayakoeError

if TYPE_CHECKING:
    from onnx import ModelProto

_LOGGER = logging.getLogger(__name__)

# Another number whenever the same source would be made into something else.
_FORMAT = 2


@dataclass(frozen=True, slots=True)
class Compiled:
    """An entry that is whole."""

    folder: Path
    report: dict[str, Any]

    def graph(self, name: str) -> Path:
        """Return where the graph of a stage is."""
        return self.folder / f"{name}.onnx"


class Compiler:
    """Makes entries, finds them again, and removes those of sources that have changed."""

    def __init__(
        self, folder: Path, precision: Precision = "auto", *, bert_bits: Bits = 8, enabled: bool = True
    ) -> None:
        """Keep entries in ``folder``; one that is not ``enabled`` has none."""
        self._folder = folder
        self._precision = precision
        self._bert_bits: Bits = bert_bits
        self._enabled = enabled
        self._refused: set[Path] = set()

    def voice(self, name: str, model: Path, rehearsal: Callable[[], Rehearsal]) -> Compiled | None:
        """Return the stages of a synthesizer, made at the first time; None where they have to be made in memory.

        Raises:
            HayakoeError: the graph cannot be read.
        """
        return self._entry(name, model, self._voice_options, lambda folder: self._make_voice(model, rehearsal, folder))

    def bert(self, model: Path, samples: Callable[[], Sequence[Feeds]]) -> Compiled | None:
        """Return the BERT likewise; ``samples`` are sentences by which it is proven."""
        options = {"bits": self._bert_bits}
        return self._entry("bert", model, options, lambda folder: make_bert(model, samples, self._bert_bits, folder))

    @property
    def is_enabled(self) -> bool:
        """Whether there are entries at all."""
        return self._enabled

    def voice_report(self, name: str, model: Path) -> dict[str, Any] | None:
        """Return the report of what :meth:`voice` has at hand; None where it would have to read or make much."""
        if (content := _content(model, self._folder / "hashes", only_remembered=True)) is None:
            return None
        return self._find(name, model, content, self._voice_options)[0].report()

    def discard(self, compiled: Compiled) -> None:
        """Remove an entry that does not load."""
        _LOGGER.warning("%s: does not load; making it anew", compiled.folder)
        Artifact(compiled.folder).discard()

    @property
    def _voice_options(self) -> dict[str, Any]:
        return {"precision": self._precision}

    def _find(
        self, name: str, model: Path, content: str | None, options: dict[str, Any]
    ) -> tuple[Artifact, dict[str, Any]]:
        """Return where an entry is or would be, and what it is made of."""
        import onnxruntime

        made_of = {
            "model": str(model),
            "content": content,
            "format": _FORMAT,
            "runtime": onnxruntime.__version__,
            "machine": instruction_set(),
            "options": options,
        }
        decisive = repr([value for key, value in made_of.items() if key != "model"])
        key = hashlib.sha256(decisive.encode()).hexdigest()[:16]
        label = re.sub(r"[^\w.]+", "-", name)[:40]
        # The same source under another name is not made twice.
        made = next((path.parent for path in self._folder.glob(f"*-{key}/{REPORT}")), None)
        return Artifact(made or self._folder / f"{label}-{key}"), made_of

    def _entry(
        self, name: str, model: Path, options: dict[str, Any], make: Callable[[Path], dict[str, Any]]
    ) -> Compiled | None:
        if not self._enabled:
            return None
        entry, made_of = self._find(name, model, _content(model, self._folder / "hashes"), options)

        # What the disk did not take once it is not asked to again: making takes minutes, and voices come and go.
        if entry.folder in self._refused:
            return None

        def make_and_note(folder: Path) -> dict[str, Any]:
            _check_room(folder, model)
            _LOGGER.info("%s: is being prepared for this machine, once; that takes a while", name)
            start = time.monotonic()
            notes = make(folder)
            seconds = round(time.monotonic() - start, 1)
            _LOGGER.info("%s: is prepared, after %.0f s", name, seconds)
            return {"name": name, **made_of, "seconds": seconds, **notes}

        is_new = not entry.folder.exists()
        try:
            report = entry.ensure(make_and_note)
        except OSError as error:
            self._warn(name, error.strerror or str(error))
        except HayakoeError as error:
            # Where the graph itself is at fault, that is told when it is loaded.
            self._warn(name, str(error))
        else:
            if is_new:
                self._prune(entry.folder, made_of)
            return Compiled(entry.folder, report)
        self._refused.add(entry.folder)
        return None

    def _warn(self, name: str, reason: str) -> None:
        _LOGGER.warning(
            "%s: cannot be kept prepared in %s (%s): it is prepared at each start, which takes longer",
            *(name, self._folder, reason),
        )

    def _make_voice(self, model: Path, rehearsal: Callable[[], Rehearsal], folder: Path) -> dict[str, Any]:
        try:
            stages = cutting.cut(read_synthesizer(model))
        except UncuttableError as error:
            return {"uncut": str(error), **_make_whole("whole", model, folder)}
        stages = simplify(stages)
        simplified = {name: remark(stage) for name, stage in _named(stages)}
        _LOGGER.info("simplified: %s", "; ".join(f"{name}: {said}" for name, said in simplified.items()))
        stages, choice = choose(stages, rehearsal, self._precision)
        nodes = {name: _optimise_stage(stage, folder / f"{name}.onnx", model) for name, stage in _named(stages)}
        return {
            "hop": stages.hop,
            "reach": stages.reach,
            "nodes": nodes,
            "simplified": simplified,
            "choice": choice,
        }

    def _prune(self, made: Path, made_of: dict[str, Any]) -> None:
        """Remove entries of sources that are gone or have changed, and those of another runtime for this one.

        Whoever has opened one keeps it: its files are mapped, and go when the last process lets go of them.
        """
        for folder in self._folder.iterdir():
            if folder == made or not (report := Artifact(folder).report()):
                continue
            model = Path(str(report.get("model", "")))
            is_same = report.get("model") == made_of["model"]
            is_outdated = is_same and any(report.get(key) != made_of[key] for key in ("content", "format", "runtime"))
            if is_outdated or not model.exists():
                _LOGGER.info("%s: is outdated and goes", folder)
                Artifact(folder).discard()


def _named(stages: Stages) -> list[tuple[str, "ModelProto"]]:
    return [("encoder", stages.encoder), ("flow", stages.flow), ("decoder", stages.decoder)]


def _make_whole(name: str, model: Path, folder: Path) -> dict[str, Any]:
    return {"nodes": {name: optimise(model, folder / f"{name}.onnx", model)}}


def _content(model: Path, memo: Path, *, only_remembered: bool = False) -> str | None:
    try:
        return content_hash(_files(model), memo, only_remembered=only_remembered)
    except OSError as error:
        raise HayakoeError(f"{model}: cannot be read ({error.strerror}): fetch the voice again") from None


def _files(model: Path) -> list[Path]:
    """Return a graph's file and those of its external data."""
    return [path for path in sorted(model.parent.glob(f"{glob.escape(model.name)}*")) if path.is_file()]


def _check_room(folder: Path, model: Path) -> None:
    """Raise OSError where the disk cannot hold what is going to be made: ONNX Runtime would only say that it failed.

    Beside what is being made lies what it is made of; of the BERT, that is twice its size.
    """
    needed = sum(path.stat().st_size for path in _files(model)) * 3
    if shutil.disk_usage(folder).free < needed:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _optimise_stage(stage: "ModelProto", target: Path, origin: Path) -> int:
    """Write an optimised stage and return its number of nodes."""
    source = target.with_suffix(".source")
    source.write_bytes(stage.SerializeToString())
    try:
        return optimise(source, target, origin)
    finally:
        source.unlink()
