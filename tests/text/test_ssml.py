import time
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wyoming_hayakoe.text.ssml import SsmlError, SsmlText

SSML = '<?xml version="1.0"?><speak>こんにちは&amp;<break time="1s"/>元気？<!-- 注 --><p>次</p></speak>'


@given(st.lists(st.integers(0, len(SSML)), max_size=10))
def test_ssml_loses_its_tags_however_it_is_cut(cuts):
    ssml = SsmlText()
    edges = [0, *sorted(cuts), len(SSML)]
    text = "".join(ssml.take(SSML[start:end]) for start, end in pairwise(edges)) + ssml.rest()
    assert text.split() == ["こんにちは&", "元気？", "次"]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("3 < 5 & 7", "3 < 5 & 7"),
        ("a <b <c>d", "a <b d"),
        ("<![CDATA[<b>&amp;]]>です", "<b>&amp;です"),
        ("&lt;b&gt;&#12354;&nbsp;", "<b>あ\xa0"),
        ("<!DOCTYPE speak>はい", "はい"),
        ("<![x", "<![x"),
        ("はい<break", "はい"),
        ("<p>一</p><s>二</s>", "\n一\n\n二\n"),
        ("一\n二", "一 二"),
    ],
)
def test_tags_go_and_text_stays(source, text):
    ssml = SsmlText()
    assert ssml.take(source) + ssml.rest() == text


@pytest.mark.parametrize(
    "source", ["<!--" * 12_000 + "-->", "<a " * 16_000, "<" * 50_000, "<" + "a" * 49_999, "&" * 50_000, "<?" * 25_000]
)
def test_no_text_takes_long(source):
    for size in (len(source), 1000, 1):
        ssml = SsmlText()
        started = time.monotonic()
        with suppress(SsmlError):
            for start in range(0, len(source), size):
                ssml.take(source[start : start + size])
        ssml.rest()
        assert time.monotonic() - started < 2


def test_a_tag_that_does_not_end_is_refused():
    ssml = SsmlText()
    with pytest.raises(SsmlError, match="does not end"):
        ssml.take("<break " + "a" * 5000)


@given(st.lists(st.text(alphabet="<>&/!?-[]a\"'= あ", max_size=60), max_size=6))
def test_no_ssml_raises_anything_else(chunks):
    ssml = SsmlText()
    for chunk in chunks:
        assert isinstance(ssml.take(chunk), str)
    assert isinstance(ssml.rest(), str)
