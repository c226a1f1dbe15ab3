from itertools import accumulate

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import FRONT_END
from wyoming_hayakoe.engine.jp_extra import pauses
from wyoming_hayakoe.engine.jp_extra.parts import with_blanks

SENTENCES = [
    "こんにちは。",
    "本当に!?",
    "「はい。」",
    "駅まで",
    "明日は晴れるでしょう",
    "(ええ!)",
    "ABCです…",
    "10時だ！",
    "",
    "。",
]


def read_twice(before, after):
    return FRONT_END.read(before), FRONT_END.read(after)


def marked(before, *, add_blank):
    """Return durations of 100 for the last mark in ``before``, 10 and 20 for the blanks beside it, 1 for all else."""
    first, second = read_twice(before, "次です。")
    phones = pauses.joined(first, second).phones
    mark = max(index for index in range(len(first.phones)) if phones[index] in "!?.")
    durations = [1] * len(phones)
    durations[mark] = 100
    if add_blank:
        durations = with_blanks(durations, 1)
        durations[2 * mark], durations[2 * mark + 2] = 10, 20
    return np.array(durations), first


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("こんにちは。", "お元気ですか？"),
        ("本当に!?", "うそでしょう。"),
        ("「はい。」", "と答えた。"),
        ("10時です！", "25度です。"),
        ("エアコンをつけますか？", "「はい」"),
    ],
)
def test_two_sentences_are_joined_as_the_front_end_reads_them_in_one_text(before, after):
    together = pauses.joined(*read_twice(before, after))
    assert together == FRONT_END.read(before + after)


@pytest.mark.parametrize("before", ["明日は晴れる", "「はい」", "その1、"])
def test_where_no_mark_ends_the_first_a_full_stop_does(before):
    together = pauses.joined(*read_twice(before, "今日は雨です。"))
    in_one_text = FRONT_END.read(before).bert_text + "." + FRONT_END.read("今日は雨です。").bert_text
    assert together.bert_text == in_one_text
    assert together.text == before + ".今日は雨です。"
    assert together.phones.count(".") == 2


@given(st.sampled_from(SENTENCES), st.sampled_from(SENTENCES))
def test_what_is_joined_is_an_utterance(before, after):
    together = pauses.joined(*read_twice(before, after))
    assert sum(together.word2ph) == len(together.phones) == len(together.tones)
    assert len(together.word2ph) == len(together.bert_text) + 2
    assert (together.phones[0], together.phones[-1]) == ("_", "_")
    assert "_" not in together.phones[1:-1]
    assert together.bert_text == "".join(word.surface for word in together.words if word.phones)
    starts = list(accumulate(together.word2ph, initial=0))
    for place, character in enumerate(together.bert_text, start=1):
        if character in ".!?'":
            assert together.phones[starts[place] : starts[place + 1]] == (character,)


@pytest.mark.parametrize("add_blank", [True, False])
@pytest.mark.parametrize("before", ["こんにちは。", "本当に!?", "え。。。", "「はい。」", "(ええ!)", "「『はい。』」"])
def test_the_rest_is_that_of_the_last_mark_and_the_blanks_beside_it(before, add_blank):
    durations, first = marked(before, add_blank=add_blank)
    assert pauses.rest(durations, first, add_blank=add_blank) == (130 if add_blank else 100)


@pytest.mark.parametrize("add_blank", [True, False])
@pytest.mark.parametrize("before", ["明日は晴れる", "「はい」", "その1、", "3.5です", "本当?と聞く"])
def test_the_rest_without_a_mark_is_that_of_the_full_stop_put_there(before, add_blank):
    first, second = read_twice(before, "次です。")
    together = pauses.joined(first, second)
    durations = np.arange(2 * len(together.phones) + 1) if add_blank else np.arange(len(together.phones))
    place = len(first.phones) - 1
    assert together.phones[place] == "."
    assert pauses.rest(durations, first, add_blank=add_blank) == (3 * (2 * place + 1) if add_blank else place)
