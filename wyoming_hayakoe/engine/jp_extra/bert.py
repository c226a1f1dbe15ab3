"""The character BERT that all voices share."""

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from wyoming_hayakoe.engine.graphs.checks import check
from wyoming_hayakoe.engine.graphs.model_file import read_model
from wyoming_hayakoe.engine.jp_extra.vocabulary import Vocabulary
from wyoming_hayakoe.engine.prepare import rehearsal
from wyoming_hayakoe.engine.prepare.artifact import Artifact
from wyoming_hayakoe.engine.prepare.bert_graph import Bits, make_bert
from wyoming_hayakoe.engine.prepare.compiler import Compiler, Recipe
from wyoming_hayakoe.engine.prepare.forms import Forms
from wyoming_hayakoe.engine.prepare.pace import accepts_pace, as_json, measured
from wyoming_hayakoe.engine.prepare.reports import Report, lists
from wyoming_hayakoe.engine.runtime.cpu import cores, has_little_memory
from wyoming_hayakoe.engine.runtime.heap import give_back
from wyoming_hayakoe.engine.runtime.session import Execution, Feeds, Session, shapes
from wyoming_hayakoe.engine.windows import Pace
from wyoming_hayakoe.errors import HayakoeError

Features = npt.NDArray[np.float32]
"""Features of each character and of the two ends: [characters + 2, 1024], read-only."""

_Loaded = tuple[Session, Vocabulary]

_INPUTS = {"input_ids", "attention_mask"}
_WIDTH = 1024

# Characters of the longest sentence that is read in one piece, nearly; its values do not decide what is computed.
_TRIED = 256

# Those of the texts by which the pace is measured, and the seconds that one lasts in speech.
_TIMED = (10, 40)
_CHARACTER = 0.15

# Some 4,000 characters: the sentences of an article, and those that a smart home repeats.
_KEPT_BYTES = 16 << 20


class Bert:
    """The model: features of texts, of which recent ones are kept. Safe to use from several threads."""

    def __init__(
        self, model: Path, tokenizer: Path, compiler: Compiler | None = None, execution: Execution | None = None
    ) -> None:
        """Name the graph and the folder with the vocabulary; both are read at first use.

        Args:
            model: the published graph.
            tokenizer: folder with vocab.txt or tokenizer.json.
            compiler: prepares the graph for this machine; without one it runs as published.
            execution: how the graph runs.
        """
        self._execution = execution
        self.model = model
        """Path of the published graph."""

        self._tokenizer = tokenizer
        compiler = compiler or Compiler(model.parent, enabled=False)
        bits = compiler.bert_bits
        make = partial(_make, model, tokenizer, bits, execution or Execution())
        recipe = Recipe("bert", model, {"bits": bits}, make, prove=prove_bert, accepts=_accepts)
        self._forms = Forms(compiler, recipe)
        self._loading = threading.Lock()
        self._loaded: _Loaded | None = None
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, ...], tuple[Features, ...]] = OrderedDict()
        self._kept_bytes = 0

    @property
    def is_ready(self) -> bool:
        """Whether the model is in memory."""
        return self._loaded is not None

    @property
    def is_compiled(self) -> bool:
        """Whether the form for this configuration is on disk, or none is to be made, or only reading all could tell.

        The process that prepared a voice may have had the same BERT from another source.
        """
        return not self._forms.is_missing

    @property
    def report(self) -> Mapping[str, Any] | None:
        """How the form for this configuration was made; None where it is not on disk."""
        return self._forms.report

    def compile(self) -> None:
        """Make the form for this machine and keep it, without loading it.

        Raises:
            HayakoeError: a file is missing or damaged, or the form cannot be kept.
        """
        self._forms.compile()

    def compile_or_warn(self) -> None:
        """Do as :meth:`compile` does, with a line in the log in place of an error."""
        self._forms.compile_or_warn()

    def run_as_it_is(self) -> None:
        """Load from now on what is here: the form for this configuration, an earlier one, or the published file.

        Raises:
            HayakoeError: no form is here, and the published file may not be loaded.
        """
        self._forms.take_what_is_here()

    @property
    def can_open(self) -> bool:
        """Whether :meth:`run_as_it_is` finds something, as far as that is known without reading the model."""
        return self._forms.can_open

    def prepare(self) -> None:
        """Load the model, if it is not there, or if the form for this configuration has been made since.

        Raises:
            HayakoeError: a file is missing, damaged, or no BERT.
        """
        self._load(renews=True)

    def features(self, texts: Sequence[str]) -> tuple[Features, ...]:
        """Return the features of each of ``texts``, all computed in one call.

        The published model rounds its activations by the largest of the whole call, so a text's features depend on
        those beside it, by some 3 % of their spread. Therefore they are kept by call, and the same call gives the same
        features after any others.

        Raises:
            HayakoeError: the model cannot be loaded, or fails.
        """
        key = tuple(texts)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        if not key:
            return ()
        loaded = self._load()
        found = self._compute(key, *loaded)
        self._keep(key, found, loaded)
        return found

    def _compute(self, texts: Sequence[str], session: Session, vocabulary: Vocabulary) -> tuple[Features, ...]:
        feeds = _feeds(texts, vocabulary)
        hidden = session.run(session.outputs[:1], feeds)[0]
        if hidden.shape != (*feeds["input_ids"].shape, _WIDTH):
            raise HayakoeError(f"{self.model}: does not give {_WIDTH} features a character: fetch the BERT again")
        # Each is a copy, so that none keeps the memory of the longest.
        lengths = feeds["attention_mask"].sum(axis=1)
        features = tuple(hidden[row, :length].astype(np.float32) for row, length in enumerate(lengths))
        for shared in features:
            shared.flags.writeable = False
        return features

    def _keep(self, key: tuple[str, ...], found: tuple[Features, ...], computed_by: _Loaded) -> None:
        """Keep the features of a call, and forget the least recently used ones."""
        with self._lock:
            # Another thread asked the same, or loaded another form, which gives slightly other features.
            if key in self._kept or computed_by is not self._loaded:
                return
            self._kept[key] = found
            self._kept_bytes += _bytes(found)
            while self._kept_bytes > _KEPT_BYTES:
                _, gone = self._kept.popitem(last=False)
                self._kept_bytes -= _bytes(gone)

    def _load(self, *, renews: bool = False) -> _Loaded:
        with self._loading:
            if self._loaded is None or (renews and self._forms.has_better):
                vocabulary = Vocabulary(self._tokenizer)
                session = self._forms.open(self._open)
                if strange := set(session.inputs) ^ _INPUTS:
                    raise HayakoeError(
                        f"{self.model}: is no BERT of a HayaKoe repository ({', '.join(sorted(strange))[:80]}): "
                        "name its repository with --bert-source"
                    )
                # Loading the published model takes 0.9 GB beside it, for which voices would be evicted.
                give_back()
                with self._lock:
                    self._loaded = session, vocabulary
                    self._kept.clear()
                    self._kept_bytes = 0
            return self._loaded

    def _open(self, compiled: Artifact | None) -> Session:
        if compiled is None:
            return Session(self.model, self.model, self._execution)
        return _opened(compiled.graph("bert"), self.model, self._execution)


