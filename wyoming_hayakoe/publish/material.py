"""Material of a published voice: the folder of a training, an exported voice, or an .aivmx file."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from wyoming_hayakoe.disk import one_line_errors
from wyoming_hayakoe.engine.graphs.metadata import read_metadata
from wyoming_hayakoe.engine.graphs.model_file import read_model
from wyoming_hayakoe.engine.jp_extra.voice_files import read_voice
from wyoming_hayakoe.errors import HayakoeError
from wyoming_hayakoe.publish.conversion import CONFIG, PREDICTOR, STYLES, SYNTHESIZER
from wyoming_hayakoe.sources.inventory import voices_in
from wyoming_hayakoe.sources.local import LocalSource

if TYPE_CHECKING:
    from onnx import ModelProto

# Names of inputs in Style-Bert-VITS2's exports → in HayaKoe's.
_INPUTS = {"x_tst": "x", "x_tst_lengths": "x_lengths", "tones": "tone"}
_NOTES = ("README.md", "LICENSE", "LICENSE.txt")


@dataclass(frozen=True, slots=True)
class Material:
    """Files that a voice is made of; the weights in them are not read yet."""

    place: Path
    """The folder, or the .aivmx file."""

    checkpoints: tuple[Path, ...]
    """The ``.safetensors`` files, by name."""

    graph: Path | None
    """An exported synthesizer, which is published unchanged."""

    predictor: Path | None
    """The exported duration predictor beside it."""

    licence: str
    """"" where the files name none."""


def read_material(place: Path) -> Material:
    """Return the material at ``place``.

    Raises:
        HayakoeError: there is none that can be published, or a file of it is damaged.
    """
    if not place.exists():
        raise HayakoeError(f"{place}: there is no such folder or file: check the path")
    _check_kind(place)
    if place.is_file() and place.suffix != ".aivmx":
        raise HayakoeError(f"{place}: neither a folder nor an .aivmx file: name the folder that it is in")
    voice = read_voice(place)
    if place.is_file():
        return Material(place, (), place, None, voice.about.licence)
    with one_line_errors(place, "name another folder"):
        checkpoints = tuple(sorted(path for path in place.glob("*.safetensors") if path.is_file()))
    graph = voice.model if voice.model.exists() else None
    if graph is None and not checkpoints:
        has_pth = any(place.glob("*.pth"))
        hint = "a .pth can run code when it is read; Style-Bert-VITS2 saves a .safetensors beside it" if has_pth else ""
        raise HayakoeError(
            f"{place}: has no *.safetensors and no synthesizer.onnx: {hint or 'name the folder of a finished training'}"
        )
    return Material(place, checkpoints, graph, voice.predictor if graph else None, voice.about.licence)


def _check_kind(place: Path) -> None:
    """Raise HayakoeError where ``place`` holds only voices of kinds that no HayaKoe repository can hold."""
    kinds = {voice.kind for voice in voices_in(LocalSource(place.absolute()).list())}
    if kinds and kinds <= {"piper", "hts"}:
        name = "Piper" if "piper" in kinds else "HTS"
        raise HayakoeError(
            f"{place}: is a voice of {name}: HayaKoe's repositories hold voices of Style-Bert-VITS2 alone, and this "
            f"one speaks as it is, with --voice NAME={place}"
        )


def trained(root: Path) -> list[Path]:
    """Return the folders of finished trainings below ``data/dataset`` in a folder, newest first."""
    folders = {path.parent for path in root.glob("data/dataset/*/exports/*/*.safetensors")}
    found = [folder for folder in folders if (folder / CONFIG).is_file()]
    return sorted(found, key=lambda folder: folder.stat().st_mtime, reverse=True)


def link_description(material: Material, folder: Path) -> None:
    """Put the configuration, style vectors, README and licence of the voice into ``folder``."""
    if material.place.is_file():
        _unpack_description(material.place, folder)
        return
    for name in (CONFIG, STYLES, *_NOTES):
        if (path := material.place / name).is_file():
            link(path, folder)


def link_graphs(graph: Path, predictor: Path | None, folder: Path) -> None:
    """Put exported graphs into ``folder``, with HayaKoe's names of files and inputs.

    Raises:
        HayakoeError: the graph is damaged.
    """
    model = read_model(graph)
    if graph.suffix == ".aivmx" or any(value.name in _INPUTS for value in model.graph.input):
        _rename_inputs(model, graph)
        del model.metadata_props[:]
        with one_line_errors(folder, "make room for temporary files"):
            (folder / SYNTHESIZER).write_bytes(model.SerializeToString())
    else:
        link(graph, folder, SYNTHESIZER)
        for weights in graph.parent.glob(f"{graph.name}?*"):
            link(weights, folder)
    if predictor is not None:
        link(predictor, folder, PREDICTOR)


def link(path: Path, folder: Path, name: str | None = None) -> None:
    """Put a file into a folder as a symbolic link."""
    (folder / (name or path.name)).symlink_to(path.absolute())


def _rename_inputs(model: "ModelProto", path: Path) -> None:
    taken = {name for node in model.graph.node for name in node.output} | {value.name for value in model.graph.input}
    if collision := [new for old, new in _INPUTS.items() if new in taken and old in taken]:
        raise HayakoeError(
            f"{path}: has another value named {collision[0]!r}: export it with HayaKoe's names of inputs"
        )
    for value in model.graph.input:
        value.name = _INPUTS.get(value.name, value.name)
    for node in model.graph.node:
        node.input[:] = [_INPUTS.get(name, name) for name in node.input]


def _unpack_description(path: Path, folder: Path) -> None:
    """Write the files that an .aivmx embeds beside its graph; the names of styles are those of its manifest."""
    notes, voice = read_metadata(path), read_voice(path)
    config = json.loads(notes["aivm_hyper_parameters"].decode("utf-8-sig"))
    config["data"] = {**config.get("data", {}), "style2id": dict(voice.config.styles)}
    licence = json.loads(notes["aivm_manifest"].decode("utf-8-sig")).get("license")
    with one_line_errors(folder, "make room for temporary files"):
        (folder / CONFIG).write_text(json.dumps(config, ensure_ascii=False, indent=2), encoding="utf-8")
        np.save(folder / STYLES, voice.style_vectors)
        if isinstance(licence, str) and licence:
            (folder / "LICENSE.txt").write_text(licence, encoding="utf-8", errors="replace")
