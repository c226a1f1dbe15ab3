"""Models in the form in which they start and run fastest, made once for this machine and kept on disk.

Below ``compiled/`` in the data directory, each voice and the BERT has an artifact for each configuration::

    NAME-KEY/report.json   of what it was made, how, and how that compares with the source
    NAME-KEY/*.onnx        graphs that ONNX Runtime has optimised for this machine; it runs them as they are
    NAME-KEY/*.data        their weights, which it maps into memory
    hashes/                the contents of sources, so that they are not read at each start
    proofs/                which sources may be loaded at all

What is made, and how, is in the recipe that a kind of voice brings.
"""

import errno
import hashlib
import logging
import os
import re
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from wyoming_hayakoe.disk import stamp
from wyoming_hayakoe.engine.graphs.model_file import model_files
from wyoming_hayakoe.engine.prepare.artifact import INCOMING, Artifact, clear_abandoned
from wyoming_hayakoe.engine.prepare.bert_graph import Bits
from wyoming_hayakoe.engine.prepare.precision import Precision
from wyoming_hayakoe.engine.prepare.proofs import Proofs, Prove, content_of_files
from wyoming_hayakoe.engine.prepare.reports import REPORT, Accepts, Report, anything, is_seconds, nothing
from wyoming_hayakoe.engine.runtime.cpu import instruction_set
from wyoming_hayakoe.errors import HayakoeError, in_brief

_LOGGER = logging.getLogger(__name__)

# Another number whenever the same source would be made into something else.
_FORMAT = 3


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one model is prepared."""

    name: str
    """The voice's name, or what else the log calls the model."""

    model: Path
    """The published graph; its external data is beside it."""

    options: Mapping[str, Any]
    """The part of the configuration that decides what is made, for JSON."""

    make: Callable[[Path], Mapping[str, Any]]
    """Writes the graphs into an empty folder, and returns the report on them for JSON."""

    prove: Prove | None
    """Tries the published graph in a process of its own; None for a model that is no graph."""

    accepts: Accepts = anything
    """Whether what this kind of model reads is in a report that :attr:`make` may have returned, here or elsewhere."""

    parts: Sequence[Path] = ()
    """The files of a model that is published in several, in their order; :attr:`model` is the first of them then."""

    room: int = 3
    """How often the size of the files making takes on the disk: beside what is being made lies what it is made of; of
    the BERT, that is twice its size."""

    replaces: Accepts = nothing
    """Whether an artifact of the same model, by its report, is of no use any more once this one is made."""

    @property
    def files(self) -> Sequence[Path]:
        """All files of the published model that are here."""
        return self.parts or model_files(self.model)


