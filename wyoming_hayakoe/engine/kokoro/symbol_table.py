"""The numbers of Kokoro's phonetic symbols: those that were published with Kokoro v1.0, and those of a folder."""

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from wyoming_hayakoe.disk import one_line_errors, read_regular
from wyoming_hayakoe.errors import HayakoeError

TOKENS = 178
"""Rows of Kokoro's embedding: a symbol's number is below this; 0 stands at both ends of a sentence."""

# onnx-community's has 3 kB.
_LARGEST = 1 << 20

# Runs of symbols with consecutive numbers, by the first number: config.json of hexgrad/Kokoro-82M (Apache 2.0).
_RUNS = {
    1: ";:,.!?",
    9: '—…"()“” \u0303ʣʥʦʨᵝꭧAI',
    31: "O",
    33: "Q",
    35: "ST",
    39: "W",
    41: "Yᵊabcdef",
    50: "hijklmnopqrstuvwxyzɑɐɒæ",
    75: "βɔɕç",
    80: "ɖðʤə",
    85: "ɚɛɜ",
    90: "ɟ",
    92: "ɡ",
    99: "ɥ",
    101: "ɨɪʝ",
    110: "ɯɰŋɳɲɴø",
    118: "ɸθœ",
    123: "ɹ",
    125: "ɾɻ",
    128: "ʁɽʂʃʈʧ",
    135: "ʊʋ",
    138: "ʌɣɤ",
    142: "χʎ",
    147: "ʒʔ",
    156: "ˈˌː",
    162: "ʰ",
    164: "ʲ",
    169: "↓",
    171: "→↗↘",
    177: "ᵻ",
}

PUBLISHED: Mapping[str, int] = MappingProxyType(
    {symbol: number for first, run in _RUNS.items() for number, symbol in enumerate(run, first)}
)
"""The numbers of Kokoro v1.0 by symbol."""


def read_symbols(folder: Path) -> Mapping[str, int]:
    """Return the numbers in tokenizer.json (onnx-community) or config.json (hexgrad); the published ones without both.

    Raises:
        HayakoeError: a file cannot be read, or holds no numbers of single symbols.
    """
    for name in ("tokenizer.json", "config.json"):
        path = folder / name
        if path.exists() and (numbers := _symbols_in(path)):
            return numbers
    return PUBLISHED


def _symbols_in(path: Path) -> Mapping[str, int]:
    with one_line_errors(path, "fetch the voice again"):
        encoded = read_regular(path, _LARGEST)
    try:
        content = json.loads(encoded.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise HayakoeError(f"{path}: is not JSON: fetch the voice again") from None
    model = content.get("model") if isinstance(content, dict) else None
    holder = model if isinstance(model, dict) else content
    numbers = holder.get("vocab", {}) if isinstance(holder, dict) else None
    if not isinstance(numbers, dict) or not all(_is_symbol(*item) for item in numbers.items()):
        raise HayakoeError(f"{path}: vocab is no list of symbols with numbers below {TOKENS}: fetch the voice again")
    # "$", which has the number 0, is no symbol of a sentence.
    return MappingProxyType({symbol: number for symbol, number in numbers.items() if number})


def _is_symbol(symbol: str, number: object) -> bool:
    return len(symbol) == 1 and isinstance(number, int) and not isinstance(number, bool) and 0 <= number < TOKENS
