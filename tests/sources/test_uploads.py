"""Uploads: one bar by bytes, keys that are tried first, nothing that an interrupted one leaves."""

import pytest

from tests.sources.hub import READ_ONLY
from wyoming_hayakoe.errors import HayakoeError
from wyoming_hayakoe.sources.source import DeniedError

MODEL = bytes(range(256)) * 4000


@pytest.fixture
def voice(tmp_path):
    folder = tmp_path / "voice"
    folder.mkdir()
    for name, data in {"config.json": b"{}", "a.onnx": MODEL, "b.onnx": MODEL[::-1]}.items():
        (folder / name).write_bytes(data)
    return folder


@pytest.fixture
def repository(hub):
    made = hub.repository()
    made.commit({"README.md": b"theirs"})
    made.token = "hf_mine"
    return made


def told(source, voice):
    """Return the reports of an upload."""
    reports = []
    source.upload({"v": voice}, reports.append)
    assert {(each.name, each.total, each.doing) for each in reports} == {(source.uri, 2 * len(MODEL) + 2, "uploading")}
    done = [each.done for each in reports]
    assert done == sorted(done)
    assert done.count(2 * len(MODEL) + 2) == 1, "the end is reported once, when the files are in their places"
    return done


@pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")  # huggingface_hub's own upload
def test_one_bar_by_bytes_at_a_hub(repository, opened, voice, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_mine")
    commits = len(repository.commits)
    done = told(opened("me/voices"), voice)
    assert sum(0 < each < len(MODEL) for each in done) > 5
    assert len(repository.commits) == commits + 1


@pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")
def test_xet_which_is_the_librarys_default_is_passed_over(repository, opened, voice, monkeypatch):
    from huggingface_hub import constants
    from huggingface_hub.utils._runtime import is_xet_available

    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", False)
    assert is_xet_available()
    monkeypatch.setenv("HF_TOKEN", "hf_mine")
    opened("me/voices").upload({"v": voice})
    assert repository.files()["v/a.onnx"] == MODEL


@pytest.mark.parametrize("s3_server", ["moto"], indirect=True)
def test_one_bar_by_bytes_at_a_bucket(bucket, opened, voice):
    done = told(opened(f"s3://{bucket.name}"), voice)
    assert sum(0 < each < len(MODEL) for each in done) > 5


@pytest.mark.parametrize("s3_server", ["moto"], indirect=True)
def test_what_an_interrupted_upload_left_is_removed_by_the_next_command(bucket, opened, voice):
    left = {"p/.incoming/v/a.onnx.part": b"half", "p/.incoming/w/x.part": b"x"}
    bucket.put(**left, **{"p/v/a.onnx": b"old", ".incoming/mine": b""})
    opened(f"s3://{bucket.name}/p").check_upload()
    assert bucket.keys() == {"p/v/a.onnx", ".incoming/mine"}
    bucket.put(**left)
    opened(f"s3://{bucket.name}/p").upload({"v": voice})
    assert bucket.keys() == {"p/v/a.onnx", "p/v/b.onnx", "p/v/config.json", ".incoming/mine"}


@pytest.mark.parametrize(
    ("token", "name", "line"),
    [
        ("", "me/voices", "there is no token: make one that may write"),
        ("hf_typo", "me/voices", "the token is not valid .HTTP 401.: copy it again"),
        ("hf_mine", "me/nothing", "there is no such repository, or the token may not see it .HTTP 404."),
        ("hf_reader", "me/voices", rf"forbidden .HTTP 403.: {READ_ONLY}: set HF_TOKEN"),
    ],
)
def test_four_reasons_of_a_hub_are_four_lines(repository, opened, monkeypatch, token, name, line):
    repository.readers.add("hf_reader")
    monkeypatch.setenv("HF_TOKEN", token)
    commits = dict(repository.commits)
    with pytest.raises(HayakoeError, match=line) as said:
        opened(name).check_upload()
    assert isinstance(said.value, DeniedError) == (name == "me/voices")
    assert len(str(said.value).splitlines()) == 1
    assert "hf_" not in str(said.value)
    assert repository.commits == commits


def test_keys_that_are_right_change_nothing(repository, opened, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_mine")
    commits = dict(repository.commits)
    opened("me/voices").check_upload()
    assert repository.commits == commits


def test_the_hubs_own_reason_is_passed_on(repository, opened, voice, hub, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_mine")
    hub.refuses = "Storage quota exceeded, see https://hub.example/pay?signature=secret"
    with pytest.raises(HayakoeError, match=r"the upload failed: .*Storage quota exceeded") as said:
        opened("me/voices").upload({"v": voice})
    assert "secret" not in str(said.value)
    assert repository.files() == {"README.md": b"theirs"}


def test_a_folder_is_tried_as_well(opened, tmp_path):
    opened(str(tmp_path / "not" / "yet")).check_upload()
    assert not (tmp_path / "not").exists()
    (tmp_path / "file").write_text("")
    with pytest.raises(HayakoeError, match="is no folder: name another place"):
        opened(str(tmp_path / "file" / "below")).check_upload()
