"""Header of an .htsvoice file: text before the numbers, read bounded and checked before the engine's C code reads it.

The format is that of HTS engine API 1.10: three sections of ``NAME:VALUE`` lines, then ``[DATA]``, relative to which
the section ``[POSITION]`` gives the first and last byte of each part.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from wyoming_hayakoe.disk import read_start
from wyoming_hayakoe.errors import HayakoeError

# The header of Mei has 1.5 kB. The engine reads lines into buffers of 1,024 bytes.
_LARGEST = 1 << 16
_LONGEST_LINE = 900

_LABELS = "HTS_TTS_JPN"

_FIELD = re.compile(r"([A-Z_0-9]{1,64}(?:\[[A-Z_0-9]{1,32}\])?):([ -~]*)")
_DATA = b"\n[DATA]\n"
_GLOBAL = frozenset(
    {
        "HTS_VOICE_VERSION",
        "SAMPLING_FREQUENCY",
        "FRAME_PERIOD",
        "NUM_STATES",
        "NUM_STREAMS",
        "STREAM_TYPE",
        "FULLCONTEXT_FORMAT",
        "FULLCONTEXT_VERSION",
    }
)
_OPTIONAL = frozenset({"GV_OFF_CONTEXT", "COMMENT"})
_OF_STREAM = ("VECTOR_LENGTH", "IS_MSD", "NUM_WINDOWS", "USE_GV", "OPTION")
_OF_GV = ("GV_PDF", "GV_TREE")
_RANGE = re.compile(r"([0-9]{1,10})-([0-9]{1,10})")
_CONTEXTS = re.compile(r'(?:"[^"]{1,200}"(?:,"[^"]{1,200}")*)?')
_OPTION = re.compile(r"(?:ALPHA=0(?:\.[0-9]{1,8})?|GAMMA=[0-9]|LN_GAIN=[01])", re.ASCII)

Span = tuple[int, int]
"""First byte and the byte after the last, from the beginning of the file."""


class DamagedError(ValueError):
    """A file is no .htsvoice file that can be used; the text completes a line that begins with its path."""


@dataclass(frozen=True, slots=True)
class StreamHeader:
    """One stream of parameters: the spectrum, the fundamental frequency, or the filter of aperiodicity."""

    vector_length: int
    windows: int
    """Number of windows: static, delta and delta-delta values."""

    is_msd: bool
    """Whether it has a probability that it is there: the fundamental frequency of unvoiced sound is not."""

    uses_gv: bool
    """Whether the variance over a sentence is given (global variance)."""


@dataclass(frozen=True, slots=True)
class Header:
    """What the header says."""

    sample_rate: int
    frame_period: int
    """Samples of a frame."""

    states: int
    """States of a phone's model."""

    streams: Mapping[str, StreamHeader]
    """By name, in the file's order: MCP, LF0 and mostly LPF."""

    spans: Mapping[str, tuple[Span, ...]]
    """Where each part of the file is, such as ``DURATION_TREE`` or ``STREAM_PDF[LF0]``."""


def read_header(path: Path) -> Header:
    """Read the header of a file, at most 64 KiB of it.

    Raises:
        HayakoeError: the file cannot be read, is damaged, or is a voice of another language.
    """
    try:
        return parse_header(read_start(path, _LARGEST))
    except OSError as error:
        raise HayakoeError(f"{path}: cannot be read ({error.strerror}): fetch the voice again") from None
    except DamagedError as error:
        raise HayakoeError(f"{path}: {error}") from None


