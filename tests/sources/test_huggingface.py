import logging
import os
import socket
import subprocess
import sys
from dataclasses import replace

import pytest

from tests.sources import hub as hubs
from tests.sources.shared import QUICK, contents
from tests.support import DEADLINE
from wyoming_hayakoe.errors import HayakoeError
from wyoming_hayakoe.sources import transfer
from wyoming_hayakoe.sources.location import open_source

MODEL = bytes(range(256)) * 4000
VOICE = {"config.json": b"{}", "synthesizer.onnx": MODEL, "声/style vectors.npy": b"\x93NUMPY"}


def below(prefix, files):
    return {f"{prefix}/{path}": data for path, data in files.items()}


@pytest.fixture
def repository(hub):
    made = hub.repository("me/voices")
    made.commit(below("onnx/speakers/anna", VOICE) | below("onnx/speakers/anna2", VOICE) | {"README.md": b"# Voices"})
    return made


def test_files_are_listed_from_the_root(repository, opened, hub):
    source = opened("me/voices")
    assert source.list()[0] == "README.md"
    assert source.list("onnx/speakers/anna") == sorted(below("onnx/speakers/anna", VOICE))
    assert source.list("onnx/speakers/an") == []
    assert hub.count() == {"api": 3}


def test_a_voice_is_fetched_whole_and_nothing_else(repository, opened, hub):
    assert contents(opened("hf://me/voices").fetch("onnx/speakers/anna")) == VOICE
    assert hub.count() == {"api": 1, "resolve": 3, "bytes": 3}


def test_one_file_is_fetched_as_a_file(repository, opened):
    place = opened("hf://me/voices").fetch("README.md")
    assert place.name == "README.md"
    assert place.read_bytes() == b"# Voices"


def test_what_has_not_changed_costs_one_request(repository, opened, hub):
    place = opened("me/voices").fetch("onnx/speakers/anna")
    hub.count()
    assert opened("me/voices").fetch("onnx/speakers/anna") == place
    assert hub.count() == {"api": 1}


def test_only_what_has_changed_is_fetched_again(repository, opened, hub):
    before = opened("me/voices").fetch("onnx/speakers/anna")
    repository.commit(repository.files() | {"onnx/speakers/anna/config.json": b'{"new": 1}'})
    hub.count()
    after = opened("me/voices").fetch("onnx/speakers/anna")
    assert hub.count() == {"api": 1, "resolve": 1, "bytes": 1}
    assert contents(after) == VOICE | {"config.json": b'{"new": 1}'}
    assert contents(before) == VOICE, "who was given the old set may still read it"


def test_a_commit_elsewhere_in_the_repository_fetches_nothing(repository, opened, hub):
    opened("me/voices").fetch("onnx/speakers/anna")
    repository.commit(repository.files() | {"README.md": b"# Other"})
    hub.count()
    opened("me/voices").fetch("onnx/speakers/anna")
    assert hub.count() == {"api": 1}


@pytest.mark.parametrize("revision", ["dev", "refs/pr/1"])
def test_each_revision_has_its_own_files(repository, opened, revision):
    repository.commit({"v/config.json": b"other"}, revision)
    assert contents(opened(f"me/voices@{revision}").fetch("v")) == {"config.json": b"other"}
    with pytest.raises(HayakoeError, match="there is nothing"):
        opened("me/voices").fetch("v")


def test_a_commit_during_the_download_does_not_mix_two_sets(repository, opened, hub):
    new = {path: data[::-1] for path, data in repository.files().items()}
    hub.on_resolve = lambda: repository.commit(new)
    assert contents(opened("me/voices").fetch("onnx/speakers/anna")) == VOICE


@pytest.mark.parametrize("after", [0, 1, 300_000, len(MODEL) - 1])
def test_a_transfer_that_breaks_off_is_resumed(hub, opened, after):
    hub.repository("me/voices").commit({"v/a.onnx": MODEL})
    hub.faults += [hubs.truncated(after)]
    assert contents(opened("me/voices").fetch("v")) == {"a.onnx": MODEL}
    ranges = [request.headers.get("Range") for request in hub.bytes_requests()]
    assert ranges == [None, f"bytes={after}-" if after else None]


def test_a_transfer_that_breaks_off_time_and_again_arrives_as_long_as_it_moves(hub, opened):
    hub.repository("me/voices").commit({"v/a.onnx": MODEL})
    hub.faults += [hubs.truncated(50_000)] * 12
    assert contents(opened("me/voices").fetch("v")) == {"a.onnx": MODEL}


def test_a_transfer_that_stalls_is_resumed(hub, opened):
    hub.repository("me/voices").commit({"v/a.onnx": MODEL})
    hub.faults += [hubs.stalled(10_000)]
    assert contents(opened("me/voices").fetch("v")) == {"a.onnx": MODEL}
    assert [request.headers.get("Range") for request in hub.bytes_requests()] == [None, "bytes=10000-"]


