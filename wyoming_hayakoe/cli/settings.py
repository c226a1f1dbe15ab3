"""The options of the server, and of whatever speaks without one."""

import argparse
import contextlib
import dataclasses
from collections.abc import Iterator, Mapping, Sequence
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
from wyoming_hayakoe.errors import UsageError
from wyoming_hayakoe.server.catalogue import Catalogue, Preset
from wyoming_hayakoe.server.settings import ServerSettings
from wyoming_hayakoe.speaker import check_style
from wyoming_hayakoe.tts import TTS
from wyoming_hayakoe.utterance import RANGES, SynthesisParams

BUILT_IN = "mei"
LOG_FORMAT = "%(asctime)s %(levelname)-7s %(message)s"

_SPEED = values.number(*RANGES["speed"])
_PITCH = values.number(*RANGES["pitch_scale"])

READING = (
    Option("data-dir", values.text, "folder of words.csv (default: the user's data folder)", "DIR"),
    Option("read-emoji", values.switch, "name emoji in Japanese instead of passing over them"),
)
SPEAKING = (
    *READING,
    Option("voice", values.text, "voice or preset to list first, as the default (repeatable)", "NAME", is_list=True),
    Option("speaker", values.text, "style that voices speak in", "STYLE"),
    Option("length-scale", _SPEED, "1.2 speaks slower, 0.9 faster (default: 1.0)", "FACTOR"),
    Option("pitch-scale", _PITCH, "1.1 speaks higher, 0.9 lower (default: 1.0)", "FACTOR"),
)
SERVING = (
    Option("uri", values.uri, "where to listen (repeatable; default: tcp://0.0.0.0:10200)", is_list=True),
    *SPEAKING,
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
    Option("speed", _SPEED, "length scale"),
    Option("pitch-scale", _PITCH, "factor on the pitch"),
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

    @property
    def server_settings(self) -> ServerSettings:
        """The server's part of the values, with its own defaults for the rest."""
        given = self.values
        names = {
            "rate": "rate",
            "samples-per-chunk": "samples_per_chunk",
            "max-clients": "max_clients",
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
        style=given.get("speaker"), speed=given.get("length-scale", 1.0), pitch_scale=given.get("pitch-scale", 1.0)
    )
    tts = TTS(given.get("data-dir"), read_emoji=given.get("read-emoji", False)).load(BUILT_IN)
    speakers = [dataclasses.replace(speaker, params=params) for speaker in tts.speakers.values()]
    presets = [
        _preset(table, params, BUILT_IN, f"{path}: [[voice]] number {number}") for number, table in enumerate(tables, 1)
    ]
    with _named(resolved.get("speaker")):
        for speaker in speakers:
            check_style(speaker.voice, params.style)
    catalogue = Catalogue(speakers, presets)
    with _named(resolved.get("voice")):
        catalogue.put_first(given.get("voice", []))
    return Configured(given, tts, catalogue)


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
    changes = {
        field: given[name]
        for name, field in (("style", "style"), ("speed", "speed"), ("pitch-scale", "pitch_scale"))
        if name in given
    }
    return Preset(
        name=given["name"],
        voice=given.get("voice", default_voice),
        params=dataclasses.replace(params, **changes),
        description=given.get("description"),
        origin=where,
    )
