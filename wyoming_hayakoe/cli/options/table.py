"""The table of options: every option of the program, with its type, its default and its line of --help.

Options are called as wyoming-piper's where it has them. Values that other layers define are taken from there, so that
each default stands in one place.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

from wyoming_hayakoe import devices
from wyoming_hayakoe.cli.options import converters
from wyoming_hayakoe.cli.options.converters import NamedSource, Size, number, one_of, switch, text, whole
from wyoming_hayakoe.cli.options.option import listed, option, options_of
from wyoming_hayakoe.engine.prepare.bert_graph import Bits
from wyoming_hayakoe.engine.prepare.precision import Precision
from wyoming_hayakoe.server.settings import PRIVATE_NETWORKS, Network, ServerSettings
from wyoming_hayakoe.sources.location import DEFAULT
from wyoming_hayakoe.text.audible import Code
from wyoming_hayakoe.utterance import RANGES, SynthesisParams
from wyoming_hayakoe.voice_store import BUILT_IN, PREFERRED

_SPEECH = SynthesisParams()
_SERVER = ServerSettings()


# A server that speaks with mei alone has 111 MB resident: less would unload every voice after each sentence.
_LEAST_MEMORY = 128 << 20


@dataclass(frozen=True, kw_only=True)
class Fetching:
    """Where voices come from."""

    heading: ClassVar = "voice"

    data_dir: str | None = option(text, None, "folder of voices and words.csv", "DIR", shown="the user's data folder")
    voice: tuple[NamedSource, ...] = listed(
        converters.voice,
        (),
        "voice to offer, loaded from SOURCE: a path, hf://OWNER/REPO or s3://BUCKET; the first is the default",
        "NAME[=SOURCE]",
        shown=f"{PREFERRED} where it is installed and this machine keeps up with it, else {BUILT_IN}",
        is_live=True,
    )
    source: str | None = option(
        converters.source, None, "source of the voices that are given without one", shown=DEFAULT, is_live=True
    )
    bert_source: str | None = option(converters.source, None, "repository of the BERT", shown="that of the first voice")


@dataclass(frozen=True, kw_only=True)
class Staying:
    """Whether sources get requests."""

    heading: ClassVar = "voice"

    offline: bool = option(switch, False, "use only the voices that are on this machine; send no requests")


@dataclass(frozen=True, kw_only=True)
class Computing:
    """What computes voices."""

    heading: ClassVar = "machine"

    device: str = option(
        one_of(*devices.WANTED), "cpu", "what computes: cuda is an NVIDIA GPU, auto a GPU where there is one"
    )


@dataclass(frozen=True, kw_only=True)
class Preparing:
    """How voices are prepared for this machine."""

    heading: ClassVar = "machine"

    precision: Precision = option(
        one_of("auto", "fp32", "int8"), "auto", "number format; auto is int8 as far as it cannot be heard"
    )
    bert_bits: Bits = option(one_of(8, 4), 8, "bits per weight of the BERT; 4 halves its memory and costs accuracy")
    threads: int = option(whole(0, 256), 0, "computing threads", "COUNT", shown="0, one for each physical core")


@dataclass(frozen=True, kw_only=True)
class Running:
    """How much memory voices take."""

    heading: ClassVar = "machine"

    no_compile: bool = option(switch, False, "run voices as published, without preparing them for this machine")
    low_memory: bool | None = option(
        switch, None, "save memory on voices that cannot be kept prepared; slower", shown="on under 2 GB of memory"
    )
    max_memory: int | None = option(
        Size(_LEAST_MEMORY),
        None,
        "resident memory, such as 1500M, above which the least recently used voices are unloaded",
        "SIZE",
        shown="no limit",
    )


@dataclass(frozen=True, kw_only=True)
class Speaking:
    """How voices speak."""

    heading: ClassVar = "speech"

    read_emoji: bool = option(switch, False, "read emoji by their Japanese names instead of skipping them")
    code: Code = option(
        one_of("announce", "silent", "read"),
        "announce",
        "blocks of code: announce that one is left out, leave it out silently, or read it",
    )
    speaker: str | None = option(text, None, "style of speech", "STYLE", shown="the voice's first", is_live=True)
    length_scale: float = option(
        number(*RANGES["speed"]), _SPEECH.speed, "duration factor: 1.2 is slower, 0.9 faster", "FACTOR", is_live=True
    )
    noise_scale: float = option(
        number(*RANGES["noise"]), _SPEECH.noise, "variation of the voice", "FACTOR", is_live=True
    )
    noise_w_scale: float = option(
        number(*RANGES["noise_w"]), _SPEECH.noise_w, "variation of the rhythm", "FACTOR", is_live=True
    )
    sdp_ratio: float = option(
        number(*RANGES["sdp_ratio"]),
        _SPEECH.sdp_ratio,
        "share of the rhythm that is drawn at random, so that no two readings are alike",
        "SHARE",
        is_live=True,
    )
    pitch_scale: float = option(
        number(*RANGES["pitch_scale"]),
        _SPEECH.pitch_scale,
        "pitch factor: 1.1 is higher, 0.9 lower",
        "FACTOR",
        is_live=True,
    )
    intonation_scale: float = option(
        number(*RANGES["intonation_scale"]),
        _SPEECH.intonation_scale,
        "factor on the range of the pitch: 1.2 is livelier, 0.8 calmer",
        "FACTOR",
        is_live=True,
    )
    volume: float = option(
        number(*RANGES["volume"]), _SPEECH.volume, "factor on the level: 2 is 6 dB louder", "FACTOR", is_live=True
    )
    sentence_silence: float = option(
        number(*RANGES["sentence_silence"]),
        _SPEECH.sentence_silence,
        "silence between two sentences, added to the voice's own rest",
        "SECONDS",
        is_live=True,
    )
    lead_silence: float = option(
        number(*RANGES["lead_silence"]),
        _SPEECH.lead_silence,
        "silence before the first sound, for players that swallow the first word",
        "SECONDS",
        is_live=True,
    )
    no_accent: bool = option(
        switch, False, "leave a Kokoro voice its own melody, without Tokyo word accent", is_live=True
    )


@dataclass(frozen=True, kw_only=True)
class Listening:
    """Where clients connect."""

    heading: ClassVar = "serving"

    uri: tuple[str, ...] = listed(
        converters.uri, _SERVER.uris, "address to listen on: tcp://HOST:PORT, unix:///PATH or stdio://", "URI"
    )


@dataclass(frozen=True, kw_only=True)
class Serving:
    """What the server offers, to whom, and how much at a time."""

    heading: ClassVar = "serving"

    preload: bool = option(switch, False, "load every voice at start, not only the default voice")
    rate: int | None = option(
        whole(8000, 192000), None, "sample rate of every response", "HERTZ", shown="the voice's own"
    )
    samples_per_chunk: int = option(
        whole(64, 65536), _SERVER.samples_per_chunk, "samples in one audio-chunk", "SAMPLES"
    )
    no_streaming: bool = option(switch, False, "do not advertise the synthesis of text that is still being written")
    name: str | None = option(
        converters.name, None, "name of this server among others: clients see hayakoe-NAME", shown="hayakoe alone"
    )
    zeroconf: str | Literal[False] | None = option(
        converters.name_or_switch,
        None,
        "advertise this server by zeroconf, as NAME",
        "NAME",
        shown="a name made for this machine",
        implied="1",
        negation="do not advertise this server by zeroconf",
    )
    advertise: tuple[str, int] | None = option(
        converters.endpoint,
        None,
        "address that zeroconf announces, such as a load balancer's",
        "HOST:PORT",
        shown="the server's own",
    )
    max_clients: int = option(whole(1, 10000), _SERVER.max_clients, "simultaneous connections", "COUNT")
    max_queue: int = option(
        whole(1, 10000),
        _SERVER.max_queue,
        "requests that may wait for their first audio; further ones are refused as busy",
        "COUNT",
    )
    max_waiting_text: int = option(
        Size(),
        _SERVER.max_waiting_text,
        "text of all clients that may wait to be spoken; the rest is read later",
        "SIZE",
        shown="4M",
    )
    allow: tuple[Network | Literal["any"], ...] = listed(
        converters.network,
        PRIVATE_NETWORKS,
        "network that may connect, such as 192.168.1.0/24; or any",
        "CIDR",
        shown="loopback, link-local, private, and 100.64.0.0/10",
    )
    http: str | None = option(
        converters.http_uri,
        None,
        "address of the page, and of VOICEVOX's and OpenAI's HTTP: tcp://HOST:PORT",
        "URI",
        shown="none",
    )
    http_host: tuple[str, ...] = listed(
        converters.host,
        (),
        "further host name under which --http is reached, such as a proxy's; or any",
        "NAME",
        shown="addresses, local names and this machine's",
    )
    http_cors: tuple[str, ...] = listed(
        converters.origin,
        (),
        "origin of other web pages that may use --http: https://HOST, or * for any",
        "ORIGIN",
        shown="none",
    )
    metrics: str | None = option(
        converters.http_uri,
        None,
        "address of /metrics, /healthz and /readyz alone: tcp://HOST:PORT",
        "URI",
        shown="none",
    )
    grace: float = option(number(0, 3600), _SERVER.grace, "time for running responses when the server stops", "SECONDS")


@dataclass(frozen=True, kw_only=True)
class Logging:
    """What is logged on standard error."""

    heading: ClassVar = "logging"

    debug: bool = option(switch, False, "log everything, with tracebacks")
    log_format: str | None = option(
        converters.log_format, None, "format of log lines, as in Python's logging", "FORMAT"
    )


@dataclass(frozen=True, kw_only=True)
class Settings(Logging, Running, Preparing, Computing, Speaking, Staying, Fetching, Serving, Listening):
    """The values of all options; those that a command does not have keep their defaults."""


LISTENING = options_of(Listening)
LOGGING = options_of(Logging)
FETCHING = options_of(Fetching, Computing)
PREPARING = options_of(Fetching, Staying, Computing, Preparing)
SPEAKING = options_of(Fetching, Staying, Speaking, Computing, Preparing, Running)
SERVING = options_of(Listening, Serving, Fetching, Staying, Speaking, Computing, Preparing, Running, Logging)
