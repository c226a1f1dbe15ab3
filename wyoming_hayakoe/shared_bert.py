"""SharedBert: the one BERT of all voices, from the source of the first voice that has one."""

import threading
from collections.abc import Callable
from pathlib import Path

from wyoming_hayakoe.engine.jp_extra.bert import Bert
from wyoming_hayakoe.sources.location import DEFAULT, parse
from wyoming_hayakoe.sources.source import AbsentError, Progress, UncachedError
from wyoming_hayakoe.sources.visit import Visit

# Seconds for which a voice waits while another one fetches the BERT that both will use.
_LONGEST_WAIT = 60.0


class SharedBert:
    """The one BERT of all voices: it takes more memory than any of them. Safe to use from several threads."""

    def __init__(self, source: str | None, make: Callable[[Path, Path], Bert]) -> None:
        """Take it from the repository ``source``, else from that of the first voice.

        Raises:
            UsageError: ``source`` is none.
        """
        self._source = parse(source).uri if source else None
        self._make = make
        self._bert: Bert | None = None
        self.origin: str | None = None
        """The repository that the BERT is from."""

        self._is_checked = False
        self._lock = threading.Lock()
        self._fetching = threading.Lock()

    def get(self, uri: str, visit: Visit, progress: Progress | None) -> Bert:
        """Return it for a voice of the source ``uri``; online, it is looked for at its source once per process.

        Raises:
            HayakoeError: it is not here, or cannot be fetched.
        """
        if visit.offline:
            return self._bert or self._take(self._find(uri, visit, progress), is_newest=False)
        if self._bert is not None and self._is_checked:
            return self._bert
        # The first voice's is taken; but one whose source is slow keeps no other voice from its own for ever.
        is_alone = self._fetching.acquire(timeout=_LONGEST_WAIT)
        try:
            if self._bert is not None and self._is_checked:
                return self._bert
            found = self._take(self._find(uri, visit, progress), is_newest=not self._is_checked)
            self._is_checked = True
            return found
        finally:
            if is_alone:
                self._fetching.release()

    def _take(self, found: tuple[str, Path, Path], *, is_newest: bool) -> Bert:
        origin, model, tokenizer = found
        with self._lock:
            if self._bert is None or (is_newest and self._bert.model != model):
                self._bert, self.origin = self._make(model, tokenizer), origin
            return self._bert

    def _find(self, uri: str, visit: Visit, progress: Progress | None) -> tuple[str, Path, Path]:
        """Return repository, graph and vocabulary from a voice's source; else HayaKoe's, since few sources have one."""
        source = visit.source(self._source or uri)
        try:
            graph = source.fetch("onnx/bert/q8", progress) / "bert_q8.onnx"
            return self._source or uri, graph, source.fetch("bert/tokenizer", progress)
        except (AbsentError, UncachedError):
            if self._source or uri == DEFAULT:
                raise
        return self._find(DEFAULT, visit, progress)
