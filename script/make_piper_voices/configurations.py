"""Configurations beside the graphs, as the packages write them: piper-tts 1.8.0 and piper-plus 2.0.2."""

import math

from script.make_piper_voices.network import Sizes

# piper-tts's symbols in the order of their ids, those of one character; five diphthongs follow.
_PIPER_SYMBOLS = (
    "_^$ !'(),-.:;?abcdefhijklmnopqrstuvwxyzæçðøħŋœǀǁǂǃɐɑɒɓɔɕɖɗɘəɚɛɜɞɟɠɡɢɣɤɥɦɧɨɪɫɬɭɮɯɰɱɲɳɴɵɶɸɹɺɻɽɾʀʁʂʃ"
    "ʄʈʉʊʋʌʍʎʏʐʑʒʔʕʘʙʛʜʝʟʡʢʲˈˌːˑ˞"
    'βθχᵻⱱ0123456789\u0327\u0303\u032a\u032f\u0329ʰˤε↓#"↑\u033a\u033bgʦX\u031d\u030aɝʷ'
)
_PIPER_DIPHTHONGS = ("aɪ", "aʊ", "ɔɪ", "eɪ", "oʊ")

# piper-plus's Japanese symbols in the order of their ids; those of several letters have code points for private use.
_PLUS_SYMBOLS = (
    "_^$?\ue016\ue017\ue018#[]aiueoAIUEO\ue000\ue001\ue002\ue003\ue004N\ue019\ue01a\ue01b\ue01c\ue005qk\ue006\ue007g"
    "\ue008\ue009t\ue00ad\ue00bp\ue00cb\ue00d\ue00e\ue00fs\ue010zj\ue011fh\ue012vn\ue013m\ue014r\ue015wy"
)
# The symbols of its other languages, in the order of their ids after the Japanese ones.
_PLUS_FOREIGN = (
    "ɪʊɛɔæɑʌəɜɹɝɫðθŋʃʒ\ue055\ue054lɡxˈˌː\ue028\ue02a\ue029\ue02b\ue062\ue046\ue047\ue048\ue049\ue04a\ue02c\ue02e\ue031\ue037"
    "\ue034\ue036\ue033\ue039\ue038\ue032\ue035\ue03a\ue03e\ue040\ue03c\ue03d\ue03b\ue030\ue03f\ue01e\ue044\ue042\ue043"
    "\ue02d\ue02f\ue045ɕɚɤɨɻʂ\ue022\ue020\ue021\ue027\ue023\ue024\ue025\ue026\ue01dɲʎβɣʁ\ue057\ue058\ue056\ue063øœɐ\ue064ẽĩõũ"
    "\ue04b\ue04c\ue04d\ue04e\ue04f\ue050\ue051\ue052ɯɾɰɖʈɳɭɧɵʏ\ue059\ue05a\ue05b\ue05c\ue05d\ue05e\ue05f\ue060\ue061"
)
_PLUS_LANGUAGES = ("ja", "en", "zh", "es", "fr", "pt")


def piper_2023(sizes: Sizes) -> dict[str, object]:
    """Return the configuration of a voice as the collection of Piper's voices has them."""
    return {
        "audio": {"sample_rate": 22050, "quality": "medium" if len(sizes.decoder.rates) == 3 else "high"},
        "espeak": {"voice": "ja"},
        "inference": {"noise_scale": 0.667, "length_scale": 1, "noise_w": 0.8},
        "phoneme_type": "japanese",
        "phoneme_map": {},
        "phoneme_id_map": _piper_symbols(),
        "num_symbols": sizes.symbols,
        "num_speakers": sizes.speakers,
        "speaker_id_map": _speakers(sizes),
        "piper_version": "1.0.0",
        "language": {
            "code": "ja_JP",
            "family": "ja",
            "region": "JP",
            "name_native": "日本語",
            "name_english": "Japanese",
            "country_english": "Japan",
        },
        "dataset": "random",
    }


def piper_2026(sizes: Sizes) -> dict[str, object]:
    """Return the configuration that piper-tts 1.8's training writes: no language, and the hop."""
    return {
        "audio": {"sample_rate": 22050},
        "espeak": {"voice": "ja"},
        "phoneme_type": "japanese",
        "num_symbols": sizes.symbols,
        "num_speakers": sizes.speakers,
        "inference": {"noise_scale": 0.667, "length_scale": 1.0, "noise_w": 0.8},
        "phoneme_id_map": _piper_symbols(),
        "speaker_id_map": _speakers(sizes),
        "hop_length": math.prod(sizes.decoder.rates),
        "default_speaker_id": 0,
        "piper_version": "1.5.0",
    }


def piper_plus(sizes: Sizes) -> dict[str, object]:
    """Return the configuration that piper-plus's preparation of a data set writes."""
    several = sizes.languages > 1
    symbols = _PLUS_SYMBOLS + _PLUS_FOREIGN if several else _PLUS_SYMBOLS
    languages = _PLUS_LANGUAGES[: sizes.languages]
    config: dict[str, object] = {
        "dataset": "random",
        "audio": {"sample_rate": 22050, "quality": "medium"},
        "espeak": {"voice": "-".join(languages)},
        "language": {"code": "-".join(languages)},
        "inference": {"noise_scale": 0.667, "length_scale": 1, "noise_w": 0.8},
        "phoneme_type": "multilingual" if several else "openjtalk",
        "phoneme_map": {},
        "phoneme_id_map": {symbol: [index] for index, symbol in enumerate(symbols)},
        "num_symbols": sizes.symbols,
        "num_speakers": sizes.speakers,
        "speaker_id_map": _speakers(sizes),
        "piper_version": "2.0.2",
    }
    if several:
        config |= {"num_languages": len(languages), "language_id_map": {name: n for n, name in enumerate(languages)}}
    return config


JAPANESE_SYMBOLS = len(_PLUS_SYMBOLS)
ALL_SYMBOLS = len(_PLUS_SYMBOLS + _PLUS_FOREIGN)


def _piper_symbols() -> dict[str, list[int]]:
    return {symbol: [index] for index, symbol in enumerate([*_PIPER_SYMBOLS, *_PIPER_DIPHTHONGS])}


def _speakers(sizes: Sizes) -> dict[str, int]:
    return {f"speaker-{index}": index for index in range(sizes.speakers)} if sizes.speakers > 1 else {}