def test_a_refusal_keeps_what_has_arrived(hub, opened):
    hub.repository("me/voices").commit({"v/a.onnx": MODEL})
    hub.faults += [hubs.truncated(100_000), hubs.status(403)]
    with pytest.raises(HayakoeError, match="forbidden"):
        opened("me/voices").fetch("v")
    assert contents(opened("me/voices").fetch("v")) == {"a.onnx": MODEL}
    assert hub.bytes_requests()[-1].headers["Range"] == "bytes=100000-"


def test_a_server_that_does_not_resume_sends_all_again(hub, opened):
    hub.repository("me/voices").commit({"v/a.onnx": MODEL})
    hub.faults += [hubs.truncated(100_000), hubs.unresuming]
    assert contents(opened("me/voices").fetch("v")) == {"a.onnx": MODEL}


@pytest.mark.parametrize("path", ["v/large.onnx", "v/small.json"])
def test_damaged_bytes_are_never_kept(hub, opened, path):
    hub.repository("me/voices").commit({path: b"right" * 1000})
    hub.faults += [hubs.damaged]
    assert list(contents(opened("me/voices").fetch("v")).values()) == [b"right" * 1000]


@pytest.mark.parametrize(
    ("fault", "line"),
    [
        (hubs.truncated(0), "cannot be reached"),
        (hubs.stalled(0), "answers too slowly"),
        (hubs.damaged, "arrives damaged"),
        (hubs.status(503), "overloaded or down"),
        (hubs.status(403), "forbidden"),
    ],
)
def test_a_fault_that_stays_is_told_in_one_line_and_leaves_nothing(hub, opened, tmp_path, fault, line):
    hub.repository("me/voices").commit({"v/config.json": b"{}", "v/large.onnx": b"right" * 1000})
    hub.faults += [hubs.send, *[fault] * 3]
    source = opened("me/voices")
    with pytest.raises(HayakoeError, match=line) as told:
        source.fetch("v")
    assert len(str(told.value).splitlines()) == 1
    assert str(told.value).startswith("hf://me/voices: ")
    assert source.cached("v") is None
    hub.faults.clear()
    assert contents(source.fetch("v")) == {"config.json": b"{}", "large.onnx": b"right" * 1000}


