"""Plan of a publication: the changes at its destination, computed before any is made."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from wyoming_hayakoe.errors import HayakoeError, UsageError
from wyoming_hayakoe.extras import install_command
from wyoming_hayakoe.publish import readme
from wyoming_hayakoe.publish.conversion import check_checkpoint, is_cached
from wyoming_hayakoe.publish.material import NEUTRAL, Material
from wyoming_hayakoe.sources.location import open_source
from wyoming_hayakoe.sources.source import AbsentError, Source
from wyoming_hayakoe.voice_store import BUILT_INS

Backend = Literal["cpu", "gpu"]

FOLDERS: dict[Backend, str] = {"cpu": "onnx/speakers", "gpu": "pytorch/speakers"}
"""Folder of a repository with the voices of each backend."""

NEEDED = ("onnx/bert/q8", "bert/tokenizer")
"""Folders that all voices share; this program uses the ONNX form of the BERT on any device."""

_FOR_HAYAKOE = "pytorch/bert/fp32"
# HayaKoe's own are jvnv-F1-jp and the like; what is in none of a folder's, an object's and a shell's way.
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?")
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Publication:
    """Publication that the user requests."""

    material: Material
    name: str
    destination: str
    """URI or path that :func:`open_source` accepts."""

    backends: tuple[Backend, ...]
    checkpoint: Path | None
    """One of the material's checkpoints; None where none is needed."""

    bert_source: str
    """Source of the BERT, if the destination has none."""

    licence: str
    """"" where it is unknown."""

    data: Path
    """The data directory: it caches a BERT from a remote source, and graphs that cannot lie beside their checkpoint."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Publication with the changes at its destination."""

    publication: Publication
    destination: Source
    replaced: tuple[str, ...]
    """Existing folders of the voice that are replaced."""

    staying: tuple[str, ...]
    """Existing folders of the voice for another backend, which stay as they are."""

    lacking: tuple[str, ...]
    """Missing folders, of those that all voices share."""

    readme_there: str | None
    """Existing README.md; None where there is none."""

    readme_new: str

    @property
    def prefixes(self) -> tuple[str, ...]:
        """Folders of the voice, one for each backend."""
        return tuple(f"{FOLDERS[backend]}/{self.publication.name}" for backend in self.publication.backends)

    @property
    def changes_readme(self) -> bool:
        """Whether an existing README.md would change."""
        return self.readme_there is not None and self.readme_there != self.readme_new

    @property
    def changes_list_only(self) -> bool:
        """Whether no more than the marked list of voices would change in README.md."""
        return self.readme_there is not None and readme.is_marked(self.readme_there)


