"""The files of a voice: a folder with graph and configuration, or AivisSpeech's single file."""

import binascii
import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any

from wyoming_hayakoe.engine.graphs.metadata import read_metadata
from wyoming_hayakoe.engine.jp_extra.config import (
    StyleVectors,
    VoiceConfig,
    parse_config,
    parse_object,
    parse_style_vectors,
    read_config,
    read_style_vectors,
    rows,
)
from wyoming_hayakoe.errors import HayakoeError

_JP_EXTRA = "Style-Bert-VITS2 (JP-Extra)"
_NOTES = ("README.md", "LICENSE", "LICENSE.txt")
_LONGEST = 140
_LARGEST_NOTE = 1 << 16


@dataclass(frozen=True, slots=True)
class About:
    """A voice's description of itself; "" for what is missing."""

    description: str = ""
    author: str = ""
    url: str = ""
    licence: str = ""


@dataclass(frozen=True, slots=True)
class VoiceFiles:
    """A voice's files; the small ones are read, the graph is not."""

    model: Path
    """The synthesizer's graph."""

    predictor: Path | None
    """The duration predictor's graph, if the voice has one."""

    config: VoiceConfig
    style_vectors: StyleVectors
    about: About


def read_voice(place: Path) -> VoiceFiles:
    """Read the folder of a HayaKoe speaker, a Style-Bert-VITS2 folder, or an .aivmx file.

    Raises:
        HayakoeError: a file is missing or damaged, or the voice is not JP-Extra.
    """
    if place.suffix == ".aivmx":
        return _read_aivmx(place)
    config = read_config(place / "config.json")
    vectors = read_style_vectors(place / "style_vectors.npy", config)
    predictor = place / "duration_predictor.onnx"
    return VoiceFiles(_model_in(place), predictor if predictor.exists() else None, config, vectors, read_about(place))


def read_about(folder: Path) -> About:
    """Return the licence in the front matter of a folder's README.md, or the first line of its licence file."""
    for name in _NOTES:
        try:
            with (folder / name).open("rb") as file:
                text = file.read(_LARGEST_NOTE).decode("utf-8", "replace")
        except OSError:
            continue
        licence = _front_matter(text).get("license", "") if name.endswith(".md") else _first_line(text)
        if licence:
            return About(licence=_brief(licence))
    return About()


def _model_in(folder: Path) -> Path:
    """Return the synthesizer's graph: the one of that name, else the only one."""
    graphs = [path for path in sorted(folder.glob("*.onnx")) if path.name != "duration_predictor.onnx"]
    named = [path for path in graphs if path.name == "synthesizer.onnx"]
    match named or graphs:
        case [model]:
            return model
        case []:
            return folder / "synthesizer.onnx"
    names = ", ".join(path.name for path in graphs)[:_LONGEST]
    raise HayakoeError(f"{folder}: holds several graphs ({names}): leave one, or call it synthesizer.onnx")


def _read_aivmx(path: Path) -> VoiceFiles:
    try:
        notes = read_metadata(path)
    except OSError as error:
        raise HayakoeError(f"{path}: cannot be read ({error.strerror}): change its permissions") from None
    except ValueError as error:
        raise HayakoeError(f"{path}: is no whole ONNX file ({error}): fetch the voice again") from None
    if lacking := [key for key in ("manifest", "hyper_parameters", "style_vectors") if f"aivm_{key}" not in notes]:
        raise HayakoeError(f"{path}: is no AIVMX file (it has no aivm_{lacking[0]}): choose another file")
    manifest = parse_object(notes["aivm_manifest"], path)
    if (architecture := str(manifest.get("model_architecture", ""))) != _JP_EXTRA:
        raise HayakoeError(f"{path}: is a voice of {architecture[:40]!r}, not of {_JP_EXTRA}: choose a JP-Extra voice")
    config = parse_config(notes["aivm_hyper_parameters"], path)
    if styles := _styles(manifest):
        config = replace(config, styles=rows(styles, "a speaker's styles", path))
    try:
        vectors = b64decode(notes["aivm_style_vectors"], validate=True)
    except binascii.Error as error:
        raise HayakoeError(f"{path}: holds no style vectors ({error}): fetch the voice again") from None
    return VoiceFiles(path, None, config, parse_style_vectors(BytesIO(vectors), path, config), _about(manifest))


def _styles(manifest: Mapping[str, Any]) -> dict[str, object]:
    """Return the names and rows of the first speaker's styles in the manifest, which may translate them."""
    speakers = manifest.get("speakers")
    first = speakers[0] if isinstance(speakers, list) and speakers else None
    styles = first.get("styles") if isinstance(first, dict) else None
    named = [style for style in styles if isinstance(style, dict)] if isinstance(styles, list) else []
    return {str(style.get("name", "")): style.get("local_id") for style in named}


def _about(manifest: Mapping[str, Any]) -> About:
    """Return the description in a manifest; its creators are written as in npm: NAME <MAIL> (URL)."""
    creators = manifest.get("creators")
    written = [str(each) for each in creators] if isinstance(creators, list) else []
    names = [re.sub(r"<[^>]*>|\([^)]*\)", "", each).strip() for each in written]
    urls = [match[1] for each in written if (match := re.search(r"\((https?://[^)\s]+)\)", each))]
    return About(
        description=_brief(str(manifest.get("description") or manifest.get("name") or "")),
        author=_brief(", ".join(filter(None, names))),
        url=urls[0][:_LONGEST] if urls else "",
        licence=_brief(_first_line(str(manifest.get("license") or ""))),
    )


def _front_matter(text: str) -> dict[str, str]:
    """Return the plain ``key: value`` lines between the first two ``---`` of a Markdown file."""
    match = re.match(r"\s*---\s*\n(.*?)\n---", text, re.DOTALL)
    lines = match[1].splitlines() if match else []
    pairs = [line.partition(":") for line in lines if re.match(r"\w+:", line)]
    return {key: value.strip().strip("'\"") for key, _, value in pairs}


def _first_line(text: str) -> str:
    lines = (line.strip(" #\t") for line in text.splitlines())
    return next(filter(None, lines), "")


def _brief(text: str) -> str:
    """Return printable text of one line that fits a list."""
    printable = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(printable.split())[:_LONGEST]
