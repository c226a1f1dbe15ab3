from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wyoming_hayakoe.text.sentences import LIMIT, TAIL_LIMIT, SentenceSplitter, split

# Characters that the splitter looks at, and some that it does not.
PIECES = (
    "。",
    ".",
    "．",
    "…",
    "...",
    "!",
    "！",
    "の",
    "を",
    "って",
    "漢",
    "ア",
    "a",
    "No",
    "Mr",
    "U.S",
    " ",
    "1",
    "１",
    "」",
    "(",
)
NAMES = ("Yahoo!", "ラブライブ!", "ラブライブ！サン", "Hey! Say! JUMP", "モーニング娘。'", "\n")
TEXTS = (
    st.text(alphabet="あ漢a1。！？!?‼」』)\"'\n、 　/=。。。…．.のを", max_size=700)
    | st.text(max_size=300)
    | st.lists(st.sampled_from(PIECES + NAMES), max_size=150).map("".join)
)


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
        ("Hello. How are you? Fine.", ["Hello.", " How are you?", " Fine."]),
        ("It is 3.5 degrees. See No. 5. No. I do.", ["It is 3.5 degrees.", " See No. 5. No.", " I do."]),
        ("Mr. Smith of the U.S. army uses Node.js. Yes.", ["Mr. Smith of the U.S. army uses Node.js.", " Yes."]),
        ('He said "yes." Then (it is). End', ['He said "yes."', " Then (it is).", " End"]),
        ("これはテストです. 次です。", ["これはテストです.", " 次です。"]),
        ("晴れです．明日は２．５度です．次", ["晴れです．", "明日は２．５度です．", "次"]),
        ("１．りんごを切る．２．焼く", ["１．りんごを切る．", "２．焼く"]),
        ("ａｐｐ．ｊｐを見る", ["ａｐｐ．ｊｐを見る"]),
        ("1. 25℃に設定\n2. 3秒待つ", ["1. 25℃に設定\n", "2. 3秒待つ"]),
        ("手順は 1. 電源 2. 3秒待つ", ["手順は 1. 電源 2. 3秒待つ"]),
        ("例. りんご", ["例. りんご"]),
        ("えっと…それは……です", ["えっと…", "それは……", "です"]),
        ("……少々お待ちください。", ["……少々お待ちください。"]),
        ("待って…、はい。", ["待って…、はい。"]),
        ("彼は（…）と言った。", ["彼は（…）と言った。"]),
        ("待って...はい wait...what", ["待って...", "はい wait...what"]),
        ("Yahoo!ニュース、Yahoo! JAPAN", ["Yahoo!ニュース、Yahoo! JAPAN"]),
        ("ラブライブ！サンシャイン", ["ラブライブ！サンシャイン"]),
        ("ラブライブ！次", ["ラブライブ！", "次"]),
        ("Hey! Say! JUMPの曲", ["Hey! Say! JUMPの曲"]),
        ("けいおん！の曲とハイキュー!!を見る", ["けいおん！の曲とハイキュー!!を見る"]),
        ("モーニング娘。のライブ", ["モーニング娘。のライブ"]),
        ("けいおん！のんびり。のんびり", ["けいおん！", "のんびり。", "のんびり"]),
        ("OK!次", ["OK!", "次"]),
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
    ("text", "complete"),
    [
        *[("", False), ("あ", False), ("あ。", True), ("あ？」", True), ("（笑）", False), ("あ…", True), ("…", False)],
        *[("Hello.", True), ("Mr.", False), ("1.", False), ("晴れです．", True), ("２．", False)],
        *[('say "yes."', True), ("（えっと…）", True), ("", False), ("」", False)],
    ],
)
def test_it_knows_when_only_a_mark_could_still_come(text, complete):
    splitter = SentenceSplitter()
    splitter.feed(text)
    assert splitter.sentence_is_complete is complete
