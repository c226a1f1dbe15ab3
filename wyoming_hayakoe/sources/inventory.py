"""The voices of a source, recognised by the paths of its files alone, and fetching one of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Literal

from wyoming_hayakoe.errors import some_of
from wyoming_hayakoe.sources import hts_layouts, piper_layouts
from wyoming_hayakoe.sources.kokoro_layouts import GRAPHS, endings, kokoro_in, lacks_graph
from wyoming_hayakoe.sources.source import AbsentError, Progress, Source, SourceError, UnavailableError

Kind = Literal["repository", "folder", "aivmx", "kokoro", "piper", "hts"]
"""A speaker of a HayaKoe repository, a Style-Bert-VITS2 folder, AivisSpeech's one file, or a voice of Kokoro, Piper or
HTS."""

TAKES = (
    "onnx/speakers/NAME, or config.json, style_vectors.npy and *.onnx, or an .aivmx file, or Kokoro's onnx/model.onnx "
    "and voices/NAME.bin, or Piper's NAME.onnx and NAME.onnx.json, or an .htsvoice file"
)
"""What a source may hold, for messages."""

# A voice of these kinds has no checkpoint for PyTorch, and is computed on the CPU.
_ON_CPU = frozenset({"kokoro", "piper", "hts"})

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

    files: Mapping[str, str] = field(default_factory=dict)
    """The paths of an HTS voice's files by style, or of a Piper voice's as graph and config; none for other kinds."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """The files of a voice on this machine."""

    place: Path
    """Its folder or file."""

    kind: Kind

    name: str = ""
    """The name in Kokoro of a voice of Kokoro; "" for the other kinds."""

    graph: Path | None = None
    """The graph of a voice of Kokoro; the other kinds have theirs in ``place``."""

    files: Mapping[str, Path] = field(default_factory=dict)
    """As :attr:`Found.files`."""


def voices_in(paths: Sequence[str]) -> list[Found]:
    """Return the voices that the files at ``paths`` make up, sorted by name."""
    files = [PurePosixPath(path) for path in paths]
    folders: dict[PurePosixPath, set[str]] = {}
    for file in files:
        folders.setdefault(file.parent, set()).add(file.name)
    found = [_in_folder(folder) for folder, names in folders.items() if _is_voice(names)]
    found += [Found(file.stem, str(file), "aivmx") for file in files if file.suffix == ".aivmx"]
    found += [Found(each.name, each.folder, "kokoro", each.graph) for each in kokoro_in(paths)]
    found += [
        Found(each.name, each.prefix, "piper", files={"graph": each.graph, "config": each.config})
        for each in piper_layouts.piper_in(paths)
    ]
    found += [Found(each.name, each.prefix, "hts", files=each.styles) for each in hts_layouts.hts_in(paths)]
    return sorted(found, key=lambda voice: voice.name)


def find(source: Source, name: str) -> Found:
    """Return the voice ``name`` of a source, or the one at that path; a source that is just one may be called anything.

    Raises:
        AbsentError: there is none; it says what there is.
        SourceError: the source cannot be reached.
    """
    paths = source.list()
    found = voices_in(paths)
    if (named := _named(found, name)) is not None:
        return named
    lacking = piper_layouts.lacking(paths)
    for path, reason in lacking.items():
        if name in {path, path.rpartition("/")[2].removesuffix(".json").removesuffix(".onnx")}:
            raise AbsentError(f"{source.uri}: {path}: {reason}")
    if found:
        raise AbsentError(f"{source.uri}: no voice {name!r}: there is {some_of(voice.name for voice in found)}")
    if any(path.endswith(MODEL_ENDINGS) for path in paths):
        raise AbsentError(f"{source.uri}: has a voice for PyTorch only: wyoming-hayakoe export makes an ONNX one of it")
    if lacks_graph(paths):
        raise AbsentError(f"{source.uri}: {NO_GRAPH}")
    for path, reason in lacking.items():
        raise AbsentError(f"{source.uri}: {path}: {reason}")
    if len(paths) == 1 and paths[0].endswith(".onnx") and not paths[0].startswith("kokoro-"):
        raise AbsentError(f"{source.uri}: has no {paths[0]}.json beside it: copy the voice's configuration there")
    raise AbsentError(f"{source.uri}: has no voice: it takes {TAKES}")


def _named(found: Sequence[Found], name: str) -> Found | None:
    """Return the voice of a name, or at or below a path; the only one whatever its name, unless it is a speaker."""
    named = sorted((voice for voice in found if voice.name == name), key=lambda voice: voice.kind != "repository")
    if named:
        return named[0]
    there = [voice for voice in found if f"{voice.prefix}/".startswith(f"{name}/")]
    if len(there) == 1:
        return there[0]
    return found[0] if len(found) == 1 and found[0].kind != "repository" else None


def fetch(source: Source, name: str, progress: Progress | None) -> Fetched:
    """Return where the files of a voice are, after fetching what is not here or has changed.

    Raises:
        SourceError: there is no such voice, or it cannot be fetched.
    """
    speaker = f"{_SPEAKERS}/{name}"
    if source.cached(speaker) is not None:
        return Fetched(source.fetch(speaker, progress), "repository")
    try:
        found = find(source, name)
    except UnavailableError:
        raise
    except SourceError as error:
        # The list may be that of the cache, or too long: the folder itself gives the answer.
        try:
            return Fetched(source.fetch(speaker, progress), "repository")
        except AbsentError:
            raise error from None
    if found.kind == "kokoro":
        return _fetch_kokoro(source, found, progress)
    if found.files:
        return _fetch_files(source, found, progress)
    place = source.fetch(found.prefix, progress, endings=ENDINGS if found.kind == "folder" else ())
    return Fetched(place, found.kind)


def fetch_checkpoint(source: Source, name: str, progress: Progress | None) -> Fetched:
    """Return the folder with a voice's checkpoint, after fetching what is not here or has changed.

    A voice of Kokoro, Piper or HTS has none: it is computed on the CPU.

    Raises:
        SourceError: the source has none, or cannot be reached.
    """
    speaker = f"pytorch/speakers/{name}"
    if source.cached(speaker) is None:
        paths = _listed(source)
        if _is_one_checkpoint(paths):
            return Fetched(source.fetch("", progress), "folder")
        voices = [voice for voice in voices_in(paths) if voice.kind in _ON_CPU]
        if voices and (_named(voices, name) is not None or not _has_checkpoints(paths)):
            return fetch(source, name, progress)
    try:
        return Fetched(source.fetch(speaker, progress), "repository")
    except AbsentError:
        raise AbsentError(
            f"{source.uri}: has no files for PyTorch of {name!r}: publish it for GPU as well, or compute on the CPU"
        ) from None


def _fetch_kokoro(source: Source, found: Found, progress: Progress | None) -> Fetched:
    """Fetch the graph by itself: it is the same for all voices of a source."""
    graph = source.fetch(found.graph, progress)
    place = source.fetch(found.prefix, progress, endings=endings(found.name))
    return Fetched(place, "kokoro", found.name, graph)


def _fetch_files(source: Source, found: Found, progress: Progress | None) -> Fetched:
    """Fetch the files of a voice, and the notes beside them, but not the voices beside them."""
    paths = [PurePosixPath(path) for path in found.files.values()]
    folder = paths[0].parent
    notes = piper_layouts.NOTES if found.kind == "piper" else hts_layouts.NOTES
    wanted = tuple(str(path) for path in (*paths, *(folder / note for note in notes)))
    place = source.fetch("" if folder == PurePosixPath() else str(folder), progress, endings=wanted)
    # A source that is a file is that file.
    here = place if place.is_dir() else place.parent
    names = {key: PurePosixPath(path).name for key, path in found.files.items()}
    return Fetched(place, found.kind, files={key: here / name for key, name in names.items()})


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
    return not _has_checkpoints(files) and "config.json" in files and any(_is_checkpoint(path) for path in files)


def _has_checkpoints(files: Sequence[str]) -> bool:
    return any(path.startswith("pytorch/speakers/") for path in files)


def _is_checkpoint(path: str) -> bool:
    return path.endswith(".safetensors") and "/" not in path


def _is_voice(names: set[str]) -> bool:
    return {"config.json", "style_vectors.npy"} <= names and any(name.endswith(".onnx") for name in names)


def _in_folder(folder: PurePosixPath) -> Found:
    if folder.parent == _SPEAKERS:
        return Found(folder.name, str(folder), "repository")
    return Found(folder.name, "" if folder == PurePosixPath() else str(folder), "folder")
