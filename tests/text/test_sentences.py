from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wyoming_hayakoe.text.sentences import LIMIT, TAIL_LIMIT, SentenceSplitter, split

# Characters that the splitter looks at, and some that it does not.
TEXTS = st.text(alphabet="あ漢a1。！？!?‼」』)\"'\n、 　/=。。。", max_size=700) | st.text(max_size=300)


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("", []),
        ("あ", ["あ"]),
        ("晴れです。明日は雨です。", ["晴れです。", "明日は雨です。"]),
        ("本当！？すごい。", ["本当！？", "すごい。"]),
        ("「行こう。」と言った。", ["「行こう。」", "と言った。"]),
        ("『「やった！！」』次", ["『「やった！！」』", "次"]),
        ("一行目\n二行目", ["一行目\n", "二行目"]),
        ("終わり。\n次", ["終わり。", "\n", "次"]),
        ("Really? Yes! Go", ["Really?", " Yes!", " Go"]),
        ("https://a.example/?q=1 を見て。", ["https://a.example/?q=1 を見て。"]),
        ("Yahoo!JAPANの天気", ["Yahoo!JAPANの天気"]),
        ("え?はい", ["え?", "はい"]),
        ("3.5度です｡次", ["3.5度です｡", "次"]),
    ],
)
def test_sentences_end_at_marks_and_newlines(text, sentences):
    assert split(text) == sentences


def test_a_long_sentence_is_cut_at_its_last_comma_or_space():
    assert [len(part) for part in split("あ" * 120 + "、" + "い" * 150)] == [121, 150]
    assert [len(part) for part in split("a" * 50 + " " + "b" * 180)] == [51, 180]
    assert [len(part) for part in split("あ" * 450)] == [200, 200, 50]
    assert len(split("あ" * LIMIT)) == 1


@given(TEXTS)
def test_nothing_is_lost_and_no_sentence_is_too_long(text):
    sentences = split(text)
    assert "".join(sentences) == text
    assert all(0 < len(sentence) <= LIMIT + TAIL_LIMIT for sentence in sentences)


@given(TEXTS, st.lists(st.integers(0, 700), max_size=40))
def test_how_the_text_is_cut_into_chunks_changes_nothing(text, cuts):
    splitter = SentenceSplitter()
    sentences = []
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    for start, end in pairwise(edges):
        sentences += splitter.feed(text[start:end])
    assert sentences + splitter.flush() == split(text)


@given(TEXTS)
def test_it_holds_no_more_than_one_sentence(text):
    splitter = SentenceSplitter()
    held = 0
    for character in text:
        held += 1 - sum(map(len, splitter.feed(character)))
        assert held <= LIMIT + TAIL_LIMIT


@pytest.mark.parametrize(
    ("text", "complete"), [("", False), ("あ", False), ("あ。", True), ("あ？」", True), ("（笑）", False)]
)
def test_it_knows_when_only_a_mark_could_still_come(text, complete):
    splitter = SentenceSplitter()
    splitter.feed(text)
    assert splitter.sentence_is_complete is complete
