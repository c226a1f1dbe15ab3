"""SSML of any kind becomes text and turns; what is no SSML becomes text."""

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.text.strategies import cuts_of
from wyoming_hayakoe.text.annotations import bare
from wyoming_hayakoe.text.passage import PLAIN, Passage, Turn
from wyoming_hayakoe.text.passage_cutter import cut
from wyoming_hayakoe.text.ssml import Piece, SsmlText

SSML = """<?xml version="1.0"?><speak>こんにちは&amp;<break time="1s"/>元気？<!-- 注 --><p>次<emphasis>は</emphasis></p>
<sub alias="水">H2O</sub><phoneme ph="ナ↓ナミ">七海</phoneme><say-as interpret-as="time">6:30</say-as></speak>"""


def pieces(source: str, size: int | None = None) -> list[Piece]:
    """Return what SSML gives in chunks of a size, neighbouring text joined."""
    ssml = SsmlText()
    size = size or max(1, len(source))
    found = [piece for at in range(0, len(source), size) for piece in ssml.take(source[at : at + size])]
    return joined([*found, *ssml.rest()])


def joined(found: list[Piece]) -> list[Piece]:
    whole: list[Piece] = []
    for piece in found:
        if isinstance(piece, str) and whole and isinstance(whole[-1], str):
            whole[-1] += piece
        elif piece != "":
            whole.append(piece)
    return whole


def text_of(source: str) -> str:
    return "".join(piece for piece in pieces(source) if isinstance(piece, str))


@given(st.lists(st.integers(0, len(SSML)), max_size=10))
def test_how_ssml_is_cut_changes_nothing(cuts):
    ssml = SsmlText()
    edges = [0, *sorted(cuts), len(SSML)]
    found = [piece for start, end in pairwise(edges) for piece in ssml.take(SSML[start:end])]
    assert joined([*found, *ssml.rest()]) == pieces(SSML)
    assert bare(text_of(SSML)).split() == ["こんにちは&元気？", "次は", "水七海6時30分"]


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
        ("<unknown a='1'>はい</unknown></p>", "はい"),
        ("<sub alias='水'>H2O</sub>です", "水です"),
        ("<sub>H2O</sub>です", "H2Oです"),
        ("<sub alias='水'/>です", "水です"),
        ("<sub alias='水'>" + "あ" * 500 + "</sub>", "あ" * 500),
        ("<sub alias='外'><sub alias='内'>x</sub>y</sub>", "外"),
        ("<think>考え<b>る</b></think>はい", "はい"),
        ("<say-as interpret-as='digits'>0312</say-as>", "ゼロサンイチニー"),
        ("<say-as interpret-as='telephone'>090-1234</say-as>", "ゼロキューゼロのイチニーサンヨン"),
        ("<say-as interpret-as='characters'>LED</say-as>", "L、E、D"),
        ("<say-as interpret-as='cardinal'>007</say-as>", "7"),
        ("<say-as interpret-as='cardinal'>-000.50</say-as>", "-0.50"),
        ("<say-as interpret-as='cardinal'>0</say-as>", "0"),
        ("<say-as interpret-as='ordinal'>3</say-as>", "3番目"),
        ("<say-as interpret-as='ordinal'>03rd</say-as>", "3番目"),
        ("<say-as interpret-as='date' format='mdy'>11/25/2026</say-as>", "2026年11月25日"),
        ("<say-as interpret-as='date'>明日</say-as>", "明日"),
        ("<say-as interpret-as='time'>18:05</say-as>", "18時5分"),
        ("<say-as interpret-as='other'>18:05</say-as>", "18:05"),
        ("<phoneme alphabet='x-kana' ph='ナ↓ナミ'>七海</phoneme>", "\ufff9七海\ufffaナ↓ナミ\ufffb"),
        ("<phoneme alphabet='x-kana' ph='ななみ'>七海</phoneme>", "\ufff9七海\ufffaナナミ→\ufffb"),
        ("<phoneme alphabet='ipa' ph='nanami'>七海</phoneme>", "七海"),
        ("<phoneme ph='七海'>七海</phoneme>", "七海"),
        ("<phoneme ph='ア↓イ'>。</phoneme>", "\ufff9アイ\ufffaア↓イ\ufffb"),
        ("<ruby>漢<rp>(</rp><rt>かん</rt>字<rt>じ</rt></ruby>", "\ufff9漢字\ufffaカンジ\ufffb"),
        ("<ruby>漢字<rt>漢字</rt></ruby>", "漢字"),
        ("<rt>かな</rt>", "かな"),
    ],
)
def test_tags_go_and_text_stays(source, text):
    assert text_of(source) == text


@pytest.mark.parametrize(
    ("tag", "seconds"),
    [
        ("<break time='500ms'/>", 0.5),
        ("<break time='1.5s'/>", 1.5),
        ("<break time='99s'/>", 10.0),
        ("<break time='9999999999s'/>", 0.5),
        ("<break/>", 0.5),
        ("<break strength='strong'/>", 0.8),
        ("<break time='-1s' strength='weak'/>", 0.25),
    ],
)
def test_a_break_is_a_rest(tag, seconds):
    assert cut(f"はい{tag}ええ", ssml=True) == [Passage("はい"), Passage("ええ", rest=seconds)]
    assert cut(f"{tag}はい{tag}", ssml=True) == [Passage("はい", rest=seconds), Passage("", rest=seconds)]


