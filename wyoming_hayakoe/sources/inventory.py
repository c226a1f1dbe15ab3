"""The voices of a source, recognised by the paths of its files alone, and fetching one of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from wyoming_hayakoe.sources.kokoro_layouts import GRAPHS, endings, kokoro_in, lacks_graph
from wyoming_hayakoe.sources.source import AbsentError, Progress, Source, SourceError, UnavailableError

Kind = Literal["repository", "folder", "aivmx", "kokoro"]
"""A speaker of a HayaKoe repository, a Style-Bert-VITS2 folder, AivisSpeech's one file, or a voice of Kokoro."""

ENDINGS = (".json", ".npy", ".onnx", ".onnx.data", ".md", "LICENSE", "LICENSE.txt")
"""Endings of the files of a voice's folder; the checkpoints and samples beside them take gigabytes."""

NO_GRAPH = f"has voices of Kokoro, but no graph of theirs in int8 or fp32: add one of {', '.join(GRAPHS)}"
"""Why voices of Kokoro are none that this program speaks."""

_SPEAKERS = PurePosixPath("onnx/speakers")
MODEL_ENDINGS = (".safetensors", ".pth", ".aivm")
"""Endings of files that only PyTorch reads."""


@dataclass(frozen=True, slots=True)
class Found:
    """A voice in a source."""

    name: str
    """Its name in the source; "" where the source is the voice's folder."""

    prefix: str
    """Its place in the source, as :meth:`Source.fetch` takes it."""

    kind: Kind

    graph: str = ""
    """The place of the graph that a voice of Kokoro shares with others; "" for the other kinds."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """The files of a voice on this machine."""

    place: Path
    """Its folder or file."""

    name: str = ""
    """The name in Kokoro of a voice of Kokoro; "" for the other kinds."""

    graph: Path | None = None
    """The graph of a voice of Kokoro; the other kinds have theirs in ``place``."""


def voices_in(paths: Sequence[str]) -> list[Found]:
    """Return the voices that the files at ``paths`` make up, sorted by name."""
    files = [PurePosixPath(path) for path in paths]
    folders: dict[PurePosixPath, set[str]] = {}
    for file in files:
        folders.setdefault(file.parent, set()).add(file.name)
    found = [_in_folder(folder) for folder, names in folders.items() if _is_voice(names)]
    found += [Found(file.stem, str(file), "aivmx") for file in files if file.suffix == ".aivmx"]
    found += [Found(each.name, each.folder, "kokoro", each.graph) for each in kokoro_in(paths)]
    return sorted(found, key=lambda voice: voice.name)


def find(source: Source, name: str) -> Found:
    """Return the voice ``name`` of a source; a source that is just one voice may be called anything.

    Raises:
        AbsentError: there is none; it says what there is.
        SourceError: the source cannot be reached.
    """
    paths = source.list()
    found = voices_in(paths)
    named = sorted((voice for voice in found if voice.name == name), key=lambda voice: voice.kind != "repository")
    if named:
        return named[0]
    if len(found) == 1 and found[0].kind != "repository":
        return found[0]
    if found:
        raise AbsentError(f"{source.uri}: no voice {name!r}: there is {', '.join(voice.name for voice in found)}")
    if any(path.endswith(MODEL_ENDINGS) for path in paths):
        raise AbsentError(f"{source.uri}: has a voice for PyTorch only: wyoming-hayakoe export makes an ONNX one of it")
    if lacks_graph(paths):
        raise AbsentError(f"{source.uri}: {NO_GRAPH}")
    raise AbsentError(
        f"{source.uri}: has no voice: it takes onnx/speakers/NAME, or config.json, style_vectors.npy and *.onnx, "
        "or an .aivmx file, or Kokoro's onnx/model.onnx and voices/NAME.bin"
    )


def fetch(source: Source, name: str, progress: Progress | None) -> Fetched:
    """Return where the files of a voice are, after fetching what is not here or has changed.

    Raises:
        SourceError: there is no such voice, or it cannot be fetched.
    """
    speaker = f"{_SPEAKERS}/{name}"
    if source.cached(speaker) is not None:
        return Fetched(source.fetch(speaker, progress))
    try:
        found = find(source, name)
    except UnavailableError:
        raise
    except SourceError as error:
        # The list may be that of the cache, or too long: the folder itself gives the answer.
        try:
            return Fetched(source.fetch(speaker, progress))
        except AbsentError:
            raise error from None
    if found.kind == "kokoro":
        return _fetch_kokoro(source, found, progress)
    return Fetched(source.fetch(found.prefix, progress, endings=ENDINGS if found.kind == "folder" else ()))


def fetch_checkpoint(source: Source, name: str, progress: Progress | None) -> Fetched:
    """Return the folder with a voice's checkpoint, after fetching what is not here or has changed.

    A voice of Kokoro has none: its graph is computed on the CPU.

    Raises:
        SourceError: the source has none, or cannot be reached.
    """
    speaker = f"pytorch/speakers/{name}"
    if source.cached(speaker) is None:
        paths = _listed(source)
        if _is_one_checkpoint(paths):
            return Fetched(source.fetch("", progress))
        if kokoro_in(paths):
            return fetch(source, name, progress)
    try:
        return Fetched(source.fetch(speaker, progress))
    except AbsentError:
        raise AbsentError(
            f"{source.uri}: has no files for PyTorch of {name!r}: publish it for GPU as well, or compute on the CPU"
        ) from None


def _fetch_kokoro(source: Source, found: Found, progress: Progress | None) -> Fetched:
    """Fetch the graph by itself: it is the same for all voices of a source."""
    graph = source.fetch(found.graph, progress)
    return Fetched(source.fetch(found.prefix, progress, endings=endings(found.name)), found.name, graph)


def _listed(source: Source) -> Sequence[str]:
    """Return the paths of a source; none where its list cannot be had, but its folders may be."""
    try:
        return source.list()
    except UnavailableError:
        raise
    except SourceError:
        return ()


def _is_one_checkpoint(files: Sequence[str]) -> bool:
    """Return whether files are those of one voice for PyTorch."""
    has_speakers = any(path.startswith("pytorch/speakers/") for path in files)
    return not has_speakers and "config.json" in files and any(_is_checkpoint(path) for path in files)


def _is_checkpoint(path: str) -> bool:
    return path.endswith(".safetensors") and "/" not in path


def _is_voice(names: set[str]) -> bool:
    return {"config.json", "style_vectors.npy"} <= names and any(name.endswith(".onnx") for name in names)


def _in_folder(folder: PurePosixPath) -> Found:
    if folder.parent == _SPEAKERS:
        return Found(folder.name, str(folder), "repository")
    return Found(folder.name, "" if folder == PurePosixPath() else str(folder), "folder")
