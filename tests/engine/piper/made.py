"""Configurations of Piper voices, as both programs write them, with no more symbols than Japanese needs."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support import FRONT_END
from wyoming_hayakoe.engine.piper.config import PiperConfig, read_piper_config
from wyoming_hayakoe.engine.piper.phonemes import PiperLine, encode

IPA = "_^$,.?#↑↓abdehijkmnopstvwzɕɡɯɴɸɾʑʔʲʷ"
ONE_LETTER = "_^$?#[]aiueoAIUEONqkgtdpbszjfhvnmrwy"
_NAMES = """
a: i: u: e: o: cl ky kw gy gw ty dy py by ch ts sh zy hy ny my ry ?! ?. ?~ N_m N_n N_ng N_uvular
"""
PRIVATE = {token: chr(0xE000 + index) for index, token in enumerate(_NAMES.split())}

PIPER: Mapping[str, Any] = {
    "audio": {"sample_rate": 22_050, "quality": "medium"},
    "espeak": {"voice": "ja"},
    "language": {"code": "ja_JP", "family": "ja", "region": "JP"},
    "dataset": "anna",
    "inference": {"noise_scale": 0.667, "length_scale": 1, "noise_w": 0.8},
    "phoneme_type": "japanese",
    "phoneme_id_map": {sign: [index] for index, sign in enumerate(IPA)},
    "num_symbols": 256,
    "num_speakers": 1,
    "speaker_id_map": {},
    "hop_length": 256,
    "piper_version": "1.8.0",
}
"""What piper-tts 1.8 writes."""

PLUS: Mapping[str, Any] = {
    "audio": {"sample_rate": 22_050, "quality": "medium", "hop_size": 256},
    "language": {"code": "ja-en-zh"},
    "inference": {"noise_scale": 0.4, "length_scale": 1.0, "noise_w": 0.5},
    "phoneme_type": "multilingual",
    "phoneme_id_map": {sign: [index] for index, sign in enumerate([*ONE_LETTER, *PRIVATE.values()])},
    "num_symbols": len(ONE_LETTER) + len(PRIVATE),
    "num_speakers": 1,
    "num_languages": 3,
    "language_id_map": {"en": 1, "ja": 0, "zh": 2},
    "prosody_num_symbols": 11,
}
"""What piper-plus 2.0 writes for a voice of several languages."""

PLUS_ALONE: Mapping[str, Any] = {
    **{key: value for key, value in PLUS.items() if "language" not in key},
    "language": {"code": "ja"},
    "phoneme_type": "openjtalk",
}
"""What piper-plus 2.0 writes for a voice for Japanese alone."""

_DISPLAYED = {sign: token for token, sign in PRIVATE.items()}


def config_file(folder: Path, content: object, name: str = "anna.onnx.json") -> Path:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def config(folder: Path, content: Mapping[str, Any], **changes: object) -> PiperConfig:
    """Read a configuration with ``changes``; None takes a key away."""
    changed = {key: value for key, value in {**content, **changes}.items() if value is not None}
    return read_piper_config(config_file(folder, changed))


def lines(text: str, config: PiperConfig, longest: int = 100_000) -> tuple[PiperLine, ...]:
    return encode(FRONT_END.read(text), config, longest)


def displayed(ids: tuple[int, ...] | list[int], config: PiperConfig, *, blanks: bool = False) -> str:
    """Return ids as symbols with spaces between them, the blanks among them or not."""
    names = {number: _DISPLAYED.get(sign, sign) for sign, (number,) in config.symbols.items()}
    kept = ids if blanks else [number for number in ids if (number,) != config.symbols["_"]]
    return " ".join(names[number] for number in kept)


def written(text: str, config: PiperConfig, *, blanks: bool = False) -> str:
    return " | ".join(displayed(line.ids, config, blanks=blanks) for line in lines(text, config))
