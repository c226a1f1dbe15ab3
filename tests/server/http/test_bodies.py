"""Bodies of requests: JSON, and whatever else a client sends."""

import asyncio
import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.exceptions import HTTPException

from tests.server.http.exchanges import HTTP, client_of, exchanged
from tests.support import local, running
from wyoming_hayakoe.server.http import bodies, protocol

pytestmark = pytest.mark.usefixtures("saying")

_PARSERS = (bodies._QUICK_DECODER, bodies._PatientDecoder())

# Lone surrogates are no text.
_TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | _TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXTS, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=60)
@given(VALUES, st.booleans())
def test_both_parsers_return_what_was_sent(value, ascii_only):
    body = json.dumps(value, ensure_ascii=ascii_only).encode()
    assert [bodies._parse(body, parser) for parser in _PARSERS] == [value, value]


@settings(max_examples=100)
@given(st.binary(max_size=40) | st.text('[]{}",:0123456789.eE+-\\untrfals \n', max_size=40).map(str.encode))
def test_whatever_is_sent_is_a_value_or_a_400(body):
    for parser in _PARSERS:
        try:
            value = bodies._parse(body, parser)
        except HTTPException as error:
            value = error.status_code
        # It can be sent back.
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()


@pytest.mark.parametrize("parser", _PARSERS, ids=["quick", "patient"])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"NaN",
        b"[1, -Infinity]",
        b"1e999",
        b"-1e999",
        b"1" * 41,
        b"0." + b"1" * 5000,
        b"[" * 200_000,
        b'{"a":' * 100_000,
        b'{"a": 1} x',
        b"{'a': 1}",
    ],
)
def test_what_is_no_json_is_a_400(parser, body):
    with pytest.raises(HTTPException) as raised:
        bodies._parse(body, parser)
    assert raised.value.status_code == 400


def test_half_characters_become_question_marks():
    for parser in _PARSERS:
        assert bodies._parse(rb'{"\ud800": ["a\udfffb", "\ud83d\ude00"]}', parser) == {"?": ["a?b", "😀"]}
        assert bodies._parse(b'\xef\xbb\xbf{"a": 1.5}', parser) == {"a": 1.5}
    assert math.isclose(bodies._parse(b"1e3", _PARSERS[0]), 1000.0)


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(protocol, "_LINGER", 0.1)


@pytest.fixture
async def server(voice):
    async with running(local(**HTTP, stall_timeout=0.5), voice) as server:
        yield server


async def test_a_large_body_is_parsed_beside_everything_else(server):
    value = {"text": "あ" * 1000, "list": [{"vowel": "a", "vowel_length": 0.125, "pitch": 5.5}] * 1500}
    async with client_of(server) as client:
        got = await client.post("/echo", json=value)
    assert got.text == repr(value)


async def too_long():
    for _ in range(30):
        yield b" " * 10_000


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b" " * 200_001, 413),
        (too_long(), 413),
        (b"[" + b"1," * 50_000 + b"1]", 400),
        (b"", 400),
        (b"\x00", 400),
    ],
    ids=["declared", "chunked", "many", "empty", "zero"],
)
async def test_bodies_are_bounded(server, content, status):
    async with client_of(server) as client:
        got = await client.post("/echo", content=content)
        assert got.status_code == status
        assert "\n" not in got.json()["detail"]
    assert server._context.waiting_bodies.pooled == 0


@pytest.mark.parametrize("length", [10, 100_000])
async def test_a_body_that_does_not_come_is_not_waited_for(server, length):
    request = b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n[1," % length
    got = await exchanged(server.http.endpoints[0], request)
    assert got.status == 408
    assert server._context.waiting_bodies.pooled == 0


async def test_bodies_of_all_clients_share_one_room(voice):
    """A client that holds the room keeps out those who need it as well, and no one else."""
    async with running(local(**HTTP, stall_timeout=0.5, max_waiting_text=300_000), voice) as server:
        async with client_of(server) as client:
            begun = asyncio.create_task(
                exchanged(
                    server.http.endpoints[0],
                    b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 150000\r\n\r\n[1,",
                )
            )
            while not server._context.waiting_bodies.pooled:  # noqa: ASYNC110  it has no event
                await asyncio.sleep(0.005)
            large, small = await asyncio.gather(
                client.post("/echo", content=b" " * 149_000 + b"1"), client.post("/echo", content=b"1")
            )
            assert small.text == "1"
            # It waited for the other's to end.
            assert large.text == "1" or large.status_code == 503
            assert (await begun).status == 408
            assert (await client.post("/echo", content=b" " * 149_000 + b"1")).text == "1"
        assert server._context.waiting_bodies.pooled == 0
