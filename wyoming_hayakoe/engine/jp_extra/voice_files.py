"""The files of a voice: a folder with graph and configuration, or AivisSpeech's single file."""

import binascii
import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wyoming_hayakoe.engine.about import About, brief, first_line, read_about
from wyoming_hayakoe.engine.graphs.metadata import read_metadata
from wyoming_hayakoe.engine.jp_extra.config import (
    StyleVectors,
    VoiceConfig,
    parse_config,
    parse_style_vectors,
    read_config,
    read_style_vectors,
)
from wyoming_hayakoe.engine.json_fields import parse_object
from wyoming_hayakoe.errors import HayakoeError

_JP_EXTRA = "Style-Bert-VITS2 (JP-Extra)"
# What is looked at of one field, before it is cut to what a list shows.
_LONGEST_FIELD = 1000
_MOST_CREATORS = 16

# An icon or a sample of speech in a manifest: megabytes of text that are not looked at.
_EMBEDDED = re.compile(rb'(?<!\\)"data:[\w.+/;=\\-]*,[A-Za-z0-9+/=\\]*"')
# Mail address or page of a creator, and the page alone.
_ADDRESS = re.compile(r"<[^<>]*>|\([^()]*\)")
_PAGE = re.compile(r"\((https?://[^()\s]+)\)")


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


def _model_in(folder: Path) -> Path:
    """Return the synthesizer's graph: the one of that name, else the only one."""
    graphs = [path for path in sorted(folder.glob("*.onnx")) if path.name != "duration_predictor.onnx"]
    named = [path for path in graphs if path.name == "synthesizer.onnx"]
    match named or graphs:
        case [model]:
            return model
        case []:
            return folder / "synthesizer.onnx"
    names = brief(", ".join(path.name for path in graphs[:9]))
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
    manifest = parse_object(_EMBEDDED.sub(b'""', notes["aivm_manifest"]), path)
    if (architecture := _text(manifest.get("model_architecture"))) != _JP_EXTRA:
        raise HayakoeError(f"{path}: is a voice of {architecture[:40]!r}, not of {_JP_EXTRA}: choose a JP-Extra voice")
    config = parse_config(notes["aivm_hyper_parameters"], path, _styles(manifest))
    try:
        vectors = b64decode(notes["aivm_style_vectors"], validate=True)
    except (binascii.Error, ValueError) as error:
        raise HayakoeError(f"{path}: holds no style vectors ({error}): fetch the voice again") from None
    return VoiceFiles(path, None, config, parse_style_vectors(vectors, path, config), _about(manifest))


def _styles(manifest: Mapping[str, Any]) -> dict[str, object]:
    """Return the names and rows of the first speaker's styles in the manifest, which may translate them."""
    speakers = manifest.get("speakers")
    first = speakers[0] if isinstance(speakers, list) and speakers else None
    styles = first.get("styles") if isinstance(first, dict) else None
    named = [style for style in styles if isinstance(style, dict)] if isinstance(styles, list) else []
    return {_text(style.get("name")): style.get("local_id") for style in named}


def _about(manifest: Mapping[str, Any]) -> About:
    """Return the description in a manifest; its creators are written as in npm: NAME <MAIL> (URL)."""
    creators = manifest.get("creators")
    written = [_text(each) for each in creators[:_MOST_CREATORS]] if isinstance(creators, list) else []
    names = [_ADDRESS.sub("", each).strip() for each in written]
    pages = [match[1] for each in written if (match := _PAGE.search(each))]
    return About(
        description=brief(_text(manifest.get("description")) or _text(manifest.get("name"))),
        author=brief(", ".join(filter(None, names))),
        url=brief(pages[0]) if pages else "",
        licence=brief(first_line(_text(manifest.get("license")))),
    )


def _text(value: object) -> str:
    """Return the beginning of a text; "" for anything else."""
    return value[:_LONGEST_FIELD] if isinstance(value, str) else ""
