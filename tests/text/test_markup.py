from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wyoming_hayakoe.errors import RequestError
from wyoming_hayakoe.text.markup import SsmlText, plain


@pytest.mark.parametrize(
    ("sentence", "spoken"),
    [
        ("**重要**です。", "重要です。"),
        ("**次の", "次の"),  # the other half is in the next sentence
        ("*強調*と_下線_と~~取消~~", "強調と下線と取消"),
        ("3*4は12", "3*4は12"),
        ("3 * 4 は 12", "3 * 4 は 12"),
        ("sensor_temp_1", "sensor_temp_1"),
        ("`light.turn_on`を呼ぶ", "light.turn_onを呼ぶ"),
        ("```yaml", ""),
        ("# 見出し", "見出し"),
        ("#1の部屋", "#1の部屋"),
        ("- 項目", "項目"),
        ("* 項目", "項目"),
        ("  • 項目", "項目"),
        ("- [x] 済み", "済み"),
        ("1. りんご", "1. りんご"),
        ("-5度です", "-5度です"),
        ("> 引用", "引用"),
        ("5 > 3", "5 > 3"),
        ("3<5", "3<5"),
        ("[取説](https://e.example/a?b=(1))を見て", "取説を見て"),
        ("![家の写真](a.png)", "家の写真"),
        ("晴れです[1]。", "晴れです。"),
        ("| 部屋 | 温度 |", "部屋、温度"),
        ("|---|:--:|", ""),
        ("---", ""),
        ("改行<br>です", "改行 です"),
        ("[警告] 水漏れ", "[警告] 水漏れ"),
        ("1\\. りんご", "1. りんご"),
    ],
)
def test_markdown_is_taken_out(sentence, spoken):
    assert plain(sentence) == spoken


SSML = '<?xml version="1.0"?><speak>こんにちは&amp;<break time="1s"/>元気？<!-- 注 --><p>次</p></speak>'


@given(st.lists(st.integers(0, len(SSML)), max_size=10))
def test_ssml_loses_its_tags_however_it_is_cut(cuts):
    ssml = SsmlText()
    edges = [0, *sorted(cuts), len(SSML)]
    text = "".join(ssml.take(SSML[start:end]) for start, end in pairwise(edges)) + ssml.rest()
    assert text.split() == ["こんにちは&", "元気？", "次"]


def test_what_only_looks_like_a_tag_is_text():
    ssml = SsmlText()
    assert ssml.take("3 < 5 & 7") + ssml.rest() == "3 < 5 & 7"


def test_a_tag_that_does_not_end_is_refused():
    ssml = SsmlText()
    with pytest.raises(RequestError, match="does not end"):
        ssml.take("<break " + "a" * 5000)


@given(st.lists(st.text(alphabet="<>&/!?-[]a\"'= あ", max_size=60), max_size=6))
def test_no_ssml_raises_anything_else(chunks):
    ssml = SsmlText()
    for chunk in chunks:
        assert isinstance(ssml.take(chunk), str)
    assert isinstance(ssml.rest(), str)
