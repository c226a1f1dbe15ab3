"""How long to rest between two sentences."""

import numpy as np
import pytest

from tests.support import FRONT_END
from wyoming_hayakoe.engine.pauses import ends_with_mark, joined, rest

SENTENCES = [
    "はい。",
    "元気ですか？",
    "ちょっと待って！？",
    "今日は晴れ",
    "「そうです。」",
    "ええと…",
    "三つ、ください。",
]


@pytest.mark.parametrize("before", SENTENCES)
@pytest.mark.parametrize("after", SENTENCES)
def test_two_sentences_joined_keep_the_contract_of_one(before, after):
    both = joined(FRONT_END.read(before), FRONT_END.read(after))
    assert sum(both.word2ph) == len(both.phones) == len(both.tones)
    assert len(both.word2ph) == len(both.bert_text) + 2
    assert both.phones.count("_") == 2


@pytest.mark.parametrize(("before", "after"), [("はい。", "元気です。"), ("元気ですか？", "三つ、ください！")])
def test_they_are_what_is_read_in_one(before, after):
    both, whole = joined(FRONT_END.read(before), FRONT_END.read(after)), FRONT_END.read(before + after)
    assert (both.phones, both.tones, both.word2ph) == (whole.phones, whole.tones, whole.word2ph)
    assert both.bert_text == whole.bert_text


def test_a_full_stop_stands_where_no_mark_is():
    before = FRONT_END.read("今日は晴れ")
    assert not ends_with_mark(before)
    both = joined(before, FRONT_END.read("はい。"))
    assert both.phones[len(before.phones) - 1] == "."


@pytest.mark.parametrize("before", SENTENCES)
def test_the_rest_is_that_of_the_last_mark_and_the_blanks_beside_it(before):
    first, second = FRONT_END.read(before), FRONT_END.read("はい。")
    both = joined(first, second)
    mark = max(index for index in range(len(both.phones) - len(second.phones) + 1) if both.phones[index] in ".!?")
    plain = np.arange(len(both.phones)) + 100
    assert rest(plain, first, add_blank=False) == plain[mark]
    spaced = np.arange(2 * len(both.phones) + 1) + 100
    assert rest(spaced, first, add_blank=True) == spaced[2 * mark : 2 * mark + 3].sum()
