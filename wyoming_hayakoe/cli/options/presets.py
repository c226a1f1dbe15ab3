"""Presets: the [[preset]] tables of a configuration file, whose keys have the names of the library's parameters."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from wyoming_hayakoe.cli.options.converters import number, switch, text, whole
from wyoming_hayakoe.cli.options.option import option, options_of
from wyoming_hayakoe.cli.options.resolve import resolve_table
from wyoming_hayakoe.errors import UsageError
from wyoming_hayakoe.server.catalogue import Preset
from wyoming_hayakoe.tts import BUILT_IN
from wyoming_hayakoe.utterance import RANGES, SynthesisParams

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class _Table:
    """The keys of a preset; parameters without a value are those of the other voices."""

    name: str | None = option(text, None, "name that clients choose")
    voice: str = option(text, BUILT_IN, "voice that speaks")
    description: str | None = option(text, None, "label in lists")
    style: str | None = option(text, None, "style of the voice")
    style_weight: float | None = option(number(*RANGES["style_weight"]), None, "weight of the style")
    speed: float | None = option(number(*RANGES["speed"]), None, "duration factor")
    noise: float | None = option(number(*RANGES["noise"]), None, "variation of the voice")
    noise_w: float | None = option(number(*RANGES["noise_w"]), None, "variation of the rhythm")
    sdp_ratio: float | None = option(number(*RANGES["sdp_ratio"]), None, "share of the rhythm that is sampled")
    pitch_scale: float | None = option(number(*RANGES["pitch_scale"]), None, "pitch factor")
    intonation_scale: float | None = option(number(*RANGES["intonation_scale"]), None, "factor on the range of pitch")
    accent: bool | None = option(switch, None, "whether a Kokoro voice has Tokyo word accent")
    volume: float | None = option(number(*RANGES["volume"]), None, "factor on the level")
    sentence_silence: float | None = option(number(*RANGES["sentence_silence"]), None, "silence between two sentences")
    lead_silence: float | None = option(number(*RANGES["lead_silence"]), None, "silence before the first sound")
    seed: int | None = option(whole(0, 2**63 - 1), None, "seed of the noise")
    speaker_id: int | None = option(whole(0, 2**31 - 1), None, "speaker of a voice that has several")


_KEYS = options_of(_Table)


def preset(table: Mapping[str, object], params: SynthesisParams, where: str) -> Preset:
    """Return the preset that a [[preset]] table describes, with ``params`` for what it leaves out.

    Raises:
        UsageError: a key is unknown or missing, or its value is not allowed; the line begins with ``where``.
    """
    given = resolve_table(_Table, _KEYS, table, where).settings
    if given.name is None:
        raise UsageError(f"{where}: name: is missing: every preset needs one")
    changed = dataclasses.replace(
        params,
        style=_or(given.style, params.style),
        style_weight=_or(given.style_weight, params.style_weight),
        speed=_or(given.speed, params.speed),
        noise=_or(given.noise, params.noise),
        noise_w=_or(given.noise_w, params.noise_w),
        sdp_ratio=_or(given.sdp_ratio, params.sdp_ratio),
        pitch_scale=_or(given.pitch_scale, params.pitch_scale),
        intonation_scale=_or(given.intonation_scale, params.intonation_scale),
        accent=_or(given.accent, params.accent),
        volume=_or(given.volume, params.volume),
        sentence_silence=_or(given.sentence_silence, params.sentence_silence),
        lead_silence=_or(given.lead_silence, params.lead_silence),
        seed=_or(given.seed, params.seed),
        speaker_id=_or(given.speaker_id, params.speaker_id),
    )
    return Preset(given.name, given.voice, changed, given.description, where)


def _or(value: T | None, otherwise: T) -> T:
    return otherwise if value is None else value
