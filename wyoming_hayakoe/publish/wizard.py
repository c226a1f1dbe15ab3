"""Questions on a terminal for the options of ``publish`` that no flag gives."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from wyoming_hayakoe.errors import HayakoeError, UsageError
from wyoming_hayakoe.publish import credentials
from wyoming_hayakoe.publish.keys import ElsewhereError, Keys
from wyoming_hayakoe.publish.material import Material, read_material, trained
from wyoming_hayakoe.publish.plan import Backend, Publication, check_name, choose_checkpoint
from wyoming_hayakoe.publish.prompts import BackError, ask, choose, given
from wyoming_hayakoe.publish.readme import NAME as README
from wyoming_hayakoe.sources import huggingface, s3
from wyoming_hayakoe.sources.location import parse

BACKENDS: dict[str, tuple[Backend, ...]] = {"cpu": ("cpu",), "gpu": ("gpu",), "both": ("cpu", "gpu")}


_LICENCES = {
    "cc-by-4.0": "anybody may use it who names you",
    "cc-by-nc-4.0": "the same, but not for money",
    "cc0-1.0": "anybody may use it",
}


@dataclass(frozen=True, slots=True)
class Answers:
    """Options of the publication; None is not answered yet."""

    place: str | None
    name: str | None
    destination: str | None
    backend: str | None
    checkpoint: str | None
    bert_source: str
    licence: str | None
    data: Path

    @property
    def material(self) -> Material:
        """What the place holds."""
        return read_material(Path(self.place or "").expanduser())


class Wizard:
    """The questions for what no flag gives, with a way back from each to the one before."""

    def __init__(self, answers: Answers, *, is_dry_run: bool) -> None:
        """Start with the answers that flags give; a dry run tries and keeps no keys."""
        self._answers = answers
        self._steps: list[Callable[[Answers], Answers | None]] = [
            *(_ask_place, _ask_backend, _ask_checkpoint, _ask_name, _ask_licence, _ask_destination),
            *([] if is_dry_run else [self._settle_keys]),
        ]
        self._keys = Keys()
        self._next = 0
        self._asked: list[tuple[int, Answers]] = []

    def complete(self) -> Answers:
        """Ask each open question on the terminal, and return all answers.

        Raises:
            HayakoeError: a given option is wrong, or the terminal has gone.
        """
        while self._next < len(self._steps):
            try:
                answered = self._steps[self._next](self._answers)
            except BackError:
                self.back()
                continue
            except ElsewhereError:
                self._reopen_destination()
                continue
            if answered is not None:
                self._asked.append((self._next, self._answers))
                self._answers = answered
            self._next += 1
        return self._answers

    def _settle_keys(self, answers: Answers) -> Answers | None:
        return answers if self._keys.settle(answers.destination or "", answers.data) else None

    def _reopen_destination(self) -> None:
        """Return to the question for the destination, also where a flag has answered it."""
        self._next = self._steps.index(_ask_destination)
        self._asked = [(step, before) for step, before in self._asked if step < self._next]
        self._answers = replace(self._answers, destination=None)

    def back(self) -> None:
        """Return to the last question; its answer is open again. Before the first one there is none."""
        if self._asked:
            self._next, self._answers = self._asked.pop()


def to_publication(answers: Answers) -> Publication:
    """Return the publication that the answers describe.

    Raises:
        UsageError: an answer is missing, or not allowed.
        HayakoeError: the folder or file holds nothing to publish.
    """
    if answers.place is None:
        raise UsageError("publish: no voice is named: name a folder or an .aivmx file")
    if answers.name is None:
        raise UsageError("publish: the voice has no name: add --name NAME")
    destination = answers.destination or _only_kept()
    if "#" in destination:
        raise UsageError(f"--to: {destination!r}: remove the part from the #: the name is --name")
    material = read_material(Path(answers.place).expanduser())
    backends = BACKENDS[answers.backend or "cpu"]
    return Publication(
        material,
        check_name(answers.name),
        parse(destination).uri,
        backends,
        choose_checkpoint(material, answers.checkpoint, backends),
        parse(answers.bert_source).uri,
        material.licence if answers.licence is None else answers.licence,
        answers.data,
    )


def _only_kept() -> str:
    found = credentials.destinations(os.environ)
    if len(found) != 1:
        has = f": {', '.join(found)} are set up" if found else ""
        raise UsageError(f"publish: no destination: add --to hf://OWNER/REPO, s3://BUCKET/PREFIX or a folder{has}")
    return found[0]


# Each returns None where it has nothing to ask.


def _ask_place(answers: Answers) -> Answers | None:
    if answers.place is not None:
        read_material(Path(answers.place).expanduser())  # a wrong one is not worth further questions
        return None
    found = trained(Path())
    options = [*map(str, found), "another folder, or an .aivmx file"]
    while True:
        chosen = choose("what", options) if found else 0
        if chosen < len(found):
            return replace(answers, place=str(read_material(found[chosen]).place))
        with _back_to(is_first=not found):
            ask_for = "folder of the training or .aivmx file"
            material = ask(ask_for, lambda text: read_material(Path(text).expanduser()))
            return replace(answers, place=str(material.place))


@contextmanager
def _back_to(*, is_first: bool = False) -> Iterator[None]:
    """Lead back from the second question of a step to its first, where it has one."""
    try:
        yield
    except BackError:
        if is_first:
            raise


def _ask_backend(answers: Answers) -> Answers | None:
    if answers.backend is not None or not answers.material.checkpoints:
        return None
    options = {
        "both": "both (recommended): this program, HayaKoe with and without a GPU",
        "cpu": "CPU: ONNX, for boards and servers",
        "gpu": "GPU: the checkpoint, for PyTorch",
    }
    return replace(answers, backend=list(options)[choose("which backend", list(options.values()))])


def _ask_checkpoint(answers: Answers) -> Answers | None:
    material, backends = answers.material, BACKENDS[answers.backend or "cpu"]
    names = [path.name for path in material.checkpoints]
    is_graph_enough = material.graph is not None and "gpu" not in backends
    if answers.checkpoint is not None or len(names) + is_graph_enough < 2:
        return None
    as_it_is = [f"none: publish {material.graph.name} as it is"] if is_graph_enough and material.graph else []
    chosen = choose("which checkpoint", [*as_it_is, *names]) - len(as_it_is)
    return replace(answers, checkpoint=names[chosen] if chosen >= 0 else None)


def _ask_name(answers: Answers) -> Answers | None:
    if answers.name is not None:
        return None
    return replace(answers, name=ask("name of the voice", check_name, _proposed(answers.material)))


def _proposed(material: Material) -> str:
    return re.sub(r"[^A-Za-z0-9_]+", "-", material.place.stem).strip("-_")[:63].strip("-_")


def _ask_licence(answers: Answers) -> Answers | None:
    if answers.licence is not None or answers.material.licence:
        return None
    options = [f"{name}: {meaning}" for name, meaning in _LICENCES.items()]
    while True:
        chosen = choose(f"which licence, for {README}", [*options, "another one", f"none in {README}"])
        if chosen < len(_LICENCES):
            return replace(answers, licence=list(_LICENCES)[chosen])
        if chosen > len(_LICENCES):
            return replace(answers, licence="")
        with _back_to():
            return replace(answers, licence=ask("licence, in a few words", given("the licence")))


def _ask_destination(answers: Answers) -> Answers | None:
    if answers.destination is not None:
        return None
    kept = credentials.destinations(os.environ)
    while True:
        chosen = choose("where to", [*kept, *_PLACES])
        if chosen < len(kept):
            return replace(answers, destination=kept[chosen])
        question, check = list(_PLACES.values())[chosen - len(kept)]
        with _back_to():
            return replace(answers, destination=ask(question, check))


def _repository(text: str) -> str:
    found = huggingface.recognise(text)
    if found is None:
        raise HayakoeError(f"write {huggingface.FORMS}")
    return f"hf://{found[0]}" + (f"@{found[1]}" if found[1] != "main" else "")


def _bucket(text: str) -> str:
    bucket, prefix = s3.recognise(f"s3://{text.removeprefix('s3://')}") or ("", "")
    return f"s3://{bucket}/{prefix}".rstrip("/")


def _folder(text: str) -> str:
    return str(Path(given("a path")(text)).expanduser().absolute())


_PLACES: dict[str, tuple[str, Callable[[str], str]]] = {
    "Hugging Face": ("repository (OWNER/REPO, OWNER/REPO@BRANCH, or its address)", _repository),
    "S3, or what speaks its HTTP": ("bucket (BUCKET or BUCKET/PREFIX)", _bucket),
    "a folder": ("folder", _folder),
}
