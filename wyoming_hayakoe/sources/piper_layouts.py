"""Piper's voices among the paths of a source: NAME.onnx with NAME.onnx.json, or a graph with config.json."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

NOTES = ("MODEL_CARD", "README.md", "LICENSE", "LICENSE.txt")
"""Files beside a voice that say whose it is."""

_CONFIG = "config.json"

# Names as rhasspy/piper-voices has them begin with a locale; the voices of other languages are 95 in 100.
_LOCALE = re.compile(r"([a-z]{2,3})_[A-Z]{2}(?=-)")

# With one of these beside it, a graph with config.json is of another kind: Style-Bert-VITS2, Kokoro, a text encoder.
_OF_OTHERS = frozenset({"style_vectors.npy", "tokenizer.json", "tokenizer_config.json", "vocab.txt", "voices-v1.0.bin"})
_CHECKPOINTS = (".safetensors", ".pth", ".aivm")


@dataclass(frozen=True, slots=True)
class PiperPlace:
    """A voice of Piper or piper-plus in a source."""

    name: str
    """The name of its graph, or of its folder where the graph has none of its own; "" where that is the source."""

    prefix: str
    """The path of its graph, or of its folder where nothing else lies there; "" for the source itself."""

    graph: str
    config: str


def piper_in(paths: Iterable[str]) -> list[PiperPlace]:
    """Return the voices that the files at ``paths`` make up, those of other languages left out by their names."""
    found = []
    for folder, names in _by_folder(paths).items():
        graphs = sorted(name for name in names if name.endswith(".onnx"))
        own = [graph for graph in graphs if f"{graph}.json" in names]
        for graph in own:
            if not foreign(graph):
                stem = folder.name if graph == "model.onnx" else graph.removesuffix(".onnx")
                found.append(_place(stem, str(folder / graph), folder, graph, f"{graph}.json"))
        only = _only(graphs)
        if not own and only and _has_config(names):
            found.append(_place(folder.name, _text(folder), folder, only, _CONFIG))
    return found


def foreign(graph: str) -> str:
    """Return the locale with which the name of a graph begins; "" where there is none, or it is Japanese."""
    locale = _LOCALE.match(graph.rpartition("/")[2])
    return "" if locale is None or locale[1] == "ja" else locale[0]


def lacking(paths: Sequence[str]) -> Mapping[str, str]:
    """Return why files are no voice of Piper, by the path of each: the other half is missing, or the language other."""
    here = set(paths)
    reasons: dict[str, str] = {}
    for path in paths:
        if path.endswith(".onnx.json") and path.removesuffix(".json") not in here:
            reasons[path] = f"it has no {path.removesuffix('.json').rpartition('/')[2]} beside it"
        elif path.endswith(".onnx") and f"{path}.json" in here and (locale := foreign(path)):
            reasons[path] = f"it is a voice for {locale}, and this program speaks Japanese"
    return reasons


def _by_folder(paths: Iterable[str]) -> Mapping[PurePosixPath, set[str]]:
    folders: dict[PurePosixPath, set[str]] = {}
    for path in map(PurePosixPath, paths):
        folders.setdefault(path.parent, set()).add(path.name)
    return folders


def _has_config(names: set[str]) -> bool:
    return _CONFIG in names and names.isdisjoint(_OF_OTHERS) and not any(name.endswith(_CHECKPOINTS) for name in names)


def _only(graphs: Sequence[str]) -> str | None:
    if "model.onnx" in graphs:
        return "model.onnx"
    return graphs[0] if len(graphs) == 1 and not graphs[0].startswith("kokoro-v1.0") else None


def _place(name: str, prefix: str, folder: PurePosixPath, graph: str, config: str) -> PiperPlace:
    return PiperPlace(name, prefix, str(folder / graph), str(folder / config))


def _text(folder: PurePosixPath) -> str:
    return "" if folder == PurePosixPath() else str(folder)
