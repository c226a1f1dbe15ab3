import logging
import socket
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.sources.shared import QUICK, contents
from wyoming_hayakoe.errors import HayakoeError
from wyoming_hayakoe.sources.location import open_source

MODEL = bytes(range(256)) * 4000
VOICE = {"config.json": b"{}", "synthesizer.onnx": MODEL, "声/style vectors.npy": b"\x93NUMPY"}


@pytest.fixture
def folder(tmp_path):
    """VOICE, as files."""
    for path, data in VOICE.items():
        target = tmp_path / "voice" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return tmp_path / "voice"


@pytest.mark.parametrize("base", ["", "/some", "/deep/er 声"])
def test_what_is_uploaded_is_fetched(bucket, opened, folder, base):
    source = opened(f"s3://{bucket.name}{base}")
    source.upload({"speakers/anna": folder})
    assert source.list() == sorted(f"speakers/anna/{path}" for path in VOICE)
    assert contents(source.fetch("speakers/anna")) == VOICE
    assert bucket.keys() == {f"{base}/speakers/anna/{path}".lstrip("/") for path in VOICE}


def test_what_others_put_there_is_fetched(bucket, opened):
    bucket.put(**{"v/anna/a.onnx": MODEL, "v/anna-2/a.onnx": b"other", "v/anna.txt": b"", "x": b"x"})
    source = opened(f"s3://{bucket.name}/v")
    assert contents(source.fetch("anna")) == {"a.onnx": MODEL}
    assert source.list("anna-2") == ["anna-2/a.onnx"]


def test_one_file_is_fetched_as_a_file(bucket, opened):
    bucket.put(**{"v/one.aivmx": b"one", "v/one.aivmx.txt": b"other"})
    place = opened(f"s3://{bucket.name}/v").fetch("one.aivmx")
    assert place.name == "one.aivmx"
    assert place.read_bytes() == b"one"


def test_a_file_is_a_source_as_well(bucket, opened):
    bucket.put(**{"v/one.aivmx": b"one"})
    source = opened(f"s3://{bucket.name}/v/one.aivmx")
    assert source.list() == ["one.aivmx"]
    assert source.fetch("").read_bytes() == source.fetch("one.aivmx").read_bytes() == b"one"


def test_what_has_not_changed_is_not_fetched_again(bucket, opened, folder):
    source = opened(f"s3://{bucket.name}")
    source.upload({"anna": folder})
    progress = []
    place = source.fetch("anna", progress.append)
    assert progress[-1].done == progress[-1].total == sum(map(len, VOICE.values()))
    progress.clear()
    assert source.fetch("anna", progress.append) == place
    assert progress == []


def test_what_has_changed_is_fetched_again(bucket, opened, folder):
    source = opened(f"s3://{bucket.name}")
    source.upload({"anna": folder})
    source.fetch("anna")
    (folder / "config.json").write_text("[]")
    (folder / "声" / "style vectors.npy").unlink()
    source.upload({"anna": folder})
    assert contents(source.fetch("anna")) == {"config.json": b"[]", "synthesizer.onnx": MODEL}


def test_an_upload_removes_what_is_left_over_and_no_more(bucket, opened, folder):
    bucket.put(**{"v/anna/old/x": b"x", "v/anna2/x": b"x", "v/annex": b"x"})
    source = opened(f"s3://{bucket.name}/v")
    source.upload({"anna": folder})
    assert source.list() == sorted([*(f"anna/{path}" for path in VOICE), "anna2/x", "annex"])
    source.delete("anna")
    source.delete("anna")
    assert source.list() == ["anna2/x", "annex"]


def test_a_file_is_read_from_where_a_transfer_broke_off(bucket, opened, folder):
    source = opened(f"s3://{bucket.name}")
    source.upload({"anna": folder})
    remote = source._remote
    item = next(item for item in remote.listing("anna").items if item.size == len(MODEL))
    with remote.open(item, 1000) as body:
        # pys3local always starts at the beginning.
        assert body.start in {0, 1000}
        assert b"".join(body.chunks) == MODEL[body.start :]
        assert body.checksum


def test_an_object_that_changes_between_listing_and_download_is_listed_again(bucket, opened, folder):
    source = opened(f"s3://{bucket.name}")
    source.upload({"anna": folder})
    listing, changed = source._remote.listing, []

    def list_then_change(prefix):
        found = listing(prefix)
        if not changed:
            changed.append(bucket.put(**{"anna/config.json": b"changed"}))
        return found

    source._remote.listing = list_then_change
    assert contents(source.fetch("anna"))["config.json"] in {b"changed", b"{}"}
    assert contents(source.fetch("anna")) == VOICE | {"config.json": b"changed"}


def test_a_bucket_that_is_not_there_is_told(bucket, opened):
    with pytest.raises(HayakoeError, match="no such bucket: check the name and AWS_ENDPOINT_URL_S3"):
        opened(f"s3://{bucket.name}x").fetch("anna")


def test_what_is_not_there_is_told(bucket, opened):
    with pytest.raises(HayakoeError, match=r"nobody: there is nothing"):
        opened(f"s3://{bucket.name}").fetch("nobody")
    assert opened(f"s3://{bucket.name}").list() == []