class Compiler:
    """Makes artifacts, finds them again, and removes those that are outdated. Safe to use from several threads."""

    def __init__(
        self,
        folder: Path,
        precision: Precision = "auto",
        *,
        bert_bits: Bits = 8,
        enabled: bool = True,
        proofs: Proofs | None = None,
    ) -> None:
        """Keep artifacts in ``folder``; a compiler that is not ``enabled`` makes and finds none.

        Args:
            folder: need not exist yet.
            precision: of the voices.
            bert_bits: of a weight of the BERT.
            enabled: False where models run as they are published.
            proofs: see :attr:`proofs`.
        """
        self.precision: Precision = precision
        self.bert_bits: Bits = bert_bits
        self.is_enabled = enabled
        self.proofs = proofs
        """Those without which no published graph is loaded; None where its user knows where it is from."""

        self._folder = folder
        self._hashes = folder / "hashes"
        # A list of voices asks for all of them, again and again, and checking one reads some megabytes.
        self._seen: dict[Path, tuple[str, Artifact | None]] = {}

    def prove(self, recipe: Recipe) -> None:
        """Return if the published graph may be loaded by this process; the first time that is tried in another one.

        Raises:
            UnprovedError: it may not.
            HayakoeError: it cannot be read.
        """
        if self.proofs is not None and recipe.prove is not None:
            self.proofs.require(recipe.model, recipe.prove)

    def has_proof(self, recipe: Recipe) -> bool:
        """Return whether the published graph may be loaded; False where only trying it, or reading all, could tell.

        Raises:
            HayakoeError: it cannot be read.
        """
        return self.proofs is None or recipe.prove is None or self.proofs.has(recipe.model, recipe.prove)

    def make(self, recipe: Recipe) -> Artifact:
        """Return the artifact of this configuration, made at the first time.

        Raises:
            HayakoeError: the model cannot be read, fails, or the folder cannot keep the artifact.
        """
        made_of = self._made_of(recipe, self._content(recipe))
        folder = self._place(recipe, made_of)
        is_new = not folder.exists()
        if is_new:
            clear_abandoned(self._folder)
        try:
            make = partial(self._make, recipe, made_of)
            artifact = Artifact.ensure(folder, make, _of(recipe, made_of))
        except OSError as error:
            raise UnkeptError(
                f"{recipe.name}: cannot be kept prepared in {self._folder} ({error.strerror or error}): make room or "
                "change its permissions, or choose another folder with --data-dir"
            ) from error
        if is_new:
            self._prune(folder, made_of, recipe.replaces)
        return artifact

    def find(self, recipe: Recipe) -> Artifact | None:
        """Return the artifact of this configuration; None where there is none, or only reading all could tell."""
        if (content := self._content(recipe, only_remembered=True)) is None:
            return None
        made_of = self._made_of(recipe, content)
        folder = self._place(recipe, made_of)
        seen = stamp(folder)
        if self._seen.get(folder, ("", None))[0] != seen:
            self._seen[folder] = seen, Artifact.open(folder, _of(recipe, made_of))
        return self._seen[folder][1]

    def knows(self, recipe: Recipe) -> bool:
        """Return whether the model's content is remembered; where it is not, :meth:`find` finds nothing.

        Raises:
            HayakoeError: the model cannot be read.
        """
        return self._content(recipe, only_remembered=True) is not None

    def available(self, recipe: Recipe) -> list[Artifact]:
        """Return all artifacts of the same model for this machine, also of other options, ONNX Runtimes and formats.

        The likest come first: that of this configuration, then those with its options, then the newest.

        Raises:
            HayakoeError: the model cannot be read.
        """
        made_of = self._made_of(recipe, self._content(recipe))
        current = self._place(recipe, made_of)
        fits = _of(recipe, {key: made_of[key] for key in ("content", "machine")})
        found = [Artifact.open(path.parent, fits) for path in self._folder.glob(f"*/{REPORT}")]
        same = [artifact for artifact in found if artifact is not None]

        def likeness(artifact: Artifact) -> tuple[bool, bool, float]:
            has_same_options = artifact.report.get("options") == made_of["options"]
            return artifact.folder == current, has_same_options, artifact.made_at

        return sorted(same, key=likeness, reverse=True)

    def _content(self, recipe: Recipe, *, only_remembered: bool = False) -> str | None:
        """Return the hash of what a model's files hold, see :func:`content_of_files`."""
        return content_of_files(recipe.files, recipe.model, self._hashes, only_remembered=only_remembered)

    def _made_of(self, recipe: Recipe, content: str | None) -> dict[str, Any]:
        """Return all that decides what an artifact holds, and the model's path."""
        import onnxruntime

        return {
            "model": str(recipe.model),
            "content": content,
            "format": _FORMAT,
            "runtime": onnxruntime.__version__,
            "machine": instruction_set(),
            "options": dict(recipe.options),
        }

    def _make(self, recipe: Recipe, made_of: Mapping[str, Any], folder: Path) -> dict[str, Any]:
        self.prove(recipe)
        _check_room(folder, recipe)
        _LOGGER.info("%s: being prepared for this machine; this happens once and takes a while", recipe.name)
        start = time.monotonic()
        try:
            notes = recipe.make(folder)
        except (HayakoeError, OSError):
            raise
        except Exception as error:
            reason = f"{type(error).__name__}: {in_brief(error)}"
            raise HayakoeError(f"{recipe.model}: cannot be prepared ({reason}): choose another voice") from error
        seconds = round(time.monotonic() - start, 1)
        _LOGGER.info("%s: prepared in %.0f s%s", recipe.name, seconds, _precision(notes))
        return {"name": recipe.name, **made_of, "seconds": seconds, **notes}

    def _place(self, recipe: Recipe, made_of: Mapping[str, Any]) -> Path:
        """Return the folder in which an artifact is or would be; the same source under another name is made once."""
        decisive = repr([value for key, value in made_of.items() if key != "model"])
        key = hashlib.sha256(decisive.encode()).hexdigest()[:16]
        label = re.sub(r"[^\w.]+", "-", recipe.name)[:40]
        made = next((path.parent for path in self._folder.glob(f"*-{key}/{REPORT}")), None)
        return made or self._folder / f"{label}-{key}"

    def _prune(self, made: Path, made_of: Mapping[str, Any], replaces: Accepts) -> None:
        """Remove what the artifact in ``made``, which is there now, replaces, and what nothing can use any more.

        That is an artifact that is damaged, or whose model is gone.

        A process that has opened one keeps it: its files are mapped, and go when the last process lets go of them.
        """
        for folder in self._folder.iterdir():
            if folder == made or folder.suffix == INCOMING or not (folder / REPORT).exists():
                continue
            artifact = Artifact.open(folder) or Artifact(folder, {})
            report = artifact.report
            is_same = report.get("model") == made_of["model"]
            is_other = any(report.get(key) != made_of[key] for key in ("content", "format", "runtime"))
            is_outdated = is_same and (is_other or replaces(report))
            if is_outdated or not report or not Path(str(report.get("model", ""))).exists():
                _LOGGER.debug("%s: is outdated and is removed", folder)
                artifact.discard()


def _precision(notes: Mapping[str, Any]) -> str:
    """Return the precision that was chosen for a voice, and why; "" for a model without a choice."""
    choice = notes.get("choice")
    return f"; {choice['chosen']}: {choice['reason']}" if choice else ""


class UnkeptError(HayakoeError):
    """The folder of artifacts does not take one: it is full, or may not be written."""


def _of(recipe: Recipe, made_of: Mapping[str, Any]) -> Accepts:
    """Return what accepts reports on a recipe's model that was made of this; the path it had does not matter."""
    decisive = {key: value for key, value in made_of.items() if key != "model"}

    def accepts(report: Report) -> bool:
        is_same = all(report.get(key) == value for key, value in decisive.items())
        return is_same and is_seconds(report.get("seconds")) and recipe.accepts(report)

    return accepts


def _check_room(folder: Path, recipe: Recipe) -> None:
    """Raise OSError where the disk cannot hold what is going to be made: ONNX Runtime would only say that it failed."""
    needed = sum(path.stat().st_size for path in recipe.files) * recipe.room
    if shutil.disk_usage(folder).free < needed:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
