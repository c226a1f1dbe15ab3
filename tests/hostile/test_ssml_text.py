"""SSML of any kind is spoken: no connection ends without a word."""

import time
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from wyoming.tts import Synthesize, SynthesizeChunk, SynthesizeStart, SynthesizeStop

from tests.support import connected, receive, running
from wyoming_hayakoe.text.ssml import SsmlText

PIECES = st.sampled_from(
    [
        *("&", "&#", "&#x", ";", "9" * 30, "ffff", "amp", "lt", "あ", "。", " ", "\n", "\ud800", "😀"),
        *("<", ">", "/", "!", "<!--", "-->", "<![CDATA[", "]]>", "<?", "?>", "<p>", "</p>", "<break/>", "<a b='"),
    ]
)
SOURCES = st.lists(PIECES | st.text(max_size=3), max_size=30).map("".join)
NUMBERS = ["&#" + "9" * 4301, "&#" + "9" * 4301 + ";", "&#x" + "f" * 9000 + ";", "&#" + "0" * 5000 + "65;"]
NESTED = ["<a>" * 12_000, "<a " * 12_000, "<!--" * 9000, "<![CDATA[" * 5000, "<?" * 20_000, "&" * 49_000, "&#" * 24_000]


def text_of(source, size=None):
    size = size or max(1, len(source))
    return spoken(source[at : at + size] for at in range(0, len(source), size))


def spoken(chunks):
    ssml = SsmlText()
    pieces = [piece for chunk in chunks for piece in ssml.take(chunk)] + ssml.rest()
    return "".join(piece for piece in pieces if isinstance(piece, str))


@pytest.mark.parametrize("source", NUMBERS)
@pytest.mark.parametrize("as_stream", [False, True], ids=["text", "stream"])
async def test_a_number_that_is_no_character_is_text(voice, source, as_stream):
    source += "はい。"
    async with running(voice=voice) as server, connected(server) as client:
        if as_stream:
            await client.write_event(SynthesizeStart(text_format="ssml").event())
            await client.write_event(SynthesizeChunk("はい。" + source[:20]).event())
            await client.write_event(SynthesizeChunk(source[20:]).event())
            await client.write_event(SynthesizeStop().event())
        else:
            await client.write_event(Synthesize("はい。" + source, text_format="ssml").event())
        assert (await receive(client, until="audio-chunk")).kinds == ["audio-start", "audio-chunk"]


@pytest.mark.parametrize("source", NESTED)
async def test_what_nests_or_never_ends_is_spoken(voice, source):
    async with running(voice=voice) as server, connected(server) as client:
        await client.write_event(Synthesize(source + "</a>", text_format="ssml").event())
        while (event := await client.read_event()).type == "audio-start":
            pass
    assert event.type in {"audio-chunk", "audio-stop"}


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("&#65;&#x41;&#X3042;&amp;&lt;", "AAあ&<"),
        ("&#00000065;", "A"),
        ("&#1114112;", "\ufffd"),
        ("&#xD800;", "\ufffd"),
        ("&#999999999;", "&#999999999;"),
        ("AT&T &amp 3", "AT&T &amp 3"),
        ("&#;&;&#x;", "&#;&;&#x;"),
        ("<![CDATA[&#65;" + "あ" * 6000 + "]]>", "&#65;" + "あ" * 6000),
        ("<!-- " + "あ" * 6000 + "-->い", "い"),
    ],
)
def test_entities_and_sections(source, text):
    assert text_of(source) == text_of(source, 7) == text


@given(SOURCES, st.lists(st.integers(0, 200), max_size=8))
@example("&#x3042;", [1, 2, 3, 7])
@example("<![CDATA[]]]>", [10, 11])
def test_how_ssml_is_cut_changes_nothing(source, cuts):
    edges = [0, *sorted(min(cut, len(source)) for cut in cuts), len(source)]
    assert spoken(source[start:end] for start, end in pairwise(edges)) == text_of(source)


@pytest.mark.parametrize(
    "unit", ["<", "&", "<a ", "<!", "</", "<?", "<!--", "<![CDATA[", "]]>", "&#", "&a", "<a>", "a"]
)
def test_the_time_grows_as_the_text_does(unit):
    def seconds(length):
        source = (unit * length)[:length]
        started = time.thread_time()
        text_of(source, 512)
        return time.thread_time() - started

    short, long = (min(seconds(length) for _ in range(3)) for length in (12_500, 50_000))
    assert long < 10 * short + 0.05
    assert long < 1
