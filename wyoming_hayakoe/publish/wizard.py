"""Questions on a terminal for the options of ``publish`` that no flag gives."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from wyoming_hayakoe.errors import HayakoeError, UsageError
from wyoming_hayakoe.publish import credentials
from wyoming_hayakoe.publish.material import Material, read_material, trained
from wyoming_hayakoe.publish.plan import Backend, Publication, check_name, choose_checkpoint
from wyoming_hayakoe.publish.prompts import BackError, ask, choose, confirm, given, secret, show
from wyoming_hayakoe.publish.readme import NAME as README
from wyoming_hayakoe.sources import huggingface, local, s3
from wyoming_hayakoe.sources.location import open_source, parse

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
            *([] if is_dry_run else [_try_keys]),
        ]
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
            if answered is not None:
                self._asked.append((self._next, self._answers))
                self._answers = answered
            self._next += 1
        return self._answers

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
    chosen = choose("what", [*map(str, found), "another folder, or an .aivmx file"]) if found else 0
    if chosen < len(found):
        material = read_material(found[chosen])
    else:
        ask_for = "folder of the training or .aivmx file"
        material = ask(ask_for, lambda text: read_material(Path(text).expanduser()))
    return replace(answers, place=str(material.place))


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
    chosen = choose(f"which licence, for {README}", [*options, "another one", f"none in {README}"])
    if chosen < len(_LICENCES):
        return replace(answers, licence=list(_LICENCES)[chosen])
    if chosen == len(_LICENCES):
        return replace(answers, licence=ask("licence, in a few words", given("the licence")))
    return replace(answers, licence="")


def _ask_destination(answers: Answers) -> Answers | None:
    if answers.destination is not None:
        return None
    kept = credentials.destinations(os.environ)
    kinds = ["Hugging Face", "S3, or what speaks its HTTP", "a folder"]
    chosen = choose("where to", [*kept, *kinds])
    if chosen < len(kept):
        return replace(answers, destination=kept[chosen])
    match chosen - len(kept):
        case 0:
            found = ask("repository (OWNER/REPO, OWNER/REPO@BRANCH, or its address)", _repository)
        case 1:
            found = ask("bucket (BUCKET or BUCKET/PREFIX)", _bucket)
        case _:
            found = ask("folder", lambda text: str(Path(given("a path")(text)).expanduser().absolute()))
    return replace(answers, destination=found)


def _repository(text: str) -> str:
    found = huggingface.recognise(text)
    if found is None:
        raise HayakoeError(f"write {huggingface.FORMS}")
    return f"hf://{found[0]}" + (f"@{found[1]}" if found[1] != "main" else "")


def _bucket(text: str) -> str:
    bucket, prefix = s3.recognise(f"s3://{text.removeprefix('s3://')}") or ("", "")
    return f"s3://{bucket}/{prefix}".rstrip("/")


def _try_keys(answers: Answers) -> Answers | None:
    """Ask for the keys that the destination needs, until it takes an upload; offer to keep what is new."""
    destination = answers.destination or ""
    new = _settings(destination) if destination not in credentials.destinations(os.environ) else {}
    keys = _missing_keys(destination)
    while True:
        os.environ.update(keys)
        try:
            open_source(destination, answers.data).check_upload()
            break
        except HayakoeError as error:
            show(str(error))
        if local.recognise(destination) is not None:
            raise BackError
        path = credentials.credentials_file()
        show(f"The keys are those of this terminal's environment, then those in {path}.")
        if choose("what now", ["enter the keys again", "another destination"]) == 1:
            raise BackError
        keys = _asked_keys(destination)
    new |= keys
    if not new:
        return None
    path = credentials.credentials_file()
    if confirm(f"keep this in {path}, which only you may read"):
        credentials.keep(path, new)
    return answers


def _settings(destination: str) -> dict[str, str]:
    """Return the values of publish.env that name a destination."""
    if (folder := local.recognise(destination)) is not None:
        return {"HAYAKOE_LOCAL_PATH": str(folder)}
    if destination.startswith("s3://"):
        bucket, _, prefix = destination.removeprefix("s3://").partition("/")
        return {"HAYAKOE_S3_BUCKET": bucket, "HAYAKOE_S3_PREFIX": prefix}
    return {"HAYAKOE_HF_REPO": destination}


def _missing_keys(destination: str) -> dict[str, str]:
    """Return the keys that a destination needs and the environment lacks; they stay out of arguments and logs."""
    if local.recognise(destination) is not None:
        return {}
    if destination.startswith("s3://"):
        has_keys = os.environ.get("AWS_PROFILE") or os.environ.get("AWS_ACCESS_KEY_ID")
        return {} if has_keys else _asked_keys(destination)
    from huggingface_hub import get_token

    return {} if get_token() else _asked_keys(destination)


def _asked_keys(destination: str) -> dict[str, str]:
    if not destination.startswith("s3://"):
        return {"HF_TOKEN": secret("Hugging Face token with permission to write")}
    found = {
        "AWS_ENDPOINT_URL_S3": ask(
            "address of the storage (nothing: Amazon's own)", str, os.environ.get("AWS_ENDPOINT_URL_S3", "")
        ),
        "AWS_REGION": ask("region", str, os.environ.get("AWS_REGION", "us-east-1")),
        "AWS_ACCESS_KEY_ID": ask("access key id", given("the key's id")),
        "AWS_SECRET_ACCESS_KEY": secret("secret access key"),
    }
    return {key: value for key, value in found.items() if value}
