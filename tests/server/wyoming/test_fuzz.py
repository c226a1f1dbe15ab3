"""Whatever a client sends, the server answers the next one."""

import asyncio
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import connected, eventually, receive, running, writer_of

NAMES = st.sampled_from(
    ["describe", "ping", "select-program", "synthesize", "synthesize-start", "synthesize-chunk", "synthesize-stop"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
TEXTS = st.text(max_size=12) | st.sampled_from(["はい。", "**え？**", "<a>", "\ud800", "。。"]) | JSON
EVENTS = st.fixed_dictionaries(
    {"type": NAMES | JSON},
    optional={
        "data": JSON
        | st.fixed_dictionaries(
            {"text": TEXTS},
            optional={
                "voice": JSON | st.fixed_dictionaries({"name": st.just("mei") | JSON}, optional={"speaker": JSON}),
                "text_format": st.sampled_from(["text", "ssml"]) | JSON,
                "name": JSON,
            },
        ),
        "data_length": st.integers(-1, 20) | JSON,
        "payload_length": st.integers(-1, 20) | JSON,
    },
)


async def assert_survives(voice, data):
    """Send ``data`` in two pieces, hang up, and see that nothing stays and the next client is served."""
    async with running(voice=voice) as server:
        async with connected(server) as client:
            writer_of(client).write(data[: len(data) // 2])
            await asyncio.sleep(0)
            writer_of(client).write(data[len(data) // 2 :])
            writer_of(client).write_eof()
            await receive(client, until="never")
        async with connected(server) as client:
            writer_of(client).write(b'{"type":"ping"}\n')
            assert (await client.read_event()).type == "pong"
        await eventually(lambda: not server.connections, "no connection stays")


@settings(max_examples=150)
@given(st.binary(max_size=400))
def test_random_bytes(voice, data):
    asyncio.run(assert_survives(voice, data))


@settings(max_examples=250)
@given(st.lists(EVENTS, max_size=6), st.binary(max_size=30))
def test_random_events(voice, events, tail):
    data = b"".join(json.dumps(event).encode() + b"\n" for event in events)
    asyncio.run(assert_survives(voice, data + tail))
