"""A source that is listed once, whatever is looked for in it."""

import pytest
from botocore.client import BaseClient

from tests.sources.shared import contents
from wyoming_hayakoe.errors import HayakoeError

FILES = {
    "README.md": b"# Voices",
    "v/anna/config.json": b"{}",
    "v/anna/a.onnx": b"anna" * 1000,
    "v/anna2/a.onnx": b"anna2",
    "one.aivmx": b"one",
}


def look_around(source):
    """Return what fetching each part of FILES gives, and a folder that is not there."""
    with pytest.raises(HayakoeError, match="there is nothing"):
        source.fetch("nowhere")
    assert source.fetch_optional("LICENSE") is None
    found = {prefix: contents(source.fetch(prefix)) for prefix in ("v/anna", "v/anna2")}
    found |= {name: source.fetch(name).read_bytes() for name in ("one.aivmx", "README.md")}
    return found, source.list(), source.list("v/anna")


EXPECTED = (
    {
        "v/anna": {"config.json": b"{}", "a.onnx": b"anna" * 1000},
        "v/anna2": {"a.onnx": b"anna2"},
        "one.aivmx": b"one",
        "README.md": b"# Voices",
    },
    sorted(FILES),
    ["v/anna/a.onnx", "v/anna/config.json"],
)


def test_a_hub_is_listed_once(hub, opened):
    hub.repository().commit(FILES)
    assert look_around(opened("me/voices").snapshot()) == EXPECTED
    assert hub.count() == {"api": 1, "resolve": len(FILES), "bytes": len(FILES)}
    assert look_around(opened("me/voices").snapshot()) == EXPECTED
    assert hub.count() == {"api": 1}


@pytest.mark.parametrize("base", ["", "/deep/er 声"])
def test_a_bucket_is_listed_once(bucket, opened, requests, base):
    bucket.put(**{f"{base}/{path}".lstrip("/"): data for path, data in FILES.items()}, **{"deep/er 声-2/x": b"x"})
    uri = f"s3://{bucket.name}{base}"
    found, paths, anna = look_around(opened(uri).snapshot())
    assert (found, [path for path in paths if path in FILES], anna) == EXPECTED
    requests.clear()
    look_around(opened(uri).snapshot())
    assert len(requests) == 1


def test_a_file_in_a_bucket_is_listed_once(bucket, opened, requests):
    bucket.put(**{"v/one.aivmx": b"one", "v/one.aivmx.txt": b"other"})
    for _ in range(2):
        requests.clear()
        source = opened(f"s3://{bucket.name}/v/one.aivmx").snapshot()
        with pytest.raises(HayakoeError, match="there is nothing"):
            source.fetch("onnx/speakers/one")
        assert source.list() == ["one.aivmx"]
        assert source.fetch("").read_bytes() == source.fetch("one.aivmx").read_bytes() == b"one"
    assert len(requests) == 1


def test_of_a_bucket_that_one_request_does_not_list_each_folder_is_listed(bucket, opened, requests, monkeypatch):
    # Of a thousand by itself, which take the server seconds.
    api_call = BaseClient._make_api_call
    monkeypatch.setattr(
        BaseClient,
        "_make_api_call",
        lambda client, name, given: api_call(client, name, given | {"MaxKeys": 3} if "List" in name else given),
    )
    bucket.put(**FILES)
    source = opened(f"s3://{bucket.name}").snapshot()
    assert contents(source.fetch("v/anna")) == EXPECTED[0]["v/anna"]
    requests.clear()
    assert contents(source.fetch("v/anna")) == EXPECTED[0]["v/anna"]
    assert len(requests) == 1


def test_a_key_elsewhere_in_a_bucket_that_cannot_be_kept_hinders_nothing(bucket, opened):
    bucket.put(**{"v/anna/a.onnx": b"anna", "x//y": b""})
    assert contents(opened(f"s3://{bucket.name}").snapshot().fetch("v/anna")) == {"a.onnx": b"anna"}


def test_a_source_that_changes_meanwhile_is_listed_again(hub, opened):
    hub.repository().commit(FILES)
    source = opened("me/voices").snapshot()
    source.list()
    hub.faults += [lambda handler, _: handler.json({}, 416)]
    assert contents(source.fetch("v/anna2")) == {"a.onnx": b"anna2"}
    assert hub.count()["api"] == 2


@pytest.mark.parametrize("down", ["server", "private"])
def test_a_source_that_fails_gets_one_request_for_all_that_is_here(hub, opened, caplog, down):
    hub.repository().commit(FILES)
    before = opened("me/voices").snapshot()
    kept = [before.fetch("v/anna"), before.fetch("v/anna2")]
    if down == "server":
        hub.down += [503] * 100
    else:
        hub.repository().token = "hf_other"
    hub.count()
    caplog.clear()
    source = opened("me/voices").snapshot()
    assert [source.fetch("v/anna"), source.fetch("v/anna2")] == kept
    assert source.fetch_optional("README.md") is None
    assert hub.count() == {"api": 1}
    assert len(caplog.records) == 1
    with pytest.raises(HayakoeError):
        source.fetch("one.aivmx")
    assert hub.count()["api"] == (3 if down == "server" else 1), "what is needed and not here is worth all attempts"


def test_what_is_optional_and_gone_at_its_source_is_gone_here(hub, opened):
    hub.repository().commit(FILES)
    assert opened("me/voices").snapshot().fetch_optional("README.md").read_bytes() == b"# Voices"
    assert opened("me/voices", offline=True).fetch_optional("README.md").read_bytes() == b"# Voices"
    hub.repository().commit({"v/anna/a.onnx": b"anna"})
    assert opened("me/voices").snapshot().fetch_optional("README.md") is None
    assert opened("me/voices", offline=True).fetch_optional("README.md") is None
