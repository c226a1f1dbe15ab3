import json

import pytest

from tests.support import shared
from wyoming_hayakoe import symbols


def test_the_table_is_the_voices_table() -> None:
    facts = json.loads(shared("facts/jp_extra_symbols.json").read_text(encoding="utf-8"))
    assert list(symbols.SYMBOLS) == facts["symbols"]
    assert list(symbols.PUNCTUATION) == facts["punctuations"]
    assert facts["num_tones"] == symbols.NUM_TONES
    assert facts["num_languages"] == symbols.NUM_LANGUAGES
    assert symbols.tone_ids([0, 1]) == [facts["tone_offset"]["JP"], facts["tone_offset"]["JP"] + 1]
    assert symbols.language_ids(2) == [facts["language_id"]["JP"]] * 2


def test_ids() -> None:
    assert symbols.phone_ids(["_", "k", "a", "N", ".", "UNK"]) == [0, 57, 8, 5, 107, 111]
    assert symbols.tone_ids([0, 1, 0]) == [6, 7, 6]


def test_a_phone_that_no_voice_knows() -> None:
    with pytest.raises(KeyError):
        symbols.phone_ids(["kw"])
