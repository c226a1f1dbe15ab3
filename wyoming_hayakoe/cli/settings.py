"""The options of the server, and of whatever speaks without one."""

import argparse
import dataclasses
import sys
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from wyoming_hayakoe import devices
from wyoming_hayakoe.cli import values
from wyoming_hayakoe.cli.listening import URI
from wyoming_hayakoe.cli.logs import LOGGING
from wyoming_hayakoe.cli.options import (
    Given,
    Option,
    check_keys,
    config_path,
    hyphenated,
    read_config,
    resolve,
    resolve_table,
)
from wyoming_hayakoe.cli.progress import progress_on
from wyoming_hayakoe.errors import UsageError
from wyoming_hayakoe.paths import data_dir, voices_dir
from wyoming_hayakoe.server.catalogue import Catalogue, Preset
from wyoming_hayakoe.server.settings import ServerSettings
from wyoming_hayakoe.server.wanted_voices import Wishes, named
from wyoming_hayakoe.sources.dropped_in import dropped_into
from wyoming_hayakoe.sources.location import DEFAULT, parse
from wyoming_hayakoe.tts import BUILT_IN, TTS
from wyoming_hayakoe.utterance import RANGES, SynthesisParams

# Flags are called as wyoming-piper's; the keys of a [[voice]] table as the library's parameters.
_PARAMS = {
    "length-scale": "speed",
    "noise-scale": "noise",
    "noise-w-scale": "noise_w",
    "sdp-ratio": "sdp_ratio",
    "pitch-scale": "pitch_scale",
    "intonation-scale": "intonation_scale",
}
_PRESET_PARAMS = (*_PARAMS.values(), "style_weight")


def _number(param: str) -> values.Converter:
    return values.number(*RANGES[param])


FETCHING = (
    Option("data-dir", values.text, "folder of voices and words.csv (default: the user's data folder)", "DIR"),
    Option(
        "voice",
        values.voice,
        "voice to load from SOURCE (a path, hf:// or s3://), or a voice or preset to list first; "
        "the first is the default (repeatable)",
        "NAME[=SOURCE]",
        is_list=True,
    ),
    Option("source", values.text, f"source of the voices that are given without one (default: {DEFAULT})", "SOURCE"),
    Option("bert-source", values.text, "repository of the BERT (default: that of the first voice)", "SOURCE"),
    Option("device", values.one_of(*devices.WANTED), "what computes; cuda is an NVIDIA GPU (default: cpu)"),
)
COMPILING = (
    *FETCHING,
    Option("offline", values.switch, "use the voices that are here, and ask nobody for newer ones"),
    Option("precision", values.one_of("auto", "fp32", "int8"), "auto: int8 as far as it sounds alike", "PRECISION"),
    Option(
        "bert-bits",
        values.one_of("8", "4"),
        "of a weight of the BERT; 4 takes half the memory and costs accuracy",
        "BITS",
    ),
    Option("threads", values.whole(1, 256), "threads that compute (default: one for each physical core)", "COUNT"),
)
SPEAKING = (
    *COMPILING,
    Option("no-compile", values.switch, "run voices as they are, instead of preparing them once for this machine"),
    Option("low-memory", values.switch, "take less memory for what cannot be kept prepared (default: under 2 GB)"),
    Option("read-emoji", values.switch, "name emoji in Japanese instead of passing over them"),
    Option("speaker", values.text, "style that voices speak in", "STYLE"),
    Option("length-scale", _number("speed"), "1.2 speaks slower, 0.9 faster (default: 1.0)", "FACTOR"),
    Option("noise-scale", _number("noise"), "how much the voice varies (default: 0.6)", "FACTOR"),
    Option("noise-w-scale", _number("noise_w"), "how much the rhythm varies (default: 0.8)", "FACTOR"),
    Option("sdp-ratio", _number("sdp_ratio"), "how much of the rhythm is drawn by lot (default: 0.2)", "SHARE"),
    Option("pitch-scale", _number("pitch_scale"), "1.1 speaks higher, 0.9 lower (default: 1.0)", "FACTOR"),
    Option("intonation-scale", _number("intonation_scale"), "1.2 is livelier, 0.8 calmer (default: 1.0)", "FACTOR"),
    Option("max-memory", values.memory, "let the voice unused for longest go before passing this, as 1500M", "SIZE"),
)
SERVING = (
    URI,
    *SPEAKING,
    Option("preload", values.switch, "load every voice at start, not only the default one"),
    Option("rate", values.whole(8000, 192000), "sample rate of every answer (default: the voice's own)", "HERTZ"),
    Option("samples-per-chunk", values.whole(64, 65536), "samples in one audio-chunk (default: 1024)", "SAMPLES"),
    Option("no-streaming", values.switch, "do not offer to speak text while it is still being written"),
    Option("zeroconf", values.name_or_switch, "be found, as NAME (default: a name of this machine's own)", implied="1"),
    Option("no-zeroconf", values.switch, "do not be found"),
    Option("advertise", values.endpoint, "be found there, as where a balancer listens (default: here)", "HOST:PORT"),
    Option("max-clients", values.whole(1, 10000), "connections at a time (default: 64)", "COUNT"),
    Option("max-queue", values.whole(1, 10000), "requests that may wait; one more is told busy (default: 16)", "COUNT"),
    Option(
        "allow",
        values.network,
        "network that may connect, or any (repeatable; default: loopback, link-local, private, and 100.64.0.0/10)",
        "CIDR",
        is_list=True,
    ),
    Option("metrics", values.metrics_uri, "where /metrics, /healthz and /readyz are (default: nowhere)", "URI"),
    Option("grace", values.number(0, 3600), "time for running responses at a stop (default: 10)", "SECONDS"),
    *LOGGING,
)

