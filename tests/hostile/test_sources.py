"""Sources that answer what no source does, slowly, or without end: one line, within bounds, and others go on."""

import os

# As for tests/sources, which may run in the same process; huggingface_hub reads this when it is imported.
os.environ["HF_HUB_DISABLE_XET"] = "1"

import json
import threading
import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.hostile.wire import answering, endless, ok
from tests.sources import hub as hubs
from tests.sources.hub import Hub
from tests.sources.shared import QUICK, contents, leave_out_user_settings
from tests.support import DEADLINE, TINY_REPO, program
from wyoming_hayakoe import TTS
from wyoming_hayakoe.errors import HayakoeError
from wyoming_hayakoe.sources import answers, hub_answers, s3_answers
from wyoming_hayakoe.sources.cache_entry import read_manifest
from wyoming_hayakoe.sources.location import open_source
from wyoming_hayakoe.sources.source import Item, SourceError

HURRIED = replace(QUICK, connect=DEADLINE / 4, read=DEADLINE / 4, attempts=2, window=0.2)
COMMIT = "0" * 40
FILE = {"rfilename": "v/a.onnx", "size": 100_000, "blobId": COMMIT}
DIGITS = "9" * 5000


@pytest.fixture(autouse=True)
def environment(monkeypatch, tmp_path):
    leave_out_user_settings(monkeypatch, tmp_path)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


@pytest.fixture
def hub():
    with Hub.running() as running:
        yield running


@pytest.fixture
def refusal(monkeypatch, tmp_path):
    """Returns the one line with which fetching a voice from a server fails."""

    def refuse(wire, uri):
        monkeypatch.setenv("HF_ENDPOINT", wire.address)
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", wire.address)
        started = time.monotonic()
        with pytest.raises(HayakoeError) as error:
            open_source(uri, tmp_path / "data", patience=HURRIED).snapshot().fetch("v")
        assert time.monotonic() - started < DEADLINE / 2
        line = str(error.value)
        assert line.startswith(uri)
        assert line.isprintable()
        assert line.encode()
        assert len(line) < 600
        return line

    return refuse


def listing(*files: object) -> bytes:
    return json.dumps({"id": "me/voices", "sha": COMMIT, "siblings": list(files)}).encode()


ODD_LISTINGS = {
    "a size without end": listing(FILE).replace(b"100000", b"1e999"),
    "a size of many digits": listing(FILE).replace(b"100000", DIGITS.encode()),
    "a size below nothing": listing(FILE | {"size": -1}),
    "a size that is a text": listing(FILE | {"size": "100"}),
    "a size that is true": listing(FILE | {"size": True}),
    "half a character": listing(FILE | {"rfilename": "v/\ud800"}),
    "no name": listing({"size": 1}),
    "an empty name": listing(FILE | {"rfilename": ""}),
    "a name that is a number": listing(FILE | {"rfilename": 7}),
    "a file that is a text": listing("v/a.onnx"),
    "a large file that is a list": listing(FILE | {"lfs": [1]}),
    "a checksum that is none": listing(FILE | {"lfs": {"sha256": "../../x", "size": 1}}),
    "a commit that is a path": listing(FILE).replace(b"0" * 40, b"../../x"),
    "deep nesting": b"[" * 50_000,
    "deeper nesting": b"[" * 5_000_000,
    "a list": b"[]",
    "a text": b'"siblings"',
    "nothing": b"",
    "no siblings": b"{}",
    "siblings that are a dictionary": b'{"siblings": {"a": 1}}',
    "no JSON": b"<html>Log in to our hotel",
    "no UTF-8": b'{"siblings": ["\xff\xfe"]}',
    "two million empty lists": b'{"siblings": [' + b"[]," * 2_000_000 + b"[]]}",
}


@pytest.mark.parametrize("body", ODD_LISTINGS.values(), ids=ODD_LISTINGS)
def test_a_hub_that_lists_what_no_hub_does_is_refused_in_one_line(refusal, body):
    with answering(lambda _: ok(body)) as wire:
        line = refusal(wire, "hf://me/voices")
        assert "answers as no Hub does" in line or "cannot be kept" in line
        assert len(wire.requests) == 1