def test_no_break_is_no_turn_and_many_are_one():
    assert pieces("はい<break strength='none'/>ええ") == ["はいええ"]
    assert cut("はい" + "<break time='4s'/>" * 9 + "ええ", ssml=True)[1].rest == 10.0


@pytest.mark.parametrize(
    ("tag", "changes"),
    [
        ("prosody rate='slow'", {"rate": 0.8}),
        ("prosody rate='120%' pitch='+12st'", {"rate": 1.2, "pitch": 2.0}),
        ("prosody rate='-20%' range='+50%'", {"rate": 0.8, "intonation": 1.5}),
        ("prosody volume='-6.0206dB'", {"volume": pytest.approx(0.5)}),
        ("prosody volume='50'", {"volume": 0.5}),
        ("prosody volume='+99dB' rate='99999%' pitch='0%'", {"volume": 2.0, "rate": 10.0, "pitch": 0.1}),
        ("prosody rate='nan' pitch='+inf' volume='1e9'", {}),
        ("voice name='rei'", {"voice": "rei"}),
        ("voice name=''", {}),
        ("emphasis level='strong'", {"rate": 0.87, "intonation": 1.35, "volume": 1.25}),
    ],
)
def test_a_manner_lasts_to_the_end_of_its_element(tag, changes):
    name = tag.split()[0]
    inside = [passage for passage in cut(f"前<{tag}>中</{name}>後", ssml=True) if "中" in passage.text]
    manner = inside[0].manner
    assert {key: getattr(manner, key) for key in changes} == changes
    others = [key for key in ("rate", "pitch", "intonation", "volume", "voice") if key not in changes]
    assert all(getattr(manner, key) == getattr(PLAIN, key) for key in others)
    if changes:
        assert cut(f"前<{tag}>中</{name}>後", ssml=True)[2] == Passage("後", rest=0.0)


def test_paragraphs_are_apart_and_a_text_neither_begins_nor_ends_with_that_rest():
    rests = [passage.rest for passage in cut("<speak><p>一。二。</p><p>三</p>四<p/></speak>", ssml=True)]
    assert rests == [None, None, 0.8, 0.8]
    assert cut("<p>一</p><break time='2s'/><p>二</p>", ssml=True)[1].rest == 2.0


def test_a_turn_inside_a_sentence_brings_no_rest_and_one_behind_it_leaves_the_rest_to_the_voice():
    assert [each.rest for each in cut("前。<emphasis>中。</emphasis>後", ssml=True)] == [None, None, None]
    assert [each.rest for each in cut("前<emphasis>中</emphasis>後", ssml=True)] == [None, 0.0, 0.0]


@pytest.mark.parametrize(
    "source",
    [
        *("<!--" * 12_000 + "-->", "<a " * 16_000, "<" * 50_000, "<" + "a" * 49_999, "&" * 50_000, "<?" * 25_000),
        *("<ruby>" * 8_000, "<prosody rate='fast'>" * 2_500, "</p>" * 12_000, "<a>" * 9_000 + "</b>" * 4_000),
        *("<p><sub alias='x'>" * 3_000, "<a " + "b='" * 16_000 + ">", "<rt>あ" * 9_000, "<ruby><rt>あ" * 4_000),
    ],
)
def test_no_text_takes_long(source):
    for size in (len(source), 1000, 1):
        ssml = SsmlText()
        started = time.thread_time()
        for start in range(0, len(source), size):
            ssml.take(source[start : start + size])
        ssml.rest()
        assert time.thread_time() - started < 2


def test_a_tag_that_does_not_end_is_text():
    source = "<break " + "a" * 5000 + "です"
    assert text_of(source) == source
    assert pieces(source, 100) == [source]


TAGS = st.sampled_from(
    [
        *("<p>", "</p>", "<break/>", "<break time='1s'/>", "<sub alias='あ'>", "</sub>", "<ruby>", "<rt>", "</rt>"),
        *(
            "</ruby>",
            "<phoneme ph='ア↓'>",
            "</phoneme>",
            "<say-as interpret-as='date'>",
            "</say-as>",
            "<voice name='x'>",
        ),
        *("</voice>", "<prosody rate='200%'>", "</prosody>", "<emphasis>", "</emphasis>", "<think>", "</think>", "12"),
        *(
            "<say-as interpret-as='time'>",
            "<say-as interpret-as='digits'>",
            "1/2",
            "１２:3",
            "\ufff9",
            "。",
            "はい",
            "<",
        ),
    ]
)


@given(st.lists(TAGS | st.text(max_size=4), max_size=25).map("".join), st.data())
def test_any_ssml_is_spoken_and_how_it_is_cut_changes_nothing(source, data):
    ssml = SsmlText()
    found = [piece for chunk in data.draw(cuts_of(source)) for piece in ssml.take(chunk)]
    assert joined([*found, *ssml.rest()]) == pieces(source)
    for passage in cut(source, ssml=True):
        assert passage.text.strip() or passage.rest
        assert passage.rest is None or 0 <= passage.rest <= 10
    assert all(isinstance(piece, str | Turn) for piece in pieces(source))