WHILE_RUNNING = frozenset({"voice", "source", "speaker", *_PARAMS})
"""Options that a running server follows when the configuration file changes."""

# A [[voice]] table has the library's names for its keys.
_PRESET = (
    Option("name", values.text, "what clients choose it by"),
    Option("voice", values.text, "the voice that speaks"),
    Option("style", values.text, "the style it speaks in"),
    *(Option(param.replace("_", "-"), _number(param), param) for param in _PRESET_PARAMS),
    Option("seed", values.whole(0, 2**63 - 1), "the same sound every time"),
    Option("speaker-id", values.whole(0, 2**31 - 1), "speaker of a voice that has several"),
    Option("description", values.text, "label in lists"),
)


@dataclasses.dataclass(frozen=True, slots=True)
class Configured:
    """What flags, variables and the configuration file say together."""

    values: dict[str, Any]
    """Option values by name; those that are given nowhere are not in it."""

    wishes: Wishes
    """The voices and ways of speaking."""

    @property
    def server_settings(self) -> ServerSettings:
        """The server's part of the values, with its own defaults for the rest."""
        given = self.values
        names = {
            "rate": "rate",
            "samples-per-chunk": "samples_per_chunk",
            "max-clients": "max_clients",
            "max-queue": "max_queue",
            "metrics": "metrics",
            "advertise": "advertise",
            "preload": "preload",
            "grace": "grace",
        }
        fields: dict[str, Any] = {field: given[name] for name, field in names.items() if name in given}
        fields["streaming"] = given.get("streaming", True)
        zeroconf = given.get("zeroconf", True)
        fields["zeroconf"] = bool(zeroconf)
        fields["zeroconf_name"] = zeroconf if isinstance(zeroconf, str) else None
        if "uri" in given:
            fields["uris"] = tuple(given["uri"])
        if "allow" in given:
            fields["allow"] = None if "any" in given["allow"] else tuple(given["allow"])
        return ServerSettings(**fields)

    def make_tts(self) -> TTS:
        """Return the library's face with these values; it has no voices yet."""
        given = self.values
        return TTS(
            given.get("device", "cpu"),
            cache_dir=given.get("data-dir"),
            bert_source=given.get("bert-source"),
            precision=given.get("precision", "auto"),
            bert_bits=4 if given.get("bert-bits") == "4" else 8,
            threads=given.get("threads", 0),
            low_memory=given.get("low-memory"),
            compiled=given.get("compile", True),
            offline=given.get("offline", False),
            max_memory=given.get("max-memory"),
            read_emoji=given.get("read-emoji", False),
        )


