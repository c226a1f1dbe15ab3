"""SharedBert: the one BERT of all voices, fetched from where one of them is."""

import threading
from collections.abc import Callable
from pathlib import Path

from wyoming_hayakoe.engine.jp_extra.bert import Bert
from wyoming_hayakoe.sources.location import DEFAULT, parse
from wyoming_hayakoe.sources.source import AbsentError, Progress, Source, UncachedError


class SharedBert:
    """The one BERT, which is all voices': it takes more memory than any of them. Safe to use from several threads."""

    def __init__(
        self, source: str | None, open_source: Callable[..., Source], make: Callable[[Path, Path], Bert]
    ) -> None:
        """Take it from ``source``, else from where the first voice is.

        Args:
            source: a repository.
            open_source: opens a URI, with or without ``offline``.
            make: makes it of graph and vocabulary.

        Raises:
            UsageError: ``source`` is none.
        """
        self._source = parse(source).uri if source else None
        self._open_source = open_source
        self._make = make
        self._bert: Bert | None = None
        self._lock = threading.Lock()
        self._is_fresh = False

    def get(self, uri: str, progress: Progress | None, *, offline: bool) -> Bert:
        """Return it for a voice of the source ``uri``, after fetching what is not here.

        Raises:
            HayakoeError: it cannot be had.
        """
        if self._bert is not None and (offline or self._is_fresh):
            return self._bert
        with self._lock:
            model, tokenizer = self._fetch(self._source or uri, progress, offline=offline)
            if self._bert is None or self._bert.model != model:
                self._bert = self._make(model, tokenizer)
            self._is_fresh = self._is_fresh or not offline
            return self._bert

    def _fetch(self, uri: str, progress: Progress | None, *, offline: bool) -> tuple[Path, Path]:
        """Return graph and vocabulary from where a voice is; else HayaKoe's own, since few places have one."""
        source = self._open_source(uri, offline=offline)
        try:
            return source.fetch("onnx/bert/q8", progress) / "bert_q8.onnx", source.fetch("bert/tokenizer", progress)
        except (AbsentError, UncachedError):
            if self._source or uri == DEFAULT:
                raise
        return self._fetch(DEFAULT, progress, offline=offline)