def parse_header(data: bytes) -> Header:
    """Return what the header of a file says, of which ``data`` is the beginning.

    Raises:
        DamagedError: it is not what it should be.
    """
    if not data.startswith(b"[GLOBAL]\n"):
        raise _damaged("it does not begin with [GLOBAL]")
    end = data.find(_DATA)
    if end < 0:
        raise _damaged("its header has no end")
    sections = _sections(data[:end])
    fields = {**sections["[GLOBAL]"], **sections["[STREAM]"]}
    _check_language(fields)
    sample_rate = _number(fields, "SAMPLING_FREQUENCY", 8_000, 96_000)
    names = fields.get("STREAM_TYPE", "").split(",")
    if len(set(names)) < len(names) or not 2 <= len(names) <= 3:
        raise _damaged(f"its streams are {','.join(names)[:80]}, not MCP,LF0,LPF")
    _number(fields, "NUM_STREAMS", len(names), len(names))
    if not _CONTEXTS.fullmatch(fields.get("GV_OFF_CONTEXT", "")):
        raise _damaged("its GV_OFF_CONTEXT is no list of patterns")
    streams = _streams(names, fields)
    _check_names(sections, streams)
    return Header(
        sample_rate=sample_rate,
        # From 1 to 20 ms.
        frame_period=_number(fields, "FRAME_PERIOD", sample_rate // 1000, sample_rate // 50),
        states=_number(fields, "NUM_STATES", 1, 10),
        streams=streams,
        spans={name: _spans(name, text, end + len(_DATA)) for name, text in sections["[POSITION]"].items()},
    )


def _sections(header: bytes) -> Mapping[str, Mapping[str, str]]:
    """Return the fields of each section."""
    # A comment may be in any language, and the engine passes over it.
    lines = re.sub(r"[^ -~\n]", "?", header.decode("latin-1")).split("\n")
    sections: dict[str, dict[str, str]] = {"[GLOBAL]": {}, "[STREAM]": {}, "[POSITION]": {}}
    expected = list(sections)
    section: dict[str, str] = {}
    for line in lines:
        if expected and line == expected[0]:
            section = sections[expected.pop(0)]
            continue
        match = _FIELD.fullmatch(line) if len(line) < _LONGEST_LINE else None
        if match is None or match[1] in section:
            raise _damaged(f"its header has the line {line[:60]!r}")
        section[match[1]] = match[2]
    return sections


def _check_names(sections: Mapping[str, Mapping[str, str]], streams: Mapping[str, StreamHeader]) -> None:
    """Check that each section has exactly its fields: some that are absent crash the engine."""
    positions = {"DURATION_PDF", "DURATION_TREE"}
    for name, stream in streams.items():
        kinds = ("STREAM_WIN", "STREAM_PDF", "STREAM_TREE", *(_OF_GV if stream.uses_gv else ()))
        positions |= {f"{kind}[{name}]" for kind in kinds}
    expected = {
        "[GLOBAL]": _GLOBAL,
        "[STREAM]": {f"{kind}[{name}]" for kind in _OF_STREAM for name in streams},
        "[POSITION]": positions,
    }
    for section, names in expected.items():
        if odd := (set(sections[section]) - _OPTIONAL) ^ names:
            raise _damaged(f"its section {section} lacks, or should not have, {min(odd)}")


def _check_language(fields: Mapping[str, str]) -> None:
    labels = fields.get("FULLCONTEXT_FORMAT", "")
    if labels != _LABELS:
        raise DamagedError(
            f"is a voice for labels of the format {labels[:40] or '(none)'}, and Japanese voices have {_LABELS}: "
            "choose a Japanese voice"
        )


def _streams(names: list[str], fields: Mapping[str, str]) -> Mapping[str, StreamHeader]:
    streams = {
        name: StreamHeader(
            vector_length=_number(fields, f"VECTOR_LENGTH[{name}]", 1, 256),
            windows=_number(fields, f"NUM_WINDOWS[{name}]", 1, 3),
            is_msd=bool(_number(fields, f"IS_MSD[{name}]", 0, 1)),
            uses_gv=bool(_number(fields, f"USE_GV[{name}]", 0, 1)),
        )
        for name in names
    }
    for name in names:
        options = fields.get(f"OPTION[{name}]", "")
        if options and not all(_OPTION.fullmatch(option) for option in options.split(",")):
            raise _damaged(f"its OPTION[{name}] is {options[:60]!r}")
    spectrum, pitch, *aperiodicity = streams.values()
    # The engine's own requirements; the filter is symmetric.
    if spectrum.vector_length < 2 or spectrum.is_msd or pitch.vector_length != 1 or not pitch.is_msd:
        raise _damaged("its streams are not spectrum and fundamental frequency")
    if any(stream.vector_length % 2 == 0 or stream.is_msd for stream in aperiodicity):
        raise _damaged("its third stream is no filter")
    return streams


def _spans(name: str, text: str, start: int) -> tuple[Span, ...]:
    matches = [_RANGE.fullmatch(each) for each in text.split(",")]
    spans = [(start + int(match[1]), start + int(match[2]) + 1) for match in matches if match]
    if len(spans) < len(matches) or any(first >= last for first, last in spans):
        raise _damaged(f"its position {name} is {text[:60]!r}")
    return tuple(spans)


def _number(fields: Mapping[str, str], name: str, least: int, most: int) -> int:
    text = fields.get(name, "")
    if re.fullmatch("[0-9]{1,9}", text) and least <= int(text) <= most:
        return int(text)
    raise _damaged(f"its {name} is {text[:40] or 'missing'}, not a number from {least} to {most}")


def _damaged(what: str) -> DamagedError:
    return DamagedError(f"is no .htsvoice file that can be used ({what}): fetch the voice again")