def configure(flags: argparse.Namespace, options: Sequence[Option]) -> Configured:
    """Resolve ``options`` from the flags, the environment and the configuration file.

    Raises:
        UsageError: one of them is not allowed.
    """
    path = config_path(flags)
    config = read_config(path)
    check_keys(config, [option.name for option in SERVING], str(path))
    tables = _take_presets(config)
    resolved = resolve(options, flags, config, str(path))
    given = {name: one.value for name, one in resolved.items()}
    if len(set(given.get("uri", []))) < len(given.get("uri", [])):
        raise UsageError(f"{resolved['uri'].where}: one URI is given twice: each can be listened on once")
    params = SynthesisParams(
        style=given.get("speaker"), **{param: given[name] for name, param in _PARAMS.items() if name in given}
    )
    presets = [
        _preset(table, params, BUILT_IN, f"{path}: [[voice]] number {number}") for number, table in enumerate(tables, 1)
    ]
    for option in ("voice", "source", "bert-source"):
        if option in resolved:
            _check_sources(resolved[option])
    voices = given.get("voice", [])
    references = {BUILT_IN, *(preset.name for preset in presets)}
    dropped = dropped_into(voices_dir(data_dir(given.get("data-dir")))).voices
    wishes = Wishes(
        sources=_sources(resolved.get("voice"), given.get("source"), references, dropped),
        first=tuple(name for name, _ in voices),
        presets=tuple(presets),
        params=params,
        where_voice=_where(resolved.get("voice"), "voice"),
        where_style=_where(resolved.get("speaker"), "speaker"),
    )
    return Configured(given, wishes)


def open_voices(flags: argparse.Namespace, options: Sequence[Option]) -> Catalogue:
    """Have every voice that is wanted here, with a bar on the terminal while one is being fetched.

    Raises:
        UsageError: an option is not allowed.
        HayakoeError: a voice cannot be had.
    """
    configured = configure(flags, options)
    tts = configured.make_tts().load(BUILT_IN)
    for name, source in configured.wishes.sources.items():
        tts.load(name, source)
    tts.pre_download(progress_on(sys.stderr))
    return configured.wishes.catalogue(tts.speakers)


def _sources(
    voices: Given | None, default: str | None, references: Collection[str], dropped: Mapping[str, str]
) -> dict[str, str | None]:
    """Return where each voice comes from: those that are asked for, and those in the data directory.

    A name without a source may be that of something else in the list; ``references`` are such names.
    """
    asked: Sequence[tuple[str, str | None]] = voices.value if voices else []
    brought = [name for name, source in asked if source]
    for name in brought:
        if brought.count(name) > 1:
            raise UsageError(f"{_where(voices, 'voice')}: {name!r} is given twice: choose another name")
    chosen = {
        name: source or dropped.get(name) or default
        for name, source in asked
        if source or not (name in references or name in brought or ":" in name)
    }
    others = dropped.keys() - chosen.keys() - set(references)
    return chosen | {name: dropped[name] for name in sorted(others) if ":" not in name}


def _check_sources(given: Given) -> None:
    """Refuse what names no source; a --voice has its name before it."""
    sources = [source for _, source in given.value] if isinstance(given.value, list) else [given.value]
    for source in filter(None, sources):
        with named(given.where):
            parse(source)


def _where(given: Given | None, name: str) -> str:
    return given.where if given else name


def _take_presets(config: dict[str, object]) -> list[dict[str, object]]:
    """Take the tables out of ``voice``, which may hold names as well."""
    items = config.pop("voice", [])
    items = items if isinstance(items, list) else [items]
    names = [item for item in items if not isinstance(item, dict)]
    if names:
        config["voice"] = names
    return [hyphenated(item) for item in items if isinstance(item, dict)]


def _preset(table: Mapping[str, object], params: SynthesisParams, default_voice: str, where: str) -> Preset:
    check_keys(table, [option.name for option in _PRESET], where)
    given = {name: one.value for name, one in resolve_table(_PRESET, table, where).items()}
    if "name" not in given:
        raise UsageError(f"{where}: name: is missing: every preset needs one")
    names = ("style", *_PRESET_PARAMS, "seed", "speaker_id")
    changes = {name: given[key] for name in names if (key := name.replace("_", "-")) in given}
    return Preset(
        name=given["name"],
        voice=given.get("voice", default_voice),
        params=dataclasses.replace(params, **changes),
        description=given.get("description"),
        origin=where,
    )
