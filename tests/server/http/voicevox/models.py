# ruff: noqa: N815 - the names are the interface's
"""What VOICEVOX's clients expect of its engine's answers, written down from its public OpenAPI (0.25)."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel

Whole = Annotated[int, Field(strict=True)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Text = Annotated[str, Field(strict=True)]
Flag = Annotated[bool, Field(strict=True)]
Seconds = Annotated[Number, Field(ge=0.0, le=10.0)]


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Mora(Model):
    text: Text
    consonant: Text | None
    consonant_length: Seconds | None
    vowel: Literal["a", "i", "u", "e", "o", "A", "I", "U", "E", "O", "N", "cl", "pau"]
    vowel_length: Seconds
    pitch: Annotated[Number, Field(ge=0.0, le=7.0)]


class AccentPhrase(Model):
    moras: list[Mora]
    accent: Whole
    pause_mora: Mora | None
    is_interrogative: Flag


class AudioQuery(Model):
    accent_phrases: list[AccentPhrase]
    speedScale: Number
    pitchScale: Number
    intonationScale: Number
    volumeScale: Number
    prePhonemeLength: Number
    postPhonemeLength: Number
    pauseLength: Number | None
    pauseLengthScale: Number
    outputSamplingRate: Whole
    outputStereo: Flag
    kana: Text
    tempoDynamicsScale: Number
    """AivisSpeech's."""


class Style(Model):
    name: Text
    id: Annotated[Whole, Field(ge=0, lt=2**31)]
    type: Literal["talk"]


class Features(Model):
    permitted_synthesis_morphing: Literal["ALL", "SELF_ONLY", "NOTHING"]


class Speaker(Model):
    name: Text
    speaker_uuid: Text
    styles: list[Style]
    version: Text
    supported_features: Features


class StyleInfo(Model):
    id: Whole
    icon: Text
    portrait: Text | None = None
    voice_samples: list[Text]


class SpeakerInfo(Model):
    policy: Text
    portrait: Text
    style_infos: list[StyleInfo]


class Update(Model):
    version: Text
    descriptions: list[Text]
    contributors: list[Text] | None = None


class Licence(Model):
    name: Text
    version: Text | None = None
    license: Text | None = None
    text: Text


class EngineFeatures(Model):
    adjust_mora_pitch: Flag
    adjust_phoneme_length: Flag
    adjust_speed_scale: Flag
    adjust_pitch_scale: Flag
    adjust_intonation_scale: Flag
    adjust_volume_scale: Flag
    adjust_pause_length: Flag | None
    interrogative_upspeak: Flag
    synthesis_morphing: Flag
    sing: Flag | None
    manage_library: Flag | None
    return_resource_url: Flag | None
    apply_katakana_english: Flag | None


class Manifest(Model):
    manifest_version: Text
    name: Text
    brand_name: Text
    uuid: Text
    url: Text
    icon: Text
    default_sampling_rate: Whole
    frame_rate: Number
    terms_of_service: Text
    update_infos: list[Update]
    dependency_licenses: list[Licence]
    supported_vvlib_manifest_version: Text | None
    supported_features: EngineFeatures


class Devices(Model):
    cpu: Flag
    cuda: Flag
    dml: Flag


class Preset(Model):
    id: Whole
    name: Text
    speaker_uuid: Text
    style_id: Whole
    speedScale: Number
    pitchScale: Number
    intonationScale: Number
    volumeScale: Number
    prePhonemeLength: Number
    postPhonemeLength: Number
    pauseLength: Number | None
    pauseLengthScale: Number


class Word(Model):
    surface: Text
    priority: Annotated[Whole, Field(ge=0, le=10)]
    context_id: Whole
    part_of_speech: Text
    part_of_speech_detail_1: Text
    part_of_speech_detail_2: Text
    part_of_speech_detail_3: Text
    inflectional_type: Text
    inflectional_form: Text
    stem: Text
    yomi: Text
    pronunciation: Text
    accent_type: Whole
    mora_count: Whole | None
    accent_associative_rule: Text


class Failure(Model):
    loc: list[Text | Whole]
    msg: Text
    type: Text


class Refusal(Model):
    """Of status 422."""

    detail: list[Failure]


class Notation(Model):
    text: Text
    error_name: Literal[
        "UNKNOWN_TEXT",
        "ACCENT_TOP",
        "ACCENT_TWICE",
        "ACCENT_NOTFOUND",
        "EMPTY_PHRASE",
        "INTERROGATION_MARK_NOT_AT_END",
        "INFINITE_LOOP",
    ]
    error_args: dict[str, Text]


class NotationRefusal(Model):
    """Of status 400."""

    detail: Notation


class Phrases(RootModel[list[AccentPhrase]]): ...


class Speakers(RootModel[list[Speaker]]): ...


class Presets(RootModel[list[Preset]]): ...


class Words(RootModel[dict[str, Word]]): ...


class Version(RootModel[Text]): ...


class Versions(RootModel[list[Text]]): ...


class Truth(RootModel[Flag]): ...


class Count(RootModel[Whole]): ...
