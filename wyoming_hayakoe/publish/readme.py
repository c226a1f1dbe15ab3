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

_TAGS = """\
library_name: hayakoe
pipeline_tag: text-to-speech
tags: [text-to-speech, japanese, style-bert-vits2, onnx, hayakoe]
"""
_HAYAKOE = "[HayaKoe](https://github.com/LemonDouble/hayakoe)"
# Heading, sentence, and what stands before a licence.
_LANGUAGES = (
    ("한국어", f"{_HAYAKOE}와 wyoming-hayakoe에서 쓸 수 있는 일본어 음성입니다.", "라이선스: "),
    ("English", f"Japanese voices for {_HAYAKOE} and wyoming-hayakoe.", "Licence: "),
    ("日本語", f"{_HAYAKOE} と wyoming-hayakoe で使える日本語の音声です。", "ライセンス："),
    ("中文", f"可用于 {_HAYAKOE} 和 wyoming-hayakoe 的日语语音。", "许可证："),
)


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
    identifier = licence if _IDENTIFIER.fullmatch(licence) else "other"
    title = uri.rstrip("/").rpartition("/")[2]
    front = f"---\nlanguage: ja\n{f'license: {identifier}' + chr(10) if licence else ''}{_TAGS}---\n# {title}\n"
    parts = [front, f"{_section(voices)}\n"]
    for heading, sentence, before in _LANGUAGES:
        parts.append(
            f"## {heading}\n{sentence}\n{_usage(voices[0].name, uri)}{before + licence + chr(10) if licence else ''}"
        )
    return "\n".join(parts)


def _usage(voice: str, uri: str) -> str:
    """Return what users of HayaKoe and of this program write."""
    return f"""\
```python
from hayakoe import TTS

speaker = TTS().load("{voice}", source="{uri}").prepare().speakers["{voice}"]
speaker.generate("こんにちは。").save("hello.wav")
```
```
wyoming-hayakoe --voice '{voice}={uri}'
```
"""


def update(text: str, voices: Sequence[Listed], uri: str, licence: str) -> str:
    """Return README.md for a repository with one: with a new list of voices, or all new where it has no such list."""
    if not is_marked(text):
        return write(voices, uri, licence)
    before, _, rest = text.partition(_BEGIN)
    return f"{before}{_section(voices)}{rest.partition(_END)[2]}"


def is_marked(text: str) -> bool:
    """Return whether a README.md has the marked list of voices, which is updated without asking."""
    return _END in text.partition(_BEGIN)[2]


def difference(before: str, after: str) -> str:
    """Return the unified diff of two texts; "" where they are equal."""
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), f"{NAME} (there)", f"{NAME} (new)", "", "", 2, ""
    )
    return "\n".join(lines)


def _section(voices: Sequence[Listed]) -> str:
    rows = [f"| `{voice.name}` | {', '.join(voice.kinds)} |" for voice in voices]
    return "\n".join([_BEGIN, "| 음성 · voice · 音声 · 语音 | |", "|---|---|", *rows, _END])