@pytest.mark.parametrize(
    "answer",
    [
        ok(b"", "Retry-After: \xb2", status="503 Down"),
        ok(b"", f"Retry-After: {DIGITS}", status="429 Slow down"),
        ok(b"", "Retry-After: -1", status="503 Down"),
        ok(b"", "Location: /api/models/me/voices/revision/main", status="302 Round"),
        ok(b"", "Location: ftp://host/\xff", status="302 Nowhere"),
        ok(b"", status="302 Nowhere"),
        ok(b"", status="204 Nothing"),
        ok(listing(FILE), "Content-Encoding: gzip, br, nonsense"),
        ok(listing(FILE), "Set-Cookie: \xff=\xfe; expires=never"),
        ok(listing(FILE)).replace(b"Content-Length: ", b"Content-Length: " + DIGITS.encode()),
        ok(listing(FILE)).replace(b"Content-Length: ", b"Content-Length: -"),
        b"HTTP/9.9 999999999999 \xff\r\n\r\n",
        b"\0" * 1000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFFFF\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000,
    ],
)
@pytest.mark.parametrize("uri", ["hf://me/voices", "s3://bucket"])
def test_headers_that_no_server_sends_are_refused_in_one_line(refusal, uri, answer):
    with answering(lambda _: answer) as wire:
        refusal(wire, uri)
        assert len(wire.requests) <= 60


def test_a_redirection_to_what_is_no_address_is_refused_in_one_line(refusal):
    # urllib3 leaves its socket to the garbage collector then, which the tests of S3 would be blamed for.
    with answering(lambda _: ok(b"", "Location: http://[", status="302 Nowhere")) as wire:
        assert "cannot be reached" in refusal(wire, "hf://me/voices")


@pytest.mark.parametrize(
    "answer",
    [
        ok(b"x" * 100, f"Content-Range: bytes {DIGITS}-{DIGITS}/{DIGITS}", status="206 Part"),
        ok(b"x" * 100, "Content-Range: bytes ²-³/¹", status="206 Part"),
        ok(b"x" * 100, status="206 Part"),
        ok(b"x" * 100, "Content-Range: bytes 50-149/150", status="206 Part"),
        ok(b"x" * 200_000),
        ok(b"x" * 100_000),
        ok(b"", status="500 Down"),
    ],
)
@pytest.mark.parametrize("uri", ["hf://me/voices", "s3://bucket"])
def test_files_that_are_not_what_was_listed_are_refused_in_one_line(refusal, uri, answer):
    marked = answer.replace(b"\r\n", b'\r\nETag: "d41d8cd98f00b204e9800998ecf8427e"\r\n', 1)
    with answering(lambda line: lists(line) or marked) as wire:
        assert refusal(wire, uri)
        assert len(wire.requests) <= 60


ETAG = '"d41d8cd98f00b204e9800998ecf8427e"'


def page(*keys: str, token: str = "", size: object = 100_000, etag: str = ETAG) -> bytes:
    found = "".join(f"<Contents><Key>{key}</Key><Size>{size}</Size><ETag>{etag}</ETag></Contents>" for key in keys)
    more = f"<NextContinuationToken>{token}</NextContinuationToken>" if token else ""
    truncated = f"<IsTruncated>{str(bool(token)).lower()}</IsTruncated>"
    return f"<ListBucketResult>{truncated}{more}{found}</ListBucketResult>".encode()


def lists(line: str) -> bytes | None:
    """Answer the questions for a list, of the Hub and of S3, as a server should."""
    if "/api/models/" in line:
        return ok(listing(FILE))
    return ok(page("v/a.onnx")) if "list-type=2" in line else None


ODD_PAGES = {
    "a size of many digits": page("v/a", size=DIGITS),
    "a size below nothing": page("v/a", size=-1),
    "a size that is a text": page("v/a", size="many"),
    "no size": b"<ListBucketResult><Contents><Key>v/a</Key></Contents></ListBucketResult>",
    "no key": b"<ListBucketResult><Contents><Size>1</Size></Contents></ListBucketResult>",
    "an empty key": page(""),
    "a path outside": page("v/../../x"),
    "a long tag": page("v/../x", etag="x" * 1_000_000),
    "deep nesting": b"<a>" * 30_000,
    "deep whole nesting": b"<a>" * 30_000 + b"</a>" * 30_000,
    "a million elements": b"<ListBucketResult>" + b"<a/>" * 1_000_000 + b"</ListBucketResult>",
    "entities of entities": b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    + b"]><ListBucketResult><Contents><Key>v/&j;</Key><Size>1</Size></Contents></ListBucketResult>",
    "half a character": page("v/&#xD800;"),
    "no XML": b"<html>Log in to our hotel",
}


@pytest.mark.parametrize("body", ODD_PAGES.values(), ids=ODD_PAGES)
def test_a_storage_that_lists_what_no_s3_does_is_refused_in_one_line(refusal, body):
    with answering(lambda _: ok(body)) as wire:
        assert refusal(wire, "s3://bucket")
        assert len(wire.requests) <= 60


