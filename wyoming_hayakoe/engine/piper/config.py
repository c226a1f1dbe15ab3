"""A Piper voice's configuration, NAME.onnx.json or config.json, which comes from any source and may hold anything.

The keys are those of piper-tts 1.8.0 (``piper/config.py``) and piper-plus 2.0.2 (``piper_plus/config.py``).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wyoming_hayakoe.engine.json_fields import (
    MOST_ROWS,
    first_styles,
    is_between,
    object_of,
    read_object,
    rows,
    whole,
)
from wyoming_hayakoe.engine.piper.notations import Kind, Symbols, lacking
from wyoming_hayakoe.errors import HayakoeError, some_of

MOST_IDS = 4
"""Ids of one symbol; all voices there are have one."""

_MOST_SYMBOLS = 4096
_LONGEST_SYMBOL = 16
_MOST_LANGUAGES = 1024
_LARGEST_SCALE = 5

_KINDS: Mapping[str, Kind] = {
    "japanese": "piper",
    "openjtalk": "piper-plus",
    "bilingual": "piper-plus",
    "multilingual": "piper-plus",
}
"""By ``phoneme_type``, the notation of Japanese voices."""

_OF_SEVERAL_LANGUAGES = {"bilingual", "multilingual"}

_SCALES = {"piper": (0.667, 1.0, 0.8), "piper-plus": (0.4, 1.0, 0.5)}
"""By notation, the scales of noise, length and noise of durations where a configuration has none."""


@dataclass(frozen=True, slots=True)
class PiperConfig:
    """The part of a Piper configuration that decides how its network is used."""

    sample_rate: int
    """Samples per second."""

    hop: int
    """Samples in a frame."""

    kind: Kind
    """The notation of phones and prosody."""

    symbols: Symbols
    """Ids by symbol; blank and both ends are among the symbols."""

    speakers: Mapping[str, int]
    """Rows of the speaker embedding by name, the default first; ``normal`` where there is one speaker."""

    language_id: int | None
    """Row of the language embedding for Japanese; None where the voice has one language."""

    noise: float
    """The voice's own scale of the noise from which the sound is sampled."""

    length: float
    """The voice's own scale of durations."""

    noise_w: float
    """The voice's own scale of the noise of the duration predictor."""

    has_blanks: bool = True
    """Whether the network was trained with a blank behind each symbol; piper-plus's for Japanese alone are not."""

    num_symbols: int = 256
    """Number of rows of the phone embedding; all ids are below it."""

    num_speakers: int = 1
    """Number of rows of the speaker embedding; a graph has an input for them from two on."""

    description: str = ""
    """The data set's name and the quality, as far as the configuration has them."""


def read_piper_config(path: Path) -> PiperConfig:
    """Read a configuration.

    Raises:
        HayakoeError: the file is missing, no such configuration, or not that of a Japanese voice.
    """
    content = read_object(path)
    kind, phoneme_type = _kind(content, path)
    language_id = _language_id(content, phoneme_type, path)
    audio = object_of(content.get("audio", {}), "audio", path)
    inference = object_of(content.get("inference", {}), "inference", path)
    num_symbols = whole(content, "num_symbols", 256, (1, _MOST_SYMBOLS), path)
    noise, length, noise_w = _SCALES[kind]
    num_speakers = whole(content, "num_speakers", 1, (1, MOST_ROWS), path)
    hop = whole(content, "hop_length", 256, (1, 8_192), path)
    return PiperConfig(
        sample_rate=whole(audio, "sample_rate", 22_050, (8_000, 192_000), path),
        hop=whole(audio, "hop_size", hop, (1, 8_192), path),
        kind=kind,
        has_blanks=phoneme_type != "openjtalk",
        num_symbols=num_symbols,
        symbols=_symbols(content, kind, num_symbols, path),
        speakers=_speakers(content, num_speakers, path),
        num_speakers=num_speakers,
        language_id=language_id,
        noise=_scale(inference, "noise_scale", noise, path),
        length=_scale(inference, "length_scale", length, path),
        noise_w=_scale(inference, "noise_w" if "noise_w" in inference else "noise_scale_w", noise_w, path),
        description=_description(content, audio),
    )


