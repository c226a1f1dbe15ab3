import os

import pytest

from tests.sources.shared import contents
from wyoming_hayakoe.errors import HayakoeError, UsageError


@pytest.fixture
def voices(tmp_path):
    """A folder with spaces, Japanese names and links in it."""
    folder = tmp_path / "私の 声"
    (folder / "つくよみ").mkdir(parents=True)
    (folder / "つくよみ" / "config.json").write_text("{}")
    (folder / "つくよみ" / "声 1.onnx").write_bytes(b"onnx")
    (folder / "one.aivmx").write_bytes(b"aivmx")
    return folder


def test_files_are_listed_from_the_root(voices, opened):
    source = opened(str(voices))
    assert source.list() == ["one.aivmx", "つくよみ/config.json", "つくよみ/声 1.onnx"]
    assert source.list("つくよみ") == ["つくよみ/config.json", "つくよみ/声 1.onnx"]
    assert source.list("one.aivmx") == ["one.aivmx"]


def test_a_place_is_used_where_it_is(voices, opened, tmp_path):
    source = opened(voices.as_uri())
    assert source.fetch("つくよみ") == source.cached("つくよみ") == voices / "つくよみ"
    assert source.fetch("") == voices
    assert not (tmp_path / "data").exists()


def test_a_file_is_a_source_as_well(voices, opened):
    source = opened(str(voices / "one.aivmx"))
    assert source.list() == ["one.aivmx"]
    assert source.fetch("") == source.fetch("one.aivmx") == voices / "one.aivmx"


def test_links_are_followed_but_not_in_circles(voices, opened, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "config.json").write_text("{}")
    (voices / "linked").symlink_to(tmp_path / "elsewhere")
    (voices / "linked.aivmx").symlink_to(voices / "one.aivmx")
    (voices / "circle").symlink_to(voices)
    (voices / "nowhere").symlink_to(tmp_path / "missing")
    assert opened(str(voices)).list() == [
        "linked.aivmx",
        "linked/config.json",
        "one.aivmx",
        "つくよみ/config.json",
        "つくよみ/声 1.onnx",
    ]


def test_what_is_not_there_is_told(voices, opened):
    source = opened(str(voices))
    with pytest.raises(HayakoeError, match="no such file or folder"):
        source.fetch("nobody")
    assert source.cached("nobody") is None
    with pytest.raises(UsageError):
        source.fetch("../secret")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_told(voices, opened):
    (voices / "つくよみ").chmod(0)
    with pytest.raises(HayakoeError, match="permissions"):
        opened(str(voices)).fetch("つくよみ")


def test_an_upload_replaces_what_was_there(voices, opened, tmp_path):
    new = tmp_path / "new"
    (new / "deep").mkdir(parents=True)
    (new / "deep" / "声.onnx").write_bytes(b"new")
    (new / "config.json").write_text("new")
    (voices / "つくよみ" / "old" / "older").mkdir(parents=True)
    (voices / "つくよみ" / "old" / "older" / "x").write_text("x")
    opened(str(voices)).upload({"つくよみ": new})
    assert contents(voices / "つくよみ") == contents(new)
    assert not (voices / "つくよみ" / "old").exists()
    assert (voices / "one.aivmx").exists()


def test_an_upload_to_where_it_comes_from_changes_nothing(voices, opened):
    before = contents(voices)
    opened(str(voices)).upload({"つくよみ": voices / "つくよみ"})
    assert contents(voices) == before


def test_deleting_takes_what_is_below_and_no_more(voices, opened):
    source = opened(str(voices))
    source.delete("つくよみ")
    source.delete("つくよみ")
    assert source.list() == ["one.aivmx"]
    source.delete("one.aivmx")
    assert source.list() == []


def test_a_link_is_deleted_not_what_it_points_to(voices, opened):
    (voices / "link").symlink_to(voices / "つくよみ")
    opened(str(voices)).delete("link")
    assert (voices / "つくよみ" / "config.json").exists()
