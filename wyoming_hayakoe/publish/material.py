"""Material of a published voice: the folder of a training, an exported voice, or an .aivmx file."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from wyoming_hayakoe.disk import one_line_errors
from wyoming_hayakoe.engine.graphs.metadata import read_metadata
from wyoming_hayakoe.engine.graphs.model_file import read_model
from wyoming_hayakoe.engine.jp_extra.voice_files import read_voice
from wyoming_hayakoe.engine.json_fields import read_object
from wyoming_hayakoe.errors import HayakoeError
from wyoming_hayakoe.publish.conversion import CONFIG, PREDICTOR, STYLES, SYNTHESIZER, for_trainers
from wyoming_hayakoe.sources.kokoro_layouts import kokoro_in
from wyoming_hayakoe.sources.local import LocalSource
from wyoming_hayakoe.sources.piper_layouts import piper_in

if TYPE_CHECKING:
    from onnx import ModelProto

NEUTRAL = "Neutral"
"""The style in which HayaKoe speaks where none is named."""

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

    styles: Mapping[str, int]
    """Rows of the style vectors by the names that are published."""

    renamed: str
    """The style of an .aivmx that is published as Neutral; "" where none is."""


def read_material(place: Path) -> Material:
    """Return the material at ``place``.

    Raises:
        HayakoeError: there is none that can be published, or a file of it is damaged.
    """
    if not place.exists():
        raise HayakoeError(f"{place}: there is no such folder or file: check the path")
    if kind := _finished_kind(place):
        raise HayakoeError(
            f"{place}: is a voice of {kind}, a kind that needs no publishing: copy its files as they are to "
            "Hugging Face, S3 or a disk, and serve them with --voice NAME=SOURCE"
        )
    if place.is_file() and place.suffix != ".aivmx":
        raise HayakoeError(f"{place}: neither a folder nor an .aivmx file: name the folder that it is in")
    if place.is_dir() and (lacking := [name for name in (CONFIG, STYLES) if not (place / name).exists()]):
        raise HayakoeError(
            f"{place}: has no {' and no '.join(lacking)}: name the folder of a finished training, "
            f"with {CONFIG}, {STYLES} and *.safetensors"
        )
    with for_trainers():
        voice = read_voice(place)
    if place.is_file():
        styles, renamed = _hayakoes_styles(voice.config.styles)
        return Material(place, (), place, None, voice.about.licence, styles, renamed)
    with one_line_errors(place, "name another folder"):
        checkpoints = tuple(sorted(path for path in place.glob("*.safetensors") if path.is_file()))
    graph = voice.model if voice.model.exists() else None
    if graph is None and not checkpoints:
        has_pth = any(place.glob("*.pth"))
        hint = "a .pth can run code when it is read; Style-Bert-VITS2 saves a .safetensors beside it" if has_pth else ""
        raise HayakoeError(
            f"{place}: has no *.safetensors and no synthesizer.onnx: {hint or 'name the folder of a finished training'}"
        )
    predictor = voice.predictor if graph else None
    return Material(place, checkpoints, graph, predictor, voice.about.licence, voice.config.styles, "")


def trained(root: Path) -> list[Path]:
    """Return the folders of finished trainings below ``data/dataset`` in a folder, newest first."""
    folders = {path.parent for path in root.glob("data/dataset/*/exports/*/*.safetensors")}
    found = [folder for folder in folders if (folder / CONFIG).is_file()]
    return sorted(found, key=lambda folder: folder.stat().st_mtime, reverse=True)


def link_description(material: Material, folder: Path) -> None:
    """Put the configuration, style vectors, README and licence of the voice into ``folder``."""
    if material.place.is_file():
        _unpack_description(material, folder)
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
    """Put a file into a folder: as a symbolic link, or as a copy where it holds the weights of a graph beside it.

    ONNX follows no links to such weights.
    """
    place = folder / (name or path.name)
    if ".onnx." in path.name:
        with one_line_errors(folder, "make room for temporary files"):
            shutil.copyfile(path, place)
    else:
        place.symlink_to(path.absolute())


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


def _finished_kind(place: Path) -> str:
    """Return the kind of a voice that is no training's, "" where it may be one."""
    with one_line_errors(place, "name another folder or file"):
        beside = place if place.is_dir() else place.parent
        names = {path.name for path in beside.iterdir()} if place.is_dir() else {place.name}
        is_piper = any(name.endswith(".onnx") and Path(beside, f"{name}.json").is_file() for name in names)
        is_piper = is_piper or (bool(piper_in(names)) and _has_symbols(beside / CONFIG))
    if any(name.endswith(".htsvoice") for name in names):
        return "Open JTalk (HTS)"
    if is_piper:
        return "Piper"
    if place.is_dir() and STYLES not in names and kokoro_in(LocalSource(place.absolute()).list()):
        return "Kokoro"
    return ""


def _has_symbols(config: Path) -> bool:
    """Return whether a configuration lists phonemes, as Piper's does; a training's has none."""
    try:
        return "phoneme_id_map" in read_object(config)
    except HayakoeError:
        return False


def _hayakoes_styles(styles: Mapping[str, int]) -> tuple[Mapping[str, int], str]:
    """Return styles of which one is called Neutral, and the one that was renamed for that, "" where none was.

    HayaKoe speaks in Neutral where no style is named; AivisSpeech's manifests translate the name of row 0.
    """
    if NEUTRAL in styles:
        return styles, ""
    renamed = next((name for name, row in styles.items() if row == 0), "")
    return {NEUTRAL: 0} | {name: row for name, row in styles.items() if name != renamed}, renamed


def _unpack_description(material: Material, folder: Path) -> None:
    """Write the files that an .aivmx embeds beside its graph; the names of styles are those of its manifest."""
    path = material.place
    notes, voice = read_metadata(path), read_voice(path)
    config = json.loads(notes["aivm_hyper_parameters"].decode("utf-8-sig"))
    config["data"] = {**config.get("data", {}), "style2id": dict(material.styles)}
    licence = json.loads(notes["aivm_manifest"].decode("utf-8-sig")).get("license")
    with one_line_errors(folder, "make room for temporary files"):
        (folder / CONFIG).write_text(json.dumps(config, ensure_ascii=False, indent=2), encoding="utf-8")
        np.save(folder / STYLES, voice.style_vectors)
        if isinstance(licence, str) and licence:
            (folder / "LICENSE.txt").write_text(licence, encoding="utf-8", errors="replace")