@pytest.mark.parametrize("code", ["a&#10;b", "x" * 100_000, "&#27;[2J", "", "<b>bold</b>"])
def test_a_refusal_writes_nothing_into_the_log_that_is_no_word(refusal, code):
    body = f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode()
    with answering(lambda _: ok(body, status="403 No")) as wire:
        assert "bold" not in (line := refusal(wire, "s3://bucket"))
        assert "x" * 100 not in line


# -- without end, and slowly --


@pytest.mark.parametrize("uri", ["hf://me/voices", "s3://bucket"])
@pytest.mark.parametrize("piece", [b" " * 65_536, b'"' + b"x" * 65_536])
def test_a_list_without_end_is_left_off(refusal, uri, piece):
    with answering(lambda _: endless(b"[", piece)) as wire:
        assert "sends a list of more than 8 MiB" in refusal(wire, uri)
        # What lies in the buffers of the sockets comes on top.
        assert wire.sent < 2 * answers.LARGEST_LISTING


@pytest.mark.parametrize("uri", ["hf://me/voices", "s3://bucket"])
def test_a_list_that_arrives_byte_by_byte_is_given_up(refusal, uri):
    with answering(lambda _: endless(b"[", b" "), between=0.01) as wire:
        assert "sends less than 1024 bytes a second" in refusal(wire, uri)
        assert len(wire.requests) == HURRIED.attempts


@pytest.mark.parametrize("uri", ["hf://me/voices", "s3://bucket"])
def test_a_file_that_arrives_byte_by_byte_is_given_up_though_it_moves(refusal, uri):
    head = b'HTTP/1.1 200 OK\r\nETag: "d41d8cd98f00b204e9800998ecf8427e"\r\nContent-Length: 100000\r\n\r\n'

    def answer(line):
        return lists(line) or iter([head, *[b"x"] * 100_000])

    with answering(answer, between=0.01) as wire:
        assert "sends less than 1024 bytes a second" in refusal(wire, uri)
        assert sum(lists(line) is None for line in wire.requests) == HURRIED.attempts


@pytest.mark.parametrize("uri", ["hf://me/voices", "s3://bucket"])
def test_a_file_of_which_each_connection_brings_a_byte_is_given_up_though_it_moves(refusal, uri):
    def answer(line):
        # From where it is asked to, as far as the client can see.
        head = b"HTTP/1.1 200 OK\r\nETag: %b\r\nContent-Length: 100000\r\n\r\n" % ETAG.encode()
        return lists(line) or head + b"x" * len(wire.requests)

    with answering(answer) as wire:
        assert "try again later" in refusal(wire, uri) or "check the network" in refusal(wire, uri)
        assert len(wire.requests) < 50


def test_sources_that_send_a_byte_now_and_then_hold_up_no_other(hub, tmp_path):
    hub.repository("me/voices").commit(contents(TINY_REPO))
    slow = [f"--voice=slow{number}=s3://slow{number}" for number in range(6)]
    with answering(lambda _: endless(b"[", b" "), between=0.05) as wire:
        environment = {
            "HAYAKOE_DATA_DIR": str(tmp_path / "data"),
            "HAYAKOE_BERT_SOURCE": str(TINY_REPO),
            "HF_ENDPOINT": hub.endpoint,
            "AWS_ENDPOINT_URL_S3": wire.address,
        }
        with program(*slow, "--voice=good=hf://me/voices#rand-jp", "--no-compile", **environment) as server:
            end = time.monotonic() + DEADLINE
            while not any("voices:" in line and "good" in line for line in server.log):
                assert time.monotonic() < end, server.log
                time.sleep(0.02)
            assert not any("Traceback" in line for line in server.log)


