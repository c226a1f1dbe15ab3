"""Questions on a terminal for the options of ``publish`` that no flag gives."""

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path

from wyoming_hayakoe.errors import HayakoeError, UsageError
from wyoming_hayakoe.publish import credentials
from wyoming_hayakoe.publish.material import Material, read_material, trained
from wyoming_hayakoe.publish.plan import Backend, Publication, check_name, choose_checkpoint
from wyoming_hayakoe.publish.prompts import ask, choose, confirm, given, secret
from wyoming_hayakoe.sources import huggingface, local, s3
from wyoming_hayakoe.sources.location import parse

BACKENDS: dict[str, tuple[Backend, ...]] = {"cpu": ("cpu",), "gpu": ("gpu",), "both": ("cpu", "gpu")}


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


def complete(answers: Answers) -> Answers:
    """Return ``answers`` with each open option asked for on the terminal.

    Raises:
        HayakoeError: a given option is wrong, or the terminal has gone.
    """
    material = read_material(Path(answers.place).expanduser()) if answers.place else _ask_material()
    answers = replace(answers, place=str(material.place))
    if answers.backend is None:
        answers = replace(answers, backend=_ask_backend(material))
    if answers.checkpoint is None:
        answers = replace(answers, checkpoint=_ask_checkpoint(material, BACKENDS[answers.backend or "cpu"]))
    if answers.name is None:
        answers = replace(answers, name=ask("name of the voice", check_name, _proposed(material)))
    found = dict[str, str]()
    if answers.destination is None:
        destination, found = _ask_destination()
        answers = replace(answers, destination=destination)
    keys = _ask_keys(answers.destination or "")
    os.environ.update(keys)
    path = credentials.credentials_file()
    if (found or keys) and confirm(f"keep this in {path}, which only you may read"):
        credentials.keep(path, found | keys)
    return answers


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
    )


def _only_kept() -> str:
    found = credentials.destinations(os.environ)
    if len(found) != 1:
        has = f": {', '.join(found)} are set up" if found else ""
        raise UsageError(f"publish: no destination: add --to hf://OWNER/REPO, s3://BUCKET/PREFIX or a folder{has}")
    return found[0]


def _ask_material() -> Material:
    found = trained(Path())
    chosen = choose("what", [*map(str, found), "another folder, or an .aivmx file"]) if found else 0
    if chosen < len(found):
        return read_material(found[chosen])
    return ask("folder of the training or .aivmx file", lambda text: read_material(Path(text).expanduser()))


def _ask_backend(material: Material) -> str:
    if not material.checkpoints:
        return "cpu"
    options = ["CPU: ONNX, for boards and servers", "GPU: the checkpoint, for PyTorch", "both"]
    return list(BACKENDS)[choose("which backend", options)]


def _ask_checkpoint(material: Material, backends: tuple[Backend, ...]) -> str | None:
    if len(material.checkpoints) < 2 or (material.graph is not None and "gpu" not in backends):
        return None
    names = [path.name for path in material.checkpoints]
    return names[choose("which checkpoint", names)]


def _proposed(material: Material) -> str:
    return re.sub(r"[^a-z0-9]+", "-", material.place.stem.lower()).strip("-")[:63]


def _ask_destination() -> tuple[str, dict[str, str]]:
    """Return a destination, and its values for publish.env."""
    kept = credentials.destinations(os.environ)
    kinds = ["Hugging Face", "S3, or what speaks its HTTP", "a folder"]
    chosen = choose("where to", [*kept, *kinds])
    if chosen < len(kept):
        return kept[chosen], {}
    match chosen - len(kept):
        case 0:
            repository = ask("repository (OWNER/REPO, OWNER/REPO@BRANCH, or its address)", _repository)
            return repository, {"HAYAKOE_HF_REPO": repository}
        case 1:
            uri = ask("bucket (BUCKET or BUCKET/PREFIX)", _bucket)
            bucket, _, prefix = uri.removeprefix("s3://").partition("/")
            return uri, {"HAYAKOE_S3_BUCKET": bucket, "HAYAKOE_S3_PREFIX": prefix}
    folder = ask("folder", lambda text: str(Path(given("a path")(text)).expanduser().absolute()))
    return folder, {"HAYAKOE_LOCAL_PATH": folder}


def _repository(text: str) -> str:
    found = huggingface.recognise(text)
    if found is None:
        raise HayakoeError(f"write {huggingface.FORMS}")
    return f"hf://{found[0]}" + (f"@{found[1]}" if found[1] != "main" else "")


def _bucket(text: str) -> str:
    bucket, prefix = s3.recognise(f"s3://{text.removeprefix('s3://')}") or ("", "")
    return f"s3://{bucket}/{prefix}".rstrip("/")


def _ask_keys(destination: str) -> dict[str, str]:
    """Return the keys that a destination needs and the environment lacks; they stay out of arguments and logs."""
    if local.recognise(destination) is not None:
        return {}
    if destination.startswith("s3://"):
        return _ask_s3_keys()
    from huggingface_hub import get_token

    return {} if get_token() else {"HF_TOKEN": secret("Hugging Face token with permission to write")}


def _ask_s3_keys() -> dict[str, str]:
    if os.environ.get("AWS_PROFILE") or os.environ.get("AWS_ACCESS_KEY_ID"):
        return {}
    found = {
        "AWS_ENDPOINT_URL_S3": ask("address of the storage (nothing: Amazon's own)", str),
        "AWS_REGION": ask("region", str, "us-east-1"),
        "AWS_ACCESS_KEY_ID": ask("access key id", given("the key's id")),
        "AWS_SECRET_ACCESS_KEY": secret("secret access key"),
    }
    return {key: value for key, value in found.items() if value}
