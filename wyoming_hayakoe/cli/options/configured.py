"""What flags, environment and configuration file configure together: logging, voices, and the server."""

import argparse
import dataclasses
import logging
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from wyoming_hayakoe.cli import native_output
from wyoming_hayakoe.cli.options.option import Option
from wyoming_hayakoe.cli.options.presets import preset
from wyoming_hayakoe.cli.options.resolve import check_keys, config_path, read_config, resolve
from wyoming_hayakoe.cli.options.table import SERVING, Settings
from wyoming_hayakoe.cli.progress import progress_on
from wyoming_hayakoe.errors import UsageError
from wyoming_hayakoe.paths import data_dir, voices_dir
from wyoming_hayakoe.server.catalogue import Catalogue
from wyoming_hayakoe.server.log_limits import RepetitionFilter
from wyoming_hayakoe.server.settings import ServerSettings
from wyoming_hayakoe.server.wanted_voices import WantedVoices
from wyoming_hayakoe.sources.dropped_in import dropped_into
from wyoming_hayakoe.tts import BUILT_IN, TTS
from wyoming_hayakoe.utterance import SynthesisParams


@dataclass(frozen=True, slots=True)
class Configured:
    """The values of all options, and the voices that they name."""

    settings: Settings

    wanted: WantedVoices

    deferred: tuple[str, ...] = ()
    """Options whose new value a running server takes at its next start only."""

    @property
    def server_settings(self) -> ServerSettings:
        """The part of the settings that the server needs."""
        given = self.settings
        networks = tuple(network for network in given.allow if not isinstance(network, str))
        return ServerSettings(
            uris=given.uri,
            rate=given.rate,
            samples_per_chunk=given.samples_per_chunk,
            preload=given.preload,
            streaming=not given.no_streaming,
            zeroconf=given.zeroconf is not False,
            zeroconf_name=given.zeroconf or given.name,
            data_dir=data_dir(given.data_dir),
            max_clients=given.max_clients,
            max_queue=given.max_queue,
            max_waiting_text=given.max_waiting_text,
            allow=None if "any" in given.allow else networks,
            metrics=given.metrics,
            advertise=given.advertise,
            grace=given.grace,
        )

    def make_tts(self) -> TTS:
        """Return the library's face with these settings; it has no voices yet."""
        given = self.settings
        return TTS(
            given.device,
            cache_dir=given.data_dir,
            bert_source=given.bert_source,
            precision=given.precision,
            bert_bits=given.bert_bits,
            threads=given.threads,
            low_memory=given.low_memory,
            compiled=not given.no_compile,
            offline=given.offline,
            max_memory=given.max_memory,
            read_emoji=given.read_emoji,
            code=given.code,
        )

    def start_logging(self, log_format: str) -> None:
        """Log on standard error, in ``log_format`` unless an option gives another."""
        # On a terminal a line takes the place of a download's bar, which is drawn again below it.
        erase = "\r\x1b[K" if sys.stderr.isatty() else ""
        # Only this program's own lines: those of HTTP libraries hold signed addresses.
        handler = logging.StreamHandler()
        if not self.settings.debug:
            handler.addFilter(RepetitionFilter())
        logging.basicConfig(format=erase + (self.settings.log_format or log_format), handlers=[handler])
        logging.getLogger("wyoming_hayakoe").setLevel(logging.DEBUG if self.settings.debug else logging.INFO)
        if self.settings.debug:
            native_output.show()


def configure(flags: argparse.Namespace, options: Sequence[Option], running: Settings | None = None) -> Configured:
    """Return what the flags, the environment and the configuration file configure.

    Args:
        flags: the parsed command line, with the flags of ``options``.
        options: those that the command has; all others keep their defaults.
        running: the settings of a running server, which keeps those that it cannot change.

    Raises:
        UsageError: a value or a key is not allowed.
    """
    config = read_config(config_path(flags))
    check_keys(config.keys, SERVING, config.name)
    resolved = resolve(Settings, options, flags, config)
    settings, where = resolved.settings, resolved.origins
    if len(set(settings.uri)) < len(settings.uri):
        raise UsageError(f"{where['uri']}: one URI is given twice: each can be listened on once")
    deferred: tuple[str, ...] = ()
    if running is not None:
        settings, deferred = _followed(settings, running, options)
    params = _params(settings)
    presets = tuple(
        preset(table, params, f"{config.name}: [[voice]] number {number}")
        for number, table in enumerate(config.presets, 1)
    )
    sources = _sources(settings, {BUILT_IN, *(each.name for each in presets)}, where.get("voice", "voice"))
    wanted = WantedVoices(
        sources=sources,
        dropped_in=sources.keys() - {voice.name for voice in settings.voice},
        first=tuple(voice.name for voice in settings.voice),
        presets=presets,
        params=params,
        where_voice=where.get("voice", "voice"),
        where_style=where.get("speaker", "speaker"),
    )
    return Configured(settings, wanted, deferred)


def open_voices(flags: argparse.Namespace, options: Sequence[Option]) -> Catalogue:
    """Return every configured voice, after fetching those that are not here with a bar on the terminal.

    Raises:
        UsageError: an option is not allowed.
        HayakoeError: a voice cannot be fetched or opened.
    """
    configured = configure(flags, options)
    tts = configured.make_tts().load(BUILT_IN)
    for name, source in configured.wanted.sources.items():
        tts.load(name, source)
    tts.pre_download(progress_on(sys.stderr))
    return configured.wanted.catalogue(tts.speakers)


def _followed(new: Settings, running: Settings, options: Sequence[Option]) -> tuple[Settings, tuple[str, ...]]:
    """Return the running settings with the new values of live options, and the names of the others that differ."""
    changed = [
        option
        for option in options
        if not option.negates and getattr(new, option.field) != getattr(running, option.field)
    ]
    live = {option.field: getattr(new, option.field) for option in changed if option.is_live}
    deferred = tuple(sorted(option.name for option in changed if not option.is_live))
    return dataclasses.replace(running, **live), deferred


def _params(settings: Settings) -> SynthesisParams:
    return SynthesisParams(
        style=settings.speaker,
        speed=settings.length_scale,
        noise=settings.noise_scale,
        noise_w=settings.noise_w_scale,
        sdp_ratio=settings.sdp_ratio,
        pitch_scale=settings.pitch_scale,
        intonation_scale=settings.intonation_scale,
    )


def _sources(settings: Settings, references: Collection[str], where: str) -> dict[str, str | None]:
    """Return the source of each voice that --voice names or the data directory holds.

    A name without a source may be that of another entry of the list of voices; ``references`` are such names.
    """
    dropped = dropped_into(voices_dir(data_dir(settings.data_dir))).voices
    with_source = [voice.name for voice in settings.voice if voice.source]
    for name in with_source:
        if with_source.count(name) > 1:
            raise UsageError(f"{where}: {name!r} is given twice: choose another name")
    chosen = {
        voice.name: voice.source or dropped.get(voice.name) or settings.source
        for voice in settings.voice
        if voice.source or not (voice.name in references or voice.name in with_source or ":" in voice.name)
    }
    others = dropped.keys() - chosen.keys() - set(references)
    return chosen | {name: dropped[name] for name in sorted(others) if ":" not in name}
