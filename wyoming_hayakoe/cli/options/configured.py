"""What flags, environment and configuration file configure together: logging, voices, and the server."""

import argparse
import dataclasses
import logging
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wyoming_hayakoe.cli import native_output
from wyoming_hayakoe.cli.options.option import Option
from wyoming_hayakoe.cli.options.presets import preset
from wyoming_hayakoe.cli.options.resolve import check_keys, config_path, read_config, resolve
from wyoming_hayakoe.cli.options.table import SERVING, Settings
from wyoming_hayakoe.cli.progress import progress_on
from wyoming_hayakoe.errors import HayakoeError, UsageError
from wyoming_hayakoe.paths import data_dir, voices_dir
from wyoming_hayakoe.server.catalogue import Catalogue, Preset
from wyoming_hayakoe.server.default_voice import pace_of
from wyoming_hayakoe.server.log_limits import RepetitionFilter
from wyoming_hayakoe.server.settings import ServerSettings
from wyoming_hayakoe.server.wanted_voices import WantedVoices
from wyoming_hayakoe.sources.dropped_in import dropped_into
from wyoming_hayakoe.tts import BUILT_IN, TTS
from wyoming_hayakoe.utterance import SynthesisParams
from wyoming_hayakoe.voice_store import BUILT_INS, INSTALL, PREFERRED, is_installed


@dataclass(frozen=True, slots=True)
class Configured:
    """The values of all options, and the voices that they name."""

    settings: Settings

    wanted: WantedVoices

    deferred: tuple[str, ...] = ()
    """Options whose new value a running server takes at its next start only."""

    hint: str | None = None
    """What the configuration file should say otherwise, though it is understood."""

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
            http=given.http,
            http_hosts=given.http_host,
            http_origins=given.http_cors,
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

    @property
    def default_line(self) -> str | None:
        """Why the built-in voice is the default, for the log; None where it is not, or no option leaves that open."""
        if self.settings.voice or self.wanted.preferred is not None:
            return None
        if not is_installed(PREFERRED):
            return f"default voice: {BUILT_IN}; for a neural one: {INSTALL}"
        if self.settings.no_compile:
            return f"default voice: {BUILT_IN}, since --no-compile leaves {PREFERRED} unprepared"
        return None

    def start_logging(self, log_format: str) -> None:
        """Log on standard error, in ``log_format`` unless an option gives another."""
        # On a terminal a line takes the place of a download's bar, which is drawn again below it.
        erase = "\r\x1b[K" if sys.stderr.isatty() else ""
        # Only this program's own lines: those of HTTP libraries hold signed addresses.
        handler = logging.StreamHandler()
        if not self.settings.debug:
            handler.addFilter(RepetitionFilter())
        logging.basicConfig(format=erase + (self.settings.log_format or log_format), handlers=[handler])
        logger = logging.getLogger("wyoming_hayakoe")
        logger.setLevel(logging.DEBUG if self.settings.debug else logging.INFO)
        if self.settings.debug:
            native_output.show()
        if self.hint:
            logger.warning("%s", self.hint)


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
        preset(table, params, f"{config.name}: [[preset]] number {number}")
        for number, table in enumerate(config.presets, 1)
    )
    sources = _sources(settings, presets, where.get("voice", "voice"))
    preferred = PREFERRED if _leaves_default_open(settings, presets, sources) else None
    sources = {preferred: None, **sources} if preferred else sources
    wanted = WantedVoices(
        sources=sources,
        implied=sources.keys() - {voice.name for voice in settings.voice},
        preferred=preferred,
        first=tuple(voice.name for voice in settings.voice),
        presets=presets,
        params=params,
        where_voice=where.get("voice", "voice"),
        where_style=where.get("speaker", "speaker"),
    )
    return Configured(settings, wanted, deferred, config.hint)


def open_voices(flags: argparse.Namespace, options: Sequence[Option], *, built_in: bool = False) -> Catalogue:
    """Return every configured voice, after fetching those that are not here with a bar on the terminal.

    The preferred voice is the default only where it has been prepared already, and this machine keeps up with it.

    Args:
        flags: the parsed command line, with the flags of ``options``.
        options: those that the command has.
        built_in: whether all built-in voices that are installed are among them, configured or not.

    Raises:
        UsageError: an option is not allowed.
        HayakoeError: a voice cannot be fetched or opened.
    """
    configured = configure(flags, options)
    configured.start_logging("%(message)s")
    wanted = _with_built_ins(configured.wanted) if built_in else configured.wanted
    tts = configured.make_tts().load(BUILT_IN)
    for name, source in wanted.sources.items():
        try:
            tts.load(name, source)
        except HayakoeError:
            if name not in wanted.implied or source is not None:
                raise
            # A built-in voice for which nobody has asked: the others speak.
            tts.unload(name)
    tts.pre_download(progress_on(sys.stderr))
    paces = {name: pace_of(speaker.voice) for name, speaker in tts.speakers.items()}
    return wanted.decided(paces).catalogue(tts.speakers)


def _with_built_ins(wanted: WantedVoices) -> WantedVoices:
    """Return the wanted voices with all built-in ones that are installed behind them."""
    taken = {*wanted.sources, *(preset.name for preset in wanted.presets), BUILT_IN}
    further = sorted(name for name in BUILT_INS - taken if is_installed(name))
    sources = {**wanted.sources, **dict.fromkeys(further)}
    return dataclasses.replace(wanted, sources=sources, implied={*wanted.implied, *further})


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


def _leaves_default_open(settings: Settings, presets: Sequence[Preset], sources: Mapping[str, str | None]) -> bool:
    """Return whether the preferred voice may become the default: it is here, and no option chooses another one.

    Its name may be a preset's, or that of another voice in ``sources``.
    """
    is_taken = sources.get(PREFERRED) is not None or PREFERRED in {preset.name for preset in presets}
    # Only preparing it tells whether this machine keeps up with it.
    return not (settings.voice or is_taken or settings.no_compile) and is_installed(PREFERRED)


def _params(settings: Settings) -> SynthesisParams:
    return SynthesisParams(
        style=settings.speaker,
        speed=settings.length_scale,
        noise=settings.noise_scale,
        noise_w=settings.noise_w_scale,
        sdp_ratio=settings.sdp_ratio,
        pitch_scale=settings.pitch_scale,
        intonation_scale=settings.intonation_scale,
        accent=not settings.no_accent,
        volume=settings.volume,
        sentence_silence=settings.sentence_silence,
        lead_silence=settings.lead_silence,
    )


def _sources(settings: Settings, presets: Sequence[Preset], where: str) -> dict[str, str | None]:
    """Return the source of each voice that --voice names or the data directory holds, and of presets' built-in ones.

    A name without a source may be that of another entry of the list of voices.
    """
    references = {BUILT_IN, *(preset.name for preset in presets)}
    dropped = dropped_into(voices_dir(data_dir(settings.data_dir))).voices
    with_source = [voice.name for voice in settings.voice if voice.source]
    for name in with_source:
        if with_source.count(name) > 1:
            raise UsageError(f"{where}: {name!r} is given twice: choose another name")
    chosen = {
        voice.name: voice.source or dropped.get(voice.name) or (None if voice.name in BUILT_INS else settings.source)
        for voice in settings.voice
        if voice.source or not (voice.name in references or voice.name in with_source or ":" in voice.name)
    }
    others = dropped.keys() - chosen.keys() - references
    chosen |= {name: dropped[name] for name in sorted(others) if ":" not in name}
    of_presets = BUILT_INS & {preset.voice for preset in presets} - chosen.keys() - references
    return chosen | dict.fromkeys(sorted(of_presets))
