"""The options of the server, and of whatever speaks without one."""

import argparse
import contextlib
import dataclasses
from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Any

from wyoming_hayakoe.cli import values
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
from wyoming_hayakoe.errors import HayakoeError, UsageError
from wyoming_hayakoe.server.catalogue import Catalogue, Preset
from wyoming_hayakoe.server.settings import ServerSettings
from wyoming_hayakoe.speaker import Speaker, check_style
from wyoming_hayakoe.tts import TTS
from wyoming_hayakoe.utterance import RANGES, SynthesisParams

BUILT_IN = "mei"
LOG_FORMAT = "%(asctime)s %(levelname)-7s %(message)s"

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


READING = (
    Option("data-dir", values.text, "folder of words.csv (default: the user's data folder)", "DIR"),
    Option("read-emoji", values.switch, "name emoji in Japanese instead of passing over them"),
)
SPEAKING = (
    *READING,
    Option(
        "voice",
        values.voice,
        "voice to load from a HayaKoe repository (file://, hf:// or s3://), or a voice or preset to list first; "
        "the first is the default (repeatable)",
        "NAME[=SOURCE]",
        is_list=True,
    ),
    Option("source", values.text, "repository of the voices that are given without one", "SOURCE"),
    Option("bert-source", values.text, "repository of the BERT (default: that of the first voice)", "SOURCE"),
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
    Option("uri", values.uri, "where to listen (repeatable; default: tcp://0.0.0.0:10200)", is_list=True),
    *SPEAKING,
    Option("preload", values.switch, "load every voice at start, not only the default one"),
    Option("rate", values.whole(8000, 192000), "sample rate of every answer (default: the voice's own)", "HERTZ"),
    Option("samples-per-chunk", values.whole(64, 65536), "samples in one audio-chunk (default: 1024)", "SAMPLES"),
    Option("no-streaming", values.switch, "do not offer to speak text while it is still being written"),
    Option("zeroconf", values.name_or_switch, "be found, as NAME (default: a name of this machine's own)", implied="1"),
    Option("no-zeroconf", values.switch, "do not be found"),
    Option("max-clients", values.whole(1, 10000), "connections at a time (default: 64)", "COUNT"),
    Option(
        "allow",
        values.network,
        "network that may connect, or any (repeatable; default: loopback, link-local, private, and 100.64.0.0/10)",
        "CIDR",
        is_list=True,
    ),
    Option("grace", values.number(0, 3600), "time for running responses at a stop (default: 10)", "SECONDS"),
    Option("debug", values.switch, "log everything, and tracebacks"),
    Option("log-format", values.log_format, "format of log lines, as in Python's logging", "FORMAT"),
)

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

    tts: TTS
    """What reads and speaks."""

    catalogue: Catalogue
    """The voices and presets."""

    failures: tuple[HayakoeError, ...] = ()
    """Why voices that were asked for are not among them."""

    @property
    def server_settings(self) -> ServerSettings:
        """The server's part of the values, with its own defaults for the rest."""
        given = self.values
        names = {
            "rate": "rate",
            "samples-per-chunk": "samples_per_chunk",
            "max-clients": "max_clients",
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


def configure(flags: argparse.Namespace, options: Sequence[Option], *, may_lack: bool = False) -> Configured:
    """Resolve ``options`` from the flags, the environment and the configuration file, and open the voices.

    Raises:
        UsageError: one of them is not allowed.
        HayakoeError: a voice's files are not what they should be, and ``may_lack`` does not allow to go on without it.
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
    tts = TTS(
        cache_dir=given.get("data-dir"),
        bert_source=given.get("bert-source"),
        max_memory=given.get("max-memory"),
        read_emoji=given.get("read-emoji", False),
    )
    presets = [
        _preset(table, params, BUILT_IN, f"{path}: [[voice]] number {number}") for number, table in enumerate(tables, 1)
    ]
    with _named(resolved.get("voice")):
        failures = _load_voices(tts, given, {preset.name for preset in presets})
    if failures and not may_lack:
        raise next(iter(failures.values()))
    with _named(resolved.get("speaker")):
        speakers = _styled(list(tts.speakers.values()), params)
    catalogue = Catalogue(speakers, presets)
    with _named(resolved.get("voice")):
        catalogue.put_first([name for name, _ in given.get("voice", []) if name not in failures])
    return Configured(given, tts, catalogue, tuple(failures.values()))


def _styled(speakers: Sequence[Speaker], params: SynthesisParams) -> list[Speaker]:
    """Have all speak by ``params``; those that lack the style keep to their own, if one of them has it.

    Raises:
        UsageError: none has it.
    """
    if not any(params.style in speaker.voice.styles for speaker in speakers):
        check_style(speakers[0].voice, params.style)
    plain = dataclasses.replace(params, style=None)
    return [
        dataclasses.replace(speaker, params=params if params.style in speaker.voice.styles else plain)
        for speaker in speakers
    ]


def _load_voices(tts: TTS, given: Mapping[str, Any], presets: Container[str]) -> dict[str, HayakoeError]:
    """Load the voices that come from somewhere, and the built-in one, which is always there; return what failed."""
    failures = {}
    for name, source in given.get("voice", []):
        if source is None and (name == BUILT_IN or name in presets or ":" in name):
            continue
        if source := source or given.get("source"):
            try:
                tts.load(name, source)
            except UsageError:
                raise
            except HayakoeError as error:
                failures[name] = error
    if BUILT_IN not in tts.speakers:
        tts.load(BUILT_IN)
    return failures


@contextlib.contextmanager
def _named(given: Given | None) -> Iterator[None]:
    """Say where a value was given that turns out wrong."""
    try:
        yield
    except UsageError as error:
        raise UsageError(f"{given.where}: {error}" if given else str(error)) from None


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
