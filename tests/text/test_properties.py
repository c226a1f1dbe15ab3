"""What holds for every text there is.

2,000 texts by default. The long job sets HAYAKOE_FUZZ to the number it wants:

    HAYAKOE_FUZZ=50000 script/test tests/text/test_properties.py
"""

import os
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat

import pytest
from hypothesis import given, settings

from tests.text.strategies import texts
from wyoming_hayakoe.engine.jp_extra.parts import counts_with_blanks, with_blanks
from wyoming_hayakoe.symbols import SYMBOLS, phone_ids
from wyoming_hayakoe.text.explain import table, to_json
from wyoming_hayakoe.text.frontend import FrontEnd, TextStage, japanese
from wyoming_hayakoe.utterance import Utterance

EXAMPLES = int(os.environ.get("HAYAKOE_FUZZ", "2000"))
FRONT_END = japanese()


def assert_contract(utterance: Utterance) -> None:
    assert sum(utterance.word2ph) == len(utterance.phones) == len(utterance.tones)
    assert len(utterance.word2ph) == len(utterance.bert_text) + 2
    assert unicodedata.normalize("NFKC", utterance.bert_text) == utterance.bert_text
    assert set(utterance.phones) <= set(SYMBOLS)
    assert set(utterance.tones) <= {0, 1}
    assert min(utterance.word2ph) >= 0
    assert utterance.phones[0] == utterance.phones[-1] == "_"
    assert "_" not in utterance.phones[1:-1]
    blanks = with_blanks(phone_ids(utterance.phones))
    assert sum(counts_with_blanks(utterance.word2ph)) == len(blanks) == 2 * len(utterance.phones) + 1
    utterance.bert_text.encode("utf-8")


@given(texts)
@settings(max_examples=EXAMPLES)
def test_any_text_can_be_read(text: str) -> None:
    utterance = FRONT_END.read(text)
    assert utterance.text == text
    assert_contract(utterance)
    assert FRONT_END.read(text) == utterance


@given(texts)
@settings(max_examples=min(EXAMPLES, 300))
def test_a_trace_changes_sources_only(text: str) -> None:
    text = text[:200]
    front_end = FrontEnd([TextStage("digits", lambda text: text.replace("3", "さん")), TextStage("upper", str.upper)])
    traced = front_end.read(text, trace=True)
    plain = front_end.read(text)
    assert (traced.phones, traced.tones, traced.word2ph) == (plain.phones, plain.tones, plain.word2ph)
    assert [word.surface for word in traced.words] == [word.surface for word in plain.words]
    assert table(traced)
    assert "\n" not in to_json(traced)
    to_json(traced).encode("utf-8")


def test_eight_threads_read_as_one() -> None:
    sentences = [
        "明日の朝6時45分にアラームをセットします。",
        "リビングの照明をつけました。",
        "(^_^)/ 風がこんな風に吹く！？",
    ] * 40
    alone = [FRONT_END.read(sentence) for sentence in sentences]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda texts: [FRONT_END.read(text) for text in texts], repeat(sentences, 8)))
    assert together == [alone] * 8


@pytest.mark.parametrize("unit", ["あ", "a", "東京都知事", "、", "!", "😀", "1", "(", "ー", "(^_^)", "\ud800", "ﷺ"])
def test_very_long_texts(unit: str) -> None:
    assert_contract(FRONT_END.read(unit * (20_000 // len(unit))))
