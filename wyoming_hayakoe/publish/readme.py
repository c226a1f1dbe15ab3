"""README.md of a repository: its voices, their licence and their use."""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

NAME = "README.md"

_BEGIN, _END = "<!-- voices -->", "<!-- /voices -->"
_IDENTIFIER = re.compile(r"[a-z0-9][a-z0-9.-]{1,40}")
_KINDS = {"onnx": "ONNX", "pytorch": "PyTorch"}

_TEMPLATE = """\
---
language: ja
license: {identifier}
library_name: hayakoe
pipeline_tag: text-to-speech
tags: [text-to-speech, japanese, style-bert-vits2, onnx, hayakoe]
---
# {title}

{section}

## 한국어
[HayaKoe](https://github.com/LemonDouble/hayakoe)와 wyoming-hayakoe에서 쓸 수 있는 일본어 음성입니다.
```
wyoming-hayakoe --voice '{voice}={uri}'
```
라이선스: {licence}

## English
Japanese voices for [HayaKoe](https://github.com/LemonDouble/hayakoe) and wyoming-hayakoe.
```
wyoming-hayakoe --voice '{voice}={uri}'
```
Licence: {licence}

## 日本語
[HayaKoe](https://github.com/LemonDouble/hayakoe) と wyoming-hayakoe で使える日本語の音声です。
```
wyoming-hayakoe --voice '{voice}={uri}'
```
ライセンス：{licence}

## 中文
可用于 [HayaKoe](https://github.com/LemonDouble/hayakoe) 和 wyoming-hayakoe 的日语语音。
```
wyoming-hayakoe --voice '{voice}={uri}'
```
许可证：{licence}
"""


@dataclass(frozen=True, slots=True)
class Listed:
    """One voice in the list of README.md."""

    name: str
    kinds: tuple[str, ...]


def listed(paths: Sequence[str]) -> list[Listed]:
    """Return the voices of a repository whose files are at ``paths``, by name."""
    kinds: dict[str, set[str]] = {}
    for path in paths:
        match PurePosixPath(path).parts:
            case (("onnx" | "pytorch") as kind, "speakers", name, _, *_):
                kinds.setdefault(name, set()).add(_KINDS[kind])
    return [Listed(name, tuple(sorted(kinds[name]))) for name in sorted(kinds)]


def write(voices: Sequence[Listed], uri: str, licence: str) -> str:
    """Return README.md for a repository without one.

    Args:
        voices: all voices of the repository; at least one.
        uri: the repository.
        licence: a few words, or Hugging Face's identifier of the licence; "" where it is unknown.
    """
    return _TEMPLATE.format(
        identifier=licence if _IDENTIFIER.fullmatch(licence) else "other" if licence else "unknown",
        title=uri.rstrip("/").rpartition("/")[2],
        section=_section(voices),
        voice=voices[0].name,
        uri=uri,
        licence=licence or "?",
    )


def update(text: str, voices: Sequence[Listed], uri: str, licence: str) -> str:
    """Return README.md for a repository with one: with a new list of voices, or all new where it has no such list."""
    before, _, rest = text.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    return f"{before}{_section(voices)}{after}" if end else write(voices, uri, licence)


def difference(before: str, after: str) -> str:
    """Return the unified diff of two texts; "" where they are equal."""
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), f"{NAME} (there)", f"{NAME} (new)", "", "", 2, ""
    )
    return "\n".join(lines)


def _section(voices: Sequence[Listed]) -> str:
    rows = [f"| `{voice.name}` | {', '.join(voice.kinds)} |" for voice in voices]
    return "\n".join([_BEGIN, "| 음성 · voice · 音声 · 语音 | |", "|---|---|", *rows, _END])