def test_a_voice_whose_bert_arrives_slowly_keeps_no_other_from_its_own(hub, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
    monkeypatch.setattr("wyoming_hayakoe.shared_bert._LONGEST_WAIT", 0.1)
    gate, held = threading.Event(), threading.Event()

    def hold(handler, data):
        if "/me/slow/" in handler.path and "bert" in handler.path:
            held.set()
            assert gate.wait(DEADLINE)
        hubs.send(handler, data)

    hub.faults = [hold] * 100
    for name in ("slow", "good"):
        hub.repository(f"me/{name}").commit(contents(TINY_REPO))
    tts = TTS(cache_dir=tmp_path, compiled=False)
    for name in ("slow", "good"):
        tts.load(name, f"hf://me/{name}#rand-jp")
    slow = threading.Thread(target=tts.open, args=["slow"])
    slow.start()
    assert held.wait(DEADLINE)
    assert tts.open("good").voice.name == "good"
    assert "slow" not in tts.speakers
    gate.set()
    slow.join(DEADLINE)
    assert "slow" in tts.speakers
    assert tts.store.bert_source == "hf://me/good"


@pytest.mark.parametrize("uri", ["hf://me/voices", "s3://bucket"])
def test_a_refusal_without_end_is_not_read(refusal, uri):
    def answer(line):
        return iter([b"HTTP/1.1 503 Down\r\n\r\n<Error>", *[b" " * 65_536] * 10_000])

    with answering(answer) as wire:
        refusal(wire, uri)
        assert wire.sent < 4 * HURRIED.attempts * answers.LARGEST_LISTING


@pytest.mark.parametrize("same", [True, False])
def test_pages_without_end_are_left_off(refusal, same):
    count = iter(range(10**9))
    with answering(lambda _: ok(page(token="same" if same else f"t{next(count)}"))) as wire:
        assert "more than 100 pages" in refusal(wire, "s3://bucket")
        assert len(wire.requests) <= 102


def test_a_hub_that_points_to_further_pages_is_asked_once(refusal):
    again = 'Link: </api/models/me/voices/revision/main>; rel="next"'
    with answering(lambda _: ok(listing(), again)) as wire:
        refusal(wire, "hf://me/voices")
        assert len(wire.requests) == 1


# -- whatever it is --

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)
FILES = st.fixed_dictionaries(
    {},
    optional={
        "rfilename": st.just("a") | JSON,
        "size": st.integers(0, 9) | JSON,
        "blobId": st.just(COMMIT) | JSON,
        "lfs": st.fixed_dictionaries({}, optional={"sha256": st.just("a" * 64) | JSON, "size": JSON}) | JSON,
    },
)


def is_sound(item: Item) -> bool:
    has_size = item.size is None or 0 <= item.size <= answers.LARGEST_SIZE
    return isinstance(item.path, str) and has_size and item.tag.partition(":")[0] in _TAGS


_TAGS = {"sha256", "git", "commit", "etag"}


@given(st.fixed_dictionaries({}, optional={"siblings": st.lists(FILES | JSON) | JSON, "sha": JSON}) | JSON)
def test_any_json_is_files_or_one_line(answer):
    assert is_files_or_one_line(json.dumps(answer).encode())


@given(st.binary() | st.builds(lambda data, at: listing(FILE)[:at] + data, st.binary(max_size=20), st.integers(0, 150)))
def test_any_bytes_are_files_or_one_line(data):
    assert is_files_or_one_line(data)


def is_files_or_one_line(answer: bytes) -> bool:
    try:
        return all(map(is_sound, hub_answers.listed(answer, "main", "hf://me/voices: host")))
    except SourceError as error:
        return str(error).isprintable()


OBJECTS = st.fixed_dictionaries({}, optional={"Key": st.just("v/a") | JSON, "Size": st.just(1) | JSON, "ETag": JSON})


@given(st.fixed_dictionaries({}, optional={"Contents": st.lists(OBJECTS | JSON) | JSON}), st.sampled_from(["", "v"]))
def test_any_page_is_files_or_an_error_that_is_expected(answer, base):
    try:
        found = s3_answers.listed(answer, base)
    except ValueError:
        return
    assert all(map(is_sound, found))


@given(st.text(st.characters()), st.text(st.characters()), st.booleans())
def test_any_header_is_a_place_in_a_file_or_none(place, length, is_partial):
    for headers in ({"Content-Range": place, "Content-Length": length}, {"Content-Length": length}):
        try:
            start, size = answers.extent(headers, is_partial=is_partial)
        except ValueError:
            continue
        assert start >= 0
        assert size is None or size >= 0
    assert answers.seconds_in(length) >= 0.0


@given(JSON)
def test_any_manifest_is_one_or_none(tmp_path_factory, answer):
    path = tmp_path_factory.getbasetemp() / "manifest.json"
    path.write_text(json.dumps(answer))
    found = read_manifest(path)
    assert found is None or isinstance(found.uri, str)


@pytest.mark.parametrize(
    "rows", ["[[" * 50_000, '[["a", 1e999, "t"]]', f'[["a", {DIGITS}, "t"]]', '[["\\ud800", 1, "t"]]']
)
def test_a_manifest_that_was_tampered_with_is_none(tmp_path, rows):
    (tmp_path / "manifest.json").write_text(f'{{"uri": "u", "prefix": "p", "is_file": false, "files": {rows}}}')
    assert read_manifest(tmp_path / "manifest.json") is None
