"""The forms of a model that are here: prepared for this configuration, prepared earlier, and as published."""

import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, TypeVar

from wyoming_hayakoe.engine.prepare.artifact import Artifact
from wyoming_hayakoe.engine.prepare.compiler import Compiler, Recipe, UnkeptError
from wyoming_hayakoe.engine.prepare.pace import forecast
from wyoming_hayakoe.engine.prepare.proofs import UnprovedError
from wyoming_hayakoe.errors import HayakoeError, in_brief

_LOGGER = logging.getLogger(__name__)

Model = TypeVar("Model")


class Forms:
    """Makes the form for this configuration, and opens the best form that is here. Safe to use from several threads."""

    def __init__(self, compiler: Compiler, recipe: Recipe) -> None:
        """Look into ``compiler``'s folder for what ``recipe`` makes."""
        self._compiler = compiler
        self._recipe = recipe
        self._making = threading.Lock()
        self._failed = False
        self._said = False
        self._opened: Artifact | None = None
        self.runs_as_it_is = False
        """Whether :meth:`open` takes what is here, instead of making the form for this configuration first."""

    @property
    def is_compiled(self) -> bool:
        """Whether the form for this configuration is on disk, or none is to be made of a graph that may be loaded."""
        return self.report is not None if self._compiler.is_enabled else self._compiler.has_proof(self._recipe)

    @property
    def can_open(self) -> bool:
        """Whether :meth:`take_what_is_here` takes something, as far as that is known without reading the model."""
        if not self._compiler.knows(self._recipe):
            return False
        return self._compiler.has_proof(self._recipe) or self._has_any

    @property
    def is_missing(self) -> bool:
        """Whether the form for this configuration is known to be absent, without reading all of the model."""
        return not self.is_compiled and self._compiler.knows(self._recipe)

    @property
    def report(self) -> Mapping[str, Any] | None:
        """How the form for this configuration was made; None where it is not on disk."""
        found = self._compiler.find(self._recipe) if self._compiler.is_enabled else None
        return found.report if found else None

    @property
    def has_better(self) -> bool:
        """Whether the form for this configuration is on disk, and another one was opened."""
        found = self._compiler.find(self._recipe) if self._compiler.is_enabled else None
        return found is not None and (self._opened is None or self._opened.folder != found.folder)

    def compile(self) -> None:
        """Make the form for this configuration and keep it; where none is to be made, prove the published graph.

        Raises:
            HayakoeError: the model cannot be read, fails, or the form cannot be kept.
        """
        if not self._compiler.is_enabled:
            self._compiler.prove(self._recipe)
            return
        with self._making:
            self._compiler.make(self._recipe)
            self._failed = False

    def take_what_is_here(self) -> None:
        """Have :meth:`open` take the best of what is here from now on: a form of any configuration, else the graph.

        Raises:
            HayakoeError: no form is here, and the published graph may not be loaded.
        """
        if not self._has_any:
            self._compiler.prove(self._recipe)
        self.runs_as_it_is = True

    @property
    def _has_any(self) -> bool:
        """Whether a form of any configuration is here."""
        return self._compiler.is_enabled and bool(self._compiler.available(self._recipe))

    def compile_or_warn(self) -> Artifact | None:
        """Return the form for this configuration, made if need be; None, with a warning at the first time, without.

        Raises:
            UnprovedError: the graph may not be loaded at all.
        """
        if not self._compiler.is_enabled:
            return None
        with self._making:
            # What failed once is not tried again: making takes minutes, and voices leave and enter memory.
            if self._failed:
                return None
            try:
                return self._compiler.make(self._recipe)
            except UnprovedError:
                raise
            except UnkeptError as error:
                _LOGGER.warning("%s; until then it runs unprepared, and slower", error)
            except HayakoeError as error:
                _LOGGER.warning("%s: cannot be prepared, and runs as it is: %s", self._recipe.name, error)
            self._failed = True
            return None

    def open(self, load: Callable[[Artifact | None], Model]) -> Model:
        """Return what ``load`` makes of the best form: of an artifact, or, given None, of the published file.

        Raises:
            HayakoeError: not even the published file loads.
        """
        opened = self._open_as_it_is(load) if self.runs_as_it_is else self._open_compiled(load)
        if opened is not None:
            self._opened, model = opened
            self._say_if_slow(self._opened)
            return model
        self._opened = None
        self._compiler.prove(self._recipe)
        return self._loaded(load, None)

    def _say_if_slow(self, artifact: Artifact) -> None:
        """Log once that a voice begins later, since it is slower than its sound."""
        found = forecast(artifact.report)
        if found and found.line and not self._said:
            self._said = True
            _LOGGER.warning("%s: %s", self._recipe.name, found.line)

    def _open_compiled(self, load: Callable[[Artifact | None], Model]) -> tuple[Artifact, Model] | None:
        for _ in range(2):
            if (artifact := self.compile_or_warn()) is None:
                break
            try:
                return artifact, self._loaded(load, artifact)
            except HayakoeError:
                _LOGGER.warning("%s: does not load; making it anew", artifact.folder)
                artifact.discard()
        return None

    def _open_as_it_is(self, load: Callable[[Artifact | None], Model]) -> tuple[Artifact, Model] | None:
        if self._compiler.is_enabled:
            for artifact in self._compiler.available(self._recipe):
                # An earlier one may be of a format, or of an ONNX Runtime, that is not understood here.
                with suppress(HayakoeError):
                    return artifact, self._loaded(load, artifact)
        return None

    def _loaded(self, load: Callable[[Artifact | None], Model], artifact: Artifact | None) -> Model:
        """Return what ``load`` makes; whatever it raises, which an odd graph or report decides, becomes one line."""
        try:
            return load(artifact)
        except HayakoeError:
            raise
        except Exception as error:
            what = artifact.folder if artifact else self._recipe.model
            reason = f"{type(error).__name__}: {in_brief(error)}"
            raise HayakoeError(f"{what}: cannot be loaded ({reason}): choose another voice") from error
