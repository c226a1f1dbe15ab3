"""Kokoro's voices among the paths of a source, in the layouts of onnx-community and of kokoro-onnx."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

GRAPHS = ("kokoro-v1.0.int8.onnx", "onnx/model_quantized.onnx", "kokoro-v1.0.onnx", "onnx/model.onnx")
"""The graphs that are taken, the first one that is there: those in int8 are a third of the others' size."""

_ARCHIVE = "voices-v1.0.bin"
# The archive holds the voices of all languages, these five of Japanese among them; only opening it tells its voices.
_IN_ARCHIVE = ("jf_alpha", "jf_gongitsune", "jf_nezumi", "jf_tebukuro", "jm_kumo")

# One voice's table of style vectors; the first letter of a name is the language.
_TABLE = re.compile(r"((?:.*/)?)voices/(j[^/]+)\.bin", re.DOTALL)
_GRAPH = re.compile(r"((?:.*/)?)(kokoro-v1\.0[^/]*\.onnx|onnx/model[^/]*\.onnx)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class KokoroPlace:
    """A Japanese voice of Kokoro in a source."""

    name: str
    """Its name in Kokoro, such as ``jf_alpha``."""

    folder: str
    """The folder of its files; "" where that is the source."""

    graph: str
    """The path of the graph, which all voices of the folder share."""


def kokoro_in(paths: Sequence[str]) -> list[KokoroPlace]:
    """Return the voices that the files at ``paths`` make up, and that have a graph in int8 or fp32."""
    graphs = _graphs(paths)
    found = []
    for folder, voices in _voices(paths).items():
        taken = [graph for graph in GRAPHS if graph in graphs.get(folder, ())]
        found += [KokoroPlace(voice, folder.rstrip("/"), f"{folder}{taken[0]}") for voice in voices if taken]
    return found


def lacks_graph(paths: Sequence[str]) -> bool:
    """Return whether there are voices of Kokoro with graphs in other precisions alone."""
    graphs = _graphs(paths)
    return any(folder in graphs and graphs[folder].isdisjoint(GRAPHS) for folder in _voices(paths))


def endings(voice: str) -> tuple[str, ...]:
    """Return the endings of the files that a voice takes beside its graph; other voices' tables are left out."""
    return (f"voices/{voice}.bin", _ARCHIVE, "tokenizer.json", "config.json")


def _graphs(paths: Sequence[str]) -> dict[str, set[str]]:
    """Return the graphs by the beginning of their paths: a folder with its slash, or nothing."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in paths:
        if match := _GRAPH.fullmatch(path):
            found[match[1]].add(match[2])
    return found


def _voices(paths: Sequence[str]) -> dict[str, list[str]]:
    """Return the names of the Japanese voices by the beginning of their paths."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in paths:
        if match := _TABLE.fullmatch(path):
            found[match[1]].append(match[2])
        elif path == _ARCHIVE or path.endswith(f"/{_ARCHIVE}"):
            found[path.removesuffix(_ARCHIVE)] += _IN_ARCHIVE
    return {folder: sorted(set(voices)) for folder, voices in found.items()}