def test_keys_are_not_told(bucket, opened, folder, caplog):
    caplog.set_level(logging.DEBUG)
    source = opened(f"s3://{bucket.name}")
    source.upload({"anna": folder})
    source.fetch("anna")
    assert "Signature=" not in caplog.text
    assert "secret" not in caplog.text


class _Storage(BaseHTTPRequestHandler):
    """Answers every request alike, and keeps what it was asked."""

    status = 200
    body = ""
    authorizations: list

    def do_GET(self) -> None:
        self.authorizations.append(self.headers.get("Authorization"))
        data = self.body.encode()
        self.send_response(self.status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def storage(monkeypatch):
    """A storage that a test makes say what servers rarely say."""
    answers = type("Answers", (_Storage,), {"authorizations": []})
    with HTTPServer(("127.0.0.1", 0), answers) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{server.server_address[1]}")
        yield answers
        server.shutdown()
        thread.join()


@pytest.fixture
def keys(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize(
    ("status", "code", "line", "requests"),
    [
        (401, "Unauthorized", r"forbidden \(Unauthorized\): set AWS_ACCESS_KEY_ID", 1),
        (403, "AccessDenied", r"forbidden \(AccessDenied\): set AWS_ACCESS_KEY_ID.*AWS_PROFILE", 1),
        (403, "ExpiredToken", r"forbidden \(ExpiredToken\)", 1),
        (400, "AuthorizationHeaderMalformed", "set AWS_REGION", 1),
        (404, "NoSuchBucket", "no such bucket", 1),
        (405, "MethodNotAllowed", "HTTP 405, MethodNotAllowed", 1),
        (500, "InternalError", "overloaded or down", QUICK.attempts),
        (503, "SlowDown", "overloaded or down", QUICK.attempts),
    ],
)
def test_what_the_storage_refuses_is_told_in_one_line(storage, opened, status, code, line, requests):
    storage.status, storage.body = status, f"<Error><Code>{code}</Code><Message>no</Message></Error>"
    with pytest.raises(HayakoeError, match=line) as told:
        opened("s3://bucket/x").fetch("v")
    assert str(told.value).startswith("s3://bucket/x: ")
    assert len(str(told.value).splitlines()) == 1
    assert len(storage.authorizations) == requests


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize("body", ["<html>Log in to our hotel", "", "{}"])
def test_what_is_no_storage_is_told_in_one_line(storage, opened, body):
    storage.body = body
    with pytest.raises(HayakoeError, match=r"^s3://bucket: .*(try again later|there is nothing)") as told:
        opened("s3://bucket").fetch("v")
    assert len(str(told.value).splitlines()) == 1


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize("key", ["v/../../../evil", "v//etc/passwd", "v/a\\b", "v/./a"])
def test_a_hostile_listing_is_refused(storage, opened, key):
    entry = f"<Contents><Key>{key}</Key><Size>4</Size><ETag>x</ETag></Contents>"
    storage.body = f"<ListBucketResult><IsTruncated>false</IsTruncated>{entry}</ListBucketResult>"
    with pytest.raises(HayakoeError, match="cannot be kept"):
        opened("s3://bucket").fetch("v")


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize("entry", ["<Key>v/a</Key>", "<Size>1</Size>", "<Key>v/a</Key><Size>many</Size>"])
def test_a_listing_with_gaps_is_told_in_one_line(storage, opened, entry):
    storage.body = f"<ListBucketResult><Contents>{entry}</Contents></ListBucketResult>"
    with pytest.raises(HayakoeError) as told:
        opened("s3://bucket").fetch("v")
    assert len(str(told.value).splitlines()) == 1


@pytest.mark.parametrize("has_keys", [True, False])
def test_without_keys_the_storage_is_asked_as_anybody_may(storage, opened, request, has_keys):
    if has_keys:
        request.getfixturevalue("keys")
    storage.body = "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"
    assert opened("s3://bucket").list() == []
    assert [each is not None for each in storage.authorizations] == [has_keys]


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize(
    ("variable", "value", "line"),
    [
        ("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9", r"cannot be reached \(nothing listens there\): check"),
        ("AWS_ENDPOINT_URL_S3", "nonsense", "AWS_ENDPOINT_URL_S3 is no address"),
        ("AWS_PROFILE", "nobody", "ProfileNotFound: correct the AWS_ variables or the profile"),
    ],
)
def test_wrong_settings_are_told_in_one_line(opened, monkeypatch, variable, value, line):
    monkeypatch.setenv(variable, value)
    with pytest.raises(HayakoeError, match=line) as told:
        opened("s3://bucket/x").fetch("v")
    assert len(str(told.value).splitlines()) == 1


@pytest.mark.usefixtures("keys")
def test_a_stall_is_told(monkeypatch, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{silent.getsockname()[1]}")
        quick = replace(QUICK, connect=0.2, read=0.2, attempts=2)
        with pytest.raises(HayakoeError, match="answers too slowly"):
            open_source("s3://bucket", tmp_path, patience=quick).fetch("v")