def _kind(content: Mapping[str, Any], path: Path) -> tuple[Kind, str]:
    """Return the notation and ``phoneme_type`` of a Japanese voice."""
    if "phoneme_id_map" not in content:
        raise HayakoeError(
            f"{path}: is no configuration of Piper (it has no phoneme_id_map): choose a Piper voice, or copy the "
            "style_vectors.npy of a Style-Bert-VITS2 voice beside it"
        )
    # Piper's first configurations name no type, nor do some of piper-plus's.
    default = "multilingual" if "language_id_map" in content else "espeak"
    phoneme_type = _text(content.get("phoneme_type", default))
    language = _language(content)
    # What a voice of several languages speaks is in language_id_map.
    if language and not _is_japanese(language) and phoneme_type not in _OF_SEVERAL_LANGUAGES:
        raise _not_japanese(repr(language[:20]), path)
    if phoneme_type not in _KINDS:
        raise HayakoeError(
            f"{path}: phoneme_type {phoneme_type[:20]!r} is not one of Japanese ({some_of(_KINDS)}): "
            "choose a Japanese voice"
        )
    return _KINDS[phoneme_type], phoneme_type


def _language(content: Mapping[str, Any]) -> str:
    """Return the voice's language code, as ``ja_JP``, ``ja`` or ``ja-en-zh``; "" where the configuration has none."""
    language = content.get("language")
    return _text(language.get("code") or language.get("family")) if isinstance(language, dict) else ""


def _is_japanese(language: str) -> bool:
    return re.split("[-_]", language)[0].lower() == "ja"


def _language_id(content: Mapping[str, Any], phoneme_type: str, path: Path) -> int | None:
    """Return the row of Japanese in ``language_id_map``; None for a voice that has no such map."""
    found = object_of(content.get("language_id_map") or {}, "language_id_map", path)
    if not found:
        if phoneme_type in _OF_SEVERAL_LANGUAGES and not _is_japanese(_language(content)):
            raise _not_japanese("languages that its language_id_map does not name", path)
        return None
    count = whole(content, "num_languages", len(found), (1, _MOST_LANGUAGES), path)
    code = next((code for code in found if _is_japanese(code)), None)
    if code is None:
        raise _not_japanese(some_of(repr(each[:20]) for each in found), path)
    if not is_between(found[code], (0, count - 1)):
        raise HayakoeError(f"{path}: language_id_map has no row below {count} for 'ja': fetch the voice again")
    return int(found[code])


def _not_japanese(languages: str, path: Path) -> HayakoeError:
    return HayakoeError(f"{path}: is a voice for {languages}, not for Japanese: choose a Japanese voice")


def _symbols(content: Mapping[str, Any], kind: Kind, num_symbols: int, path: Path) -> Symbols:
    found = object_of(content["phoneme_id_map"], "phoneme_id_map", path)
    if len(found) > _MOST_SYMBOLS:
        raise HayakoeError(f"{path}: phoneme_id_map has more than {_MOST_SYMBOLS} symbols: fetch the voice again")
    for symbol, ids in found.items():
        if len(symbol) > _LONGEST_SYMBOL or not _are_ids(ids, num_symbols):
            raise HayakoeError(
                f"{path}: phoneme_id_map has no list of ids below num_symbols ({num_symbols}) for "
                f"{symbol[:_LONGEST_SYMBOL]!r}: fetch the voice again"
            )
    symbols = {symbol: tuple(ids) for symbol, ids in found.items()}
    if missing := lacking(kind, symbols):
        raise HayakoeError(
            f"{path}: phoneme_id_map has no ids for {some_of(missing)}, which Japanese needs: choose a Japanese voice"
        )
    return symbols


def _are_ids(value: object, num_symbols: int) -> bool:
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_IDS:
        return False
    return all(is_between(each, (0, num_symbols - 1)) for each in value)


def _speakers(content: Mapping[str, Any], count: int, path: Path) -> Mapping[str, int]:
    """Return the names of the speakers with their rows, the default speaker first."""
    if count == 1:
        return {"normal": 0}
    names = rows(content.get("speaker_id_map") or {str(row): row for row in range(count)}, "speaker_id_map", path)
    if beyond := [name for name, row in names.items() if row >= count]:
        raise HayakoeError(
            f"{path}: speaker_id_map has a row past num_speakers ({count}) for {beyond[0]!r}: fetch the voice again"
        )
    default = whole(content, "default_speaker_id", 0, (0, count - 1), path)
    return first_styles(dict(sorted(names.items(), key=lambda item: (item[1] != default, item[1]))), path)


def _scale(data: Mapping[str, Any], key: str, default: float, path: Path) -> float:
    value = data.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LARGEST_SCALE:
        raise HayakoeError(f"{path}: {key} is not a number from 0 to {_LARGEST_SCALE}: fetch the voice again")
    return float(value)


def _description(content: Mapping[str, Any], audio: Mapping[str, Any]) -> str:
    name, quality = _text(content.get("dataset")), _text(audio.get("quality"))
    return f"{name} ({quality})" if name and quality else name


def _text(value: object) -> str:
    """Return the beginning of a text; "" for anything else."""
    return value[:100] if isinstance(value, str) else ""
