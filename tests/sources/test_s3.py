import logging
import socket

import pytest

from tests.sources.conftest import QUICK, contents
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
    source.upload("speakers/anna", folder)
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
    source.upload("anna", folder)
    progress = []
    place = source.fetch("anna", progress.append)
    assert progress[-1].done == progress[-1].total == sum(map(len, VOICE.values()))
    progress.clear()
    assert source.fetch("anna", progress.append) == place
    assert progress == []


def test_what_has_changed_is_fetched_again(bucket, opened, folder):
    source = opened(f"s3://{bucket.name}")
    source.upload("anna", folder)
    source.fetch("anna")
    (folder / "config.json").write_text("[]")
    (folder / "声" / "style vectors.npy").unlink()
    source.upload("anna", folder)
    assert contents(source.fetch("anna")) == {"config.json": b"[]", "synthesizer.onnx": MODEL}


def test_an_upload_removes_what_is_left_over_and_no_more(bucket, opened, folder):
    bucket.put(**{"v/anna/old/x": b"x", "v/anna2/x": b"x", "v/annex": b"x"})
    source = opened(f"s3://{bucket.name}/v")
    source.upload("anna", folder)
    assert source.list() == sorted([*(f"anna/{path}" for path in VOICE), "anna2/x", "annex"])
    source.delete("anna")
    source.delete("anna")
    assert source.list() == ["anna2/x", "annex"]


def test_a_broken_transfer_is_resumed(bucket, opened, folder, tmp_path):
    source = opened(f"s3://{bucket.name}")
    source.upload("anna", folder)
    remote = source._remote
    item = next(item for item in remote.listing("anna").items if item.size == len(MODEL))
    with remote.open(item, 1000) as body:
        # pys3local always starts at the beginning.
        assert body.start in {0, 1000}
        assert b"".join(body.chunks) == MODEL[body.start :]
        assert body.checksum


def test_an_object_that_changes_between_listing_and_download_is_listed_again(bucket, opened, folder):
    source = opened(f"s3://{bucket.name}")
    source.upload("anna", folder)
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
    source.upload("anna", folder)
    source.fetch("anna")
    assert "Signature=" not in caplog.text
    assert "secret" not in caplog.text


class TestWithoutServer:
    @pytest.fixture(autouse=True)
    def keys(self, monkeypatch):
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")

    @pytest.mark.parametrize(
        ("variable", "value", "line"),
        [
            ("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9", "cannot be reached .*check the network"),
            ("AWS_ENDPOINT_URL_S3", "nonsense", "AWS_ENDPOINT_URL_S3 is no address"),
            ("AWS_PROFILE", "nobody", "ProfileNotFound: mend the AWS_ settings or the profile"),
        ],
    )
    def test_wrong_settings_are_told_in_one_line(self, opened, monkeypatch, variable, value, line):
        monkeypatch.setenv(variable, value)
        with pytest.raises(HayakoeError, match=line) as told:
            opened("s3://bucket/x").fetch("v")
        assert len(str(told.value).splitlines()) == 1

    def test_a_stall_is_told(self, monkeypatch, tmp_path):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{silent.getsockname()[1]}")
            quick = QUICK.__class__(connect=0.2, read=0.2, attempts=2, first_pause=0.001)
            with pytest.raises(HayakoeError, match="answers too slowly"):
                open_source("s3://bucket", tmp_path, patience=quick).fetch("v")