def test_a_stall_while_listing_is_told(monkeypatch, opened, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        quick = replace(QUICK, connect=0.2, read=0.2, attempts=2)
        with pytest.raises(HayakoeError, match="answers too slowly"):
            open_source("me/voices", tmp_path, patience=quick).fetch("v")


def test_a_listing_that_fails_for_a_moment_is_asked_for_again(repository, opened, hub):
    hub.down += [503, 429]
    assert opened("me/voices").list()


@pytest.mark.parametrize(
    ("change", "uri", "line"),
    [
        ({}, "me/nothing", "not found, or private .*HF_TOKEN"),
        ({}, "me/voices@nothing", "no revision 'nothing'"),
        ({"token": "t"}, "me/voices", "not found, or private .*HF_TOKEN"),
        ({"gated": True}, "me/voices", "asks for consent"),
    ],
)
def test_what_the_hub_refuses_is_told_in_one_line_with_a_remedy(repository, opened, hub, change, uri, line):
    for name, value in change.items():
        setattr(repository, name, value)
    with pytest.raises(HayakoeError, match=line) as told:
        opened(uri).fetch("onnx/speakers/anna")
    assert len(str(told.value).splitlines()) == 1
    assert hub.count()["api"] == 1, "asking again would not help"


def test_no_network_is_told_in_one_line(hub, opened, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(HayakoeError, match=r"127\.0\.0\.1 cannot be reached \(nothing listens there\): check"):
        opened("me/voices").fetch("v")


@pytest.mark.parametrize("endpoint", ["nonsense", "ftp://127.0.0.1", "http://[", "http://host:port", "https://"])
def test_a_wrong_endpoint_is_told_in_one_line(opened, monkeypatch, endpoint):
    monkeypatch.setenv("HF_ENDPOINT", endpoint)
    with pytest.raises(HayakoeError, match="HF_ENDPOINT is no address"):
        opened("me/voices").fetch("v")


def test_the_librarys_own_offline_mode_is_told(hub, tmp_path):
    code = [sys.executable, "-m", "tests.sources.children", "fetch", hub.endpoint, str(tmp_path), "v"]
    environment = os.environ | {"HF_HUB_OFFLINE": "1"}
    ran = subprocess.run(code, capture_output=True, text=True, timeout=DEADLINE, check=False, env=environment)
    assert ran.stderr.splitlines()[-1].endswith("hf://me/voices: HF_HUB_OFFLINE is set: unset it to download")


def test_what_is_no_hub_is_told_in_one_line(opened, monkeypatch, hub):
    hub.tampered["me/voices"] = [{"rfilename": "v/a", "size": "many", "blobId": "x"}]
    hub.repository("me/voices").commit({})
    with pytest.raises(HayakoeError, match="answers as no Hub does"):
        opened("me/voices").fetch("v")


@pytest.mark.parametrize("path", ["v/../../../../evil", "v//etc/passwd", "v/a\\b", "v/a\0b"])
def test_a_hostile_listing_writes_nothing_outside_the_cache(repository, opened, hub, tmp_path, path):
    hub.tampered["me/voices"] = [{"rfilename": path, "size": 4, "blobId": "0" * 40}]
    before = contents(tmp_path)
    with pytest.raises(HayakoeError, match="cannot be kept"):
        opened("me/voices").fetch("v")
    assert set(contents(tmp_path)) - set(before) <= {
        name for name in contents(tmp_path) if name.startswith("data/sources/") and name.endswith("/lock")
    }


def test_a_body_larger_than_listed_is_not_taken(hub, opened, tmp_path):
    hub.repository("me/voices").commit({"v/a.onnx": b"short"})
    hub.faults += [lambda handler, data: hubs.send(handler, data * 100_000) and None]
    with pytest.raises(HayakoeError, match=r"more of 'v/a\.onnx' than the 5 bytes"):
        opened("me/voices").fetch("v")


def test_the_token_opens_what_is_private_and_goes_nowhere_else(repository, opened, hub, monkeypatch, caplog):
    caplog.set_level(logging.DEBUG)
    repository.token = "hf_verysecret"
    monkeypatch.setenv("HF_TOKEN", "hf_verysecret")
    assert contents(opened("me/voices").fetch("onnx/speakers/anna")) == VOICE
    assert {request.headers.get("Authorization") for request in hub.bytes_requests()} == {None}
    assert "verysecret" not in caplog.text
    assert "X-Amz-Signature" not in caplog.text


def test_a_token_can_be_given(repository, opened, hub):
    repository.token = "hf_given"
    assert opened("me/voices", token="hf_given").list()


def test_no_telemetry_is_sent(repository, opened, hub):
    opened("me/voices").fetch("onnx/speakers/anna")
    assert os.environ["HF_HUB_DISABLE_TELEMETRY"] == "1"
    from huggingface_hub import constants

    assert constants.HF_HUB_DISABLE_TELEMETRY


@pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")  # huggingface_hub's own upload
def test_an_upload_is_one_commit_that_replaces_what_was_there(repository, opened, hub, tmp_path):
    new = tmp_path / "new"
    (new / "声").mkdir(parents=True)
    (new / "synthesizer.onnx").write_bytes(b"new model" * 1000)
    (new / "声" / "config 1.json").write_text("{}")
    commits = len(repository.commits)
    source = opened("me/voices")
    source.upload({"onnx/speakers/anna": new})
    assert len(repository.commits) == commits + 1
    assert contents(source.fetch("onnx/speakers/anna")) == contents(new)
    assert contents(source.fetch("onnx/speakers/anna2")) == VOICE
    assert source.list("README.md") == ["README.md"]


def test_deleting_takes_what_is_below_and_no_more(repository, opened):
    source = opened("me/voices")
    source.delete("onnx/speakers/anna")
    source.delete("onnx/speakers/anna")
    assert source.list() == ["README.md", *sorted(below("onnx/speakers/anna2", VOICE))]


def test_an_upload_that_is_refused_is_told_in_one_line(repository, opened, tmp_path):
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "config.json").write_text("{}")
    with pytest.raises(HayakoeError, match="not found, or private"):
        opened("me/nothing").upload({"v": tmp_path / "new"})


@pytest.mark.parametrize("lists", [("blobId", "lfs"), ("blobId",), ("size",), ()])
def test_a_mirror_that_lists_less_serves_as_well(hub, opened, repository, lists):
    hub.lists = lists
    told = []
    place = opened("me/voices").fetch("onnx/speakers/anna", told.append)
    assert contents(place) == VOICE
    assert (told[-1].done, told[-1].total) == (sum(map(len, VOICE.values())),) * 2
    assert all(each.done <= each.total for each in told)
    hub.count()
    assert opened("me/voices").fetch("onnx/speakers/anna") == place
    assert hub.count() == {"api": 1}
    repository.commit(repository.files() | {"onnx/speakers/anna/config.json": b"[]"})
    assert contents(opened("me/voices").fetch("onnx/speakers/anna")) == VOICE | {"config.json": b"[]"}


@pytest.mark.parametrize("lists", [("blobId", "lfs"), ()])
@pytest.mark.parametrize("after", [0, 1, 300_000, len(MODEL) - 1])
def test_a_transfer_of_unlisted_size_that_breaks_off_is_resumed(hub, opened, lists, after):
    hub.lists = lists
    hub.repository("me/voices").commit({"v/a.onnx": MODEL})
    hub.faults += [hubs.truncated(after)]
    assert contents(opened("me/voices").fetch("v")) == {"a.onnx": MODEL}
    assert len(hub.bytes_requests()) == 2


def test_a_file_of_unlisted_size_is_bounded(hub, opened, monkeypatch):
    monkeypatch.setattr(transfer, "MAX_UNLISTED", 100_000)
    hub.lists = ()
    hub.repository("me/voices").commit({"v/a.onnx": MODEL})
    with pytest.raises(HayakoeError, match=r"sends more of .* than"):
        opened("me/voices").fetch("v")