def prove_bert(model: Path) -> None:
    """Load a published graph and let it read, for :mod:`~.prepare.proofs`.

    Raises:
        HayakoeError: it is missing, damaged, no BERT, not to be trusted, or fails.
    """
    feeds = _tokens(_TRIED)
    check(read_model(model), model, shapes(feeds))
    give_back()
    session = Session(model, model, Execution(low_memory=has_little_memory()))
    if set(session.inputs) == _INPUTS:
        session.run(session.outputs[:1], feeds)


def _make(model: Path, tokenizer: Path, bits: Bits, execution: Execution, folder: Path) -> dict[str, Any]:
    """Write the form for this machine into ``folder``; return the report for JSON, with its pace by characters.

    Raises:
        HayakoeError: a file is missing or damaged, or the graph fails.
    """
    report = make_bert(model, partial(_samples, tokenizer), bits, folder)
    session = _opened(folder / "bert.onnx", model, execution)
    ahead = measured(
        lambda characters: session.run(session.outputs[:1], _tokens(characters)),
        _TIMED,
        threads=execution.threads or cores(),
    )
    return {**report, "pace": as_json(Pace(0.0, 0.0, *ahead), seconds=_CHARACTER, overlap=0)}


def _opened(path: Path, model: Path, execution: Execution | None) -> Session:
    return Session(path, model, execution, is_optimised=True, plans_memory=False)


def _accepts(report: Report) -> bool:
    # Making one anew takes minutes, and only the forecast of a voice's first audio lacks its pace.
    return lists(report, "bert") and ("pace" not in report or accepts_pace(report))


def _tokens(count: int) -> Feeds:
    """Return a text of so many characters, none of which is known; vocabularies begin with what is no character."""
    tokens = np.full((1, count), 3, dtype=np.int64)
    return {"input_ids": tokens, "attention_mask": np.ones_like(tokens)}


def _samples(tokenizer: Path) -> list[Feeds]:
    """Return sentences by which a prepared form is compared with the published one."""
    vocabulary = Vocabulary(tokenizer)
    return [_feeds([text], vocabulary) for text in rehearsal.HELD_OUT]


def _feeds(texts: Sequence[str], vocabulary: Vocabulary) -> Feeds:
    """Return the model's inputs for texts, each a row as long as the longest."""
    ids = [vocabulary.ids(text) for text in texts]
    tokens = np.full((len(ids), max(map(len, ids))), vocabulary.pad, dtype=np.int64)
    mask = np.zeros_like(tokens)
    for row, each in enumerate(ids):
        tokens[row, : len(each)] = each
        mask[row, : len(each)] = 1
    return {"input_ids": tokens, "attention_mask": mask}


def expand(features: Features, counts: Sequence[int]) -> npt.NDArray[np.float32]:
    """Return features of phones [1024, T] from those of characters, each repeated by its number in ``counts``."""
    return np.ascontiguousarray(np.repeat(features, counts, axis=0).T)


def _bytes(features: Sequence[Features]) -> int:
    return sum(each.nbytes for each in features)