def check_name(name: str) -> str:
    """Return the name of a voice unchanged.

    Raises:
        UsageError: it has characters or a length that not every destination accepts.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"--name: {name!r} is no name of a voice: up to 63 of A-Z, a-z, 0-9, - and _, "
            "with a letter or digit at both ends"
        )
    return name


def choose_checkpoint(material: Material, asked: str | None, backends: tuple[Backend, ...]) -> Path | None:
    """Return the checkpoint to publish or export, None where exported graphs are published as they are.

    Graphs beside a checkpoint may be of an older state of it: they are taken only where no checkpoint is published and
    none is named.

    Raises:
        UsageError: there are several and none is named, or the named one does not exist.
        HayakoeError: there is none, or it is no checkpoint of a JP-Extra voice.
    """
    if asked is None and "gpu" not in backends and material.graph is not None:
        return None
    names = ", ".join(path.name for path in material.checkpoints[:_SHOWN])
    if asked is not None:
        found = [path for path in material.checkpoints if asked in {path.name, path.stem, str(path)}]
        if not found:
            raise UsageError(f"--checkpoint: {material.place} has no {asked!r}: there is {names or 'none'}")
    else:
        found = list(material.checkpoints)
    if not found:
        raise HayakoeError(f"{material.place}: has no *.safetensors, which --backend gpu publishes: use --backend cpu")
    if len(found) > 1:
        more = f" … ({len(found)} in all)" if len(found) > _SHOWN else ""
        raise UsageError(f"{material.place}: has several checkpoints: choose one with --checkpoint: {names}{more}")
    check_checkpoint(found[0])
    return found[0]


def make_plan(publication: Publication, scratch: Path) -> Plan:
    """Return the plan for the destination's current content, which is not changed.

    Args:
        publication: the requested publication.
        scratch: temporary folder for the files that are fetched.

    Raises:
        HayakoeError: the destination cannot be listed, or PyTorch is needed and not installed.
    """
    if _needs_pytorch(publication) and not (find_spec("torch") and find_spec("safetensors")):
        raise HayakoeError(
            "exporting a checkpoint, and verifying that one speaks, needs PyTorch, which is not installed: "
            f"{install_command('publish')}"
        )
    destination = open_source(publication.destination, scratch)
    try:
        paths = destination.list()
    except AbsentError:
        paths = []
    prefixes = [f"{FOLDERS[backend]}/{publication.name}" for backend in publication.backends]
    others = [f"{folder}/{publication.name}" for folder in FOLDERS.values()]
    there = _read_readme(destination) if readme.NAME in paths else None
    voices = readme.listed([*paths, *(f"{prefix}/config.json" for prefix in prefixes)])
    new = (
        readme.write(voices, destination.uri, publication.licence)
        if there is None
        else readme.update(there, voices, destination.uri, publication.licence)
    )
    return Plan(
        publication,
        destination,
        replaced=tuple(prefix for prefix in prefixes if _has(paths, prefix)),
        staying=tuple(prefix for prefix in others if prefix not in prefixes and _has(paths, prefix)),
        lacking=tuple(prefix for prefix in _shared(publication, scratch) if not _has(paths, prefix)),
        readme_there=there,
        readme_new=new,
    )


def _shared(publication: Publication, scratch: Path) -> tuple[str, ...]:
    """Return the folders that all voices share: this program's, and HayaKoe's GPU BERT if the source has it."""
    if "gpu" in publication.backends and _has(open_source(publication.bert_source, scratch).list(), _FOR_HAYAKOE):
        return (*NEEDED, _FOR_HAYAKOE)
    return NEEDED


def described(plan: Plan, *, replace_readme: bool) -> Iterator[str]:
    """Yield a description of the plan, line by line."""
    publication = plan.publication
    yield f"{publication.material.place} → {plan.destination.uri}"
    for backend, prefix in zip(publication.backends, plan.prefixes, strict=True):
        verb = "replace" if prefix in plan.replaced else "add"
        yield f"  {verb:<8} {prefix}: {_origin(publication, backend)}"
    for prefix in plan.staying:
        yield f"  {'keep':<8} {prefix}: as published before, perhaps another state: --backend both replaces it too"
    for prefix in plan.lacking:
        yield f"  {'add':<8} {prefix}: from {publication.bert_source}"
    if plan.readme_there is None:
        yield f"  {'add':<8} {readme.NAME}"
    elif plan.changes_readme and plan.changes_list_only:
        yield f"  {'update' if replace_readme else 'keep':<8} {readme.NAME}: its list of voices"
    elif plan.changes_readme:
        yield f"  {'replace' if replace_readme else 'keep':<8} {readme.NAME}"
    yield f"  {'verify':<8} by speaking, before the upload and from there, {' and '.join(publication.backends)}"
    yield from _remarks(publication)


def _remarks(publication: Publication) -> Iterator[str]:
    """Yield what a trainer may not expect."""
    material = publication.material
    if publication.name in BUILT_INS:
        name = publication.name
        yield f"  {'warning':<8} {name} is a built-in voice, which this one replaces: choose another --name"
    if material.renamed:
        yield f"  {'note':<8} its style {material.renamed} is called {NEUTRAL} there: HayaKoe's users speak in that"
    elif NEUTRAL not in material.styles:
        yield f"  {'note':<8} it has no style {NEUTRAL}: HayaKoe's users must name one of its styles"
    if publication.checkpoint is None and material.graph is not None:
        graph = material.graph
        newer = [path for path in material.checkpoints if path.stat().st_mtime > graph.stat().st_mtime]
        for path in newer[:1]:
            yield f"  {'warning':<8} {graph.name} is older than {path.name}: --checkpoint {path.name} exports that"


def _origin(publication: Publication, backend: Backend) -> str:
    checkpoint = publication.checkpoint
    if checkpoint is None:
        return f"{publication.material.graph.name}, unchanged" if publication.material.graph else ""
    if backend == "gpu":
        return f"{checkpoint.name} for PyTorch"
    return f"exported from {checkpoint.name}{', as before' if is_cached(checkpoint, publication.data) else ''}"


def _needs_pytorch(publication: Publication) -> bool:
    checkpoint = publication.checkpoint
    is_exported = checkpoint is not None and not is_cached(checkpoint, publication.data)
    return "gpu" in publication.backends or is_exported


def _has(paths: list[str], prefix: str) -> bool:
    return any(path.startswith(f"{prefix}/") for path in paths)


def _read_readme(destination: Source) -> str:
    path = destination.fetch(readme.NAME)
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise HayakoeError(f"{destination.uri}: its {readme.NAME} cannot be read as UTF-8: correct it there") from None
