"""No client's bytes keep the event loop from the others, and whatever they are, the answer is events."""

import asyncio
import gc
import io
import json
import socket
import statistics
import threading
import time
from concurrent.futures import Future
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wyoming.event import read_event

from tests.hostile.events import raw_event
from tests.hostile.events import utf8_event as event
from tests.support import DEADLINE, connected, local, program, receive, running, writer_of
from tests.voices import BeepVoice
from wyoming_hayakoe.server.catalogue import Catalogue
from wyoming_hayakoe.server.wyoming import info
from wyoming_hayakoe.server.wyoming.info import encoded_info

MEGABYTE = 1_000_000
# Bytes of data that are read at all.
MOST = 640 * 1024


def inline(kind, **data):
    return json.dumps({"type": kind, "data": data}, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n"


def filled(unit):
    """Return data of nearly the size that is allowed, which holds as many of ``unit`` as it can."""
    return b'{"text":"","x":[' + unit * ((MOST - 100) // len(unit)) + b"0]}"


START = event("synthesize-start")
ATTACKS = {
    "1 MB pings": event("ping", text="a" * MEGABYTE),
    "pings of 60 KB": inline("ping", text="あ" * 20_000) * 50,
    "SSML of <": event("synthesize", text="<" * 49_000, text_format="ssml") * 8,
    "SSML of 50,000 <": event("synthesize", text="<" * 50_000, text_format="ssml"),
    "SSML of entities": event("synthesize", text="&amp;" * 10_000, text_format="ssml"),
    "SSML of tags": event("synthesize", text="<p>" * 16_000, text_format="ssml"),
    "blank lines": event("synthesize", text="\n" * 50_000),
    "no end": event("synthesize", text="(" * 50_000),
    "marks": START + event("synthesize-chunk", text="。" * 25_000) * 2,
    "single characters": START + inline("synthesize-chunk", text="<") * 3000,
    "surrogates": event("synthesize", text="\ud800" * 49_000),
    "escaped surrogates": raw_event("synthesize", b'{"text":"%s"}' % (rb"\ud800" * 49_000)),
    "surrogates between letters": raw_event("synthesize", b'{"text":"%s"}' % (rb"\ud800a" * 24_000)),
    "escapes": raw_event("synthesize", b'{"text":"%s"}' % (rb"\ud83d\ude00" * 50_000)),
    "lists": raw_event("synthesize", filled(b"[],")),
    "objects": raw_event("synthesize", filled(b'{"":0},')),
    "numbers": raw_event("synthesize", filled(b"1,")),
    "large integers": raw_event("synthesize", filled(b"9" * 4200 + b",")),
    "huge integers": raw_event("synthesize", filled(b"9" * 100_000 + b",")),
    "strings": raw_event("synthesize", filled(b'"",')),
    "quotes": raw_event("synthesize", b'{"text":"%s"}' % (rb"\"" * 300_000)),
    "backslashes": raw_event("synthesize", b'{"text":"%s"}' % (rb"\\" * 300_000)),
    "UTF-16": raw_event("synthesize", '{"text":"∢","x":['.encode("utf-16") + "[],".encode("utf-16-le") * 100_000),
    "many voices": event("synthesize", text="", voice={str(number): "" for number in range(40_000)}),
    "long language": event("synthesize", text="", voice={"language": "_" * 600_000}),
    "long style": event("synthesize", text="", voice={"name": "mei", "speaker": "_" * 600_000}),
    "many keys": json.dumps({"type": "nosuch", **{str(number): 0 for number in range(5000)}}).encode() + b"\n",
    "long type": json.dumps({"type": "x" * 60_000}).encode() + b"\n",
    "long program": event("select-program", name="x" * MEGABYTE),
    "describes": event("describe") * 500,
}
# One of each kind.
BESIDE = ["1 MB pings", "SSML of <", "SSML of 50,000 <", "blank lines", "lists", "large integers", "long language"]


@pytest.fixture(scope="module")
def served():
    with program() as server:
        describe(server.port)
        yield server
    assert "Traceback" not in server.whole_log()


def describe(port):
    """Return the seconds until a client of its own gets the info event."""
    started = time.monotonic()
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.settimeout(DEADLINE)
        client.sendall(b'{"type":"describe"}\n')
        assert client.recv(1)
        return time.monotonic() - started


@pytest.mark.parametrize("name", BESIDE)
def test_describe_is_quick_beside_it(served, name):
    end = time.monotonic() + 0.3

    def insist():
        while time.monotonic() < end:
            with suppress(OSError), socket.create_connection(("127.0.0.1", served.port)) as client:
                client.settimeout(0.1)
                client.sendall(ATTACKS[name])
                client.recv(1 << 16)

    attackers = [threading.Thread(target=insist) for _ in range(2)]
    for attacker in attackers:
        attacker.start()
    seconds = []
    while time.monotonic() < end:
        seconds.append(describe(served.port))
    for attacker in attackers:
        attacker.join()
    # As the contract has it; before, 1 MB pings took up to 0.4 s, and SSML of < a second.
    assert statistics.median(seconds) < 0.1


@pytest.fixture
def steps(monkeypatch):
    """The processor seconds that each step of the event loop takes, without those of other threads."""
    seconds = []
    run = asyncio.Handle._run

    def timed(handle):
        began = time.thread_time()
        run(handle)
        seconds.append(time.thread_time() - began)

    monkeypatch.setattr(asyncio.Handle, "_run", timed)
    # The collector looks at all objects of the tests, which takes 0.1 s.
    gc.disable()
    yield seconds
    gc.enable()


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
async def test_no_step_of_the_event_loop_is_long(steps, attack):
    async with running(local(), BeepVoice()) as server, connected(server) as client:
        await client.write_event(read_event(io.BytesIO(event("describe"))))
        await client.read_event()
        steps.clear()
        loop = asyncio.get_running_loop()
        with socket.socket() as sock:
            sock.setblocking(False)
            await loop.sock_connect(sock, server.endpoints[0])
            with suppress(TimeoutError, OSError):
                async with asyncio.timeout(0.1):
                    await loop.sock_sendall(sock, attack)
                    await loop.sock_recv(sock, 100)
                    await asyncio.sleep(10)
    # 5 ms are promised; a shared machine may stretch them.
    assert max(steps) < 0.02


async def test_the_info_event_is_encoded_once_for_each_catalogue(monkeypatch):
    made = []
    make = info.make_info

    def counted(*arguments, **settings):
        made.append(arguments)
        return make(*arguments, **settings)

    monkeypatch.setattr(info, "make_info", counted)
    one, other = Catalogue([]), Catalogue([])
    first, second = await asyncio.gather(encoded_info(one, streaming=True), encoded_info(one, streaming=True))
    assert first is second
    assert len(made) == 1
    await encoded_info(other, streaming=True)
    await encoded_info(one, streaming=True)
    assert len(made) == 2


async def test_an_error_names_a_few_of_many_voices():
    voice = BeepVoice()
    voice.styles = tuple(f"style {number}" for number in range(200))
    async with running(local(), voice) as server:
        for wanted in ({"name": "x"}, {"name": "beep", "speaker": "x"}):
            async with connected(server) as client:
                writer_of(client).write(event("synthesize", text="はい。", voice=wanted))
                (error,) = (await receive(client, until="never")).events
                assert error.data["text"].endswith("more")
                assert "style 3, style 4" in error.data["text"].replace("beep:", "")
                assert len(error.data["text"]) < 2000


NAMES = st.sampled_from(["ping", "synthesize", "synthesize-start", "synthesize-chunk", "synthesize-stop", "nosuch"])


def _odd(name):
    return LONG[name]


LONG = {"digits": "&#" + "9" * 5000, "tags": "<a " * 2000, "letters": "x" * 2000}
ODD = st.sampled_from(["\ud800", "<![CDATA[", "はい。", "", "\0"]) | st.sampled_from(sorted(LONG)).map(_odd)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | ODD,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
DATA = st.fixed_dictionaries(
    {"text": ODD | st.text(max_size=8) | JSON},
    optional={"text_format": st.sampled_from(["ssml", "text"]) | JSON, "voice": JSON, "name": JSON},
)
EVENTS = st.builds(inline, NAMES, text=ODD) | st.builds(raw_event, NAMES, st.binary(max_size=30))
EVENTS |= st.builds(lambda kind, data: event(kind, **data), NAMES, DATA)
HEADERS = st.sampled_from(
    [
        b"[" * 5000 + b"\n",
        b'{"type":"ping","data_length":' + b"9" * 5000 + b"}\n",
        b'{"type":"ping","payload_length":1e400}\n',
        b'{"type":"ping","data":NaN}\n',
        b'\xef\xbb\xbf{"type":"ping"}\n',
        b'{"type":"ping","type":"describe"}\n',
        b'{"type":"\\ud800"}\n',
        b"\0\n",
        b"\n",
    ]
)


@pytest.fixture
def beeping():
    """Yield the address of a server whose voice is quick, in a thread of its own."""
    stop = threading.Event()
    found = Future()

    async def serve():
        async with running(local(), BeepVoice()) as server:
            found.set_result(server.endpoints[0])
            await asyncio.to_thread(stop.wait)

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    yield found.result(DEADLINE)
    stop.set()
    thread.join()


@settings(max_examples=150)
@given(st.lists(EVENTS | HEADERS, max_size=5), st.binary(max_size=20))
def test_whatever_is_sent_the_answer_is_events_and_an_error_is_the_last(beeping, caplog, events, tail):
    with socket.create_connection(beeping) as client:
        client.settimeout(DEADLINE)
        client.sendall(b"".join(events) + tail)
        client.shutdown(socket.SHUT_WR)
        stream = io.BytesIO(b"".join(iter(lambda: client.recv(1 << 16), b"")))
    kinds = [answer.type for answer in iter(lambda: read_event(stream), None)]
    assert not stream.read().strip()
    if "error" in kinds:
        assert kinds.index("error") == len(kinds) - 1
    else:
        assert kinds.count("audio-start") == kinds.count("audio-stop")
    assert not [record for record in caplog.records if record.exc_info]


async def test_an_event_that_cannot_be_read_for_a_fault_of_ours_is_an_error_event(voice, monkeypatch, caplog):
    def fail(*_):
        raise FloatingPointError("secret detail")

    monkeypatch.setattr("wyoming_hayakoe.server.wyoming.request_reader.expect_or", fail)
    async with running(voice=voice) as server, connected(server) as client:
        writer_of(client).write(event("ping", text="a"))
        answer = await receive(client, until="never")
    assert answer.kinds == ["error"]
    assert "secret" not in answer.events[0].data["text"]
    assert "secret detail" in caplog.text
