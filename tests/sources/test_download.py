import pytest

from tests.sources import hub as hubs
from tests.sources.shared import contents
from wyoming_hayakoe.errors import HayakoeError
from wyoming_hayakoe.sources.download import Wanted, download, missing, require


@pytest.fixture
def wanted(hub, opened, tmp_path):
    """A voice here, two in a repository, one nowhere."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "config.json").write_text("{}")
    hub.repository("me/voices").commit({"anna/a.onnx": b"anna", "bert/b.onnx": b"bert"})
    repository = opened("me/voices")
    return [Wanted(opened(str(tmp_path / "mine")), ""), Wanted(repository, "anna"), Wanted(repository, "bert")]


def test_all_that_is_missing_is_told_at_once_and_asks_nobody(wanted, hub):
    assert missing(wanted) == wanted[1:]
    with pytest.raises(HayakoeError, match=r"not here: hf://me/voices: anna, hf://me/voices: bert: run .*download"):
        require(wanted)
    assert hub.count() == {}


def test_what_was_downloaded_is_not_missing(wanted):
    told = []
    places = download(wanted, told.append)
    assert [list(contents(place).values()) for place in places] == [[b"{}"], [b"anna"], [b"bert"]]
    assert {transfer.name for transfer in told} == {"hf://me/voices: anna", "hf://me/voices: bert"}
    require(wanted)


def test_one_that_fails_does_not_keep_the_others_from_coming(wanted, hub, opened):
    hub.faults += [hubs.status(403)]
    nowhere = Wanted(opened("me/nothing"), "")
    with pytest.raises(HayakoeError, match=r"hf://me/voices: forbidden.*; hf://me/nothing: not found") as told:
        download([*wanted, nowhere])
    assert len(str(told.value).splitlines()) == 1
    assert missing(wanted) == [wanted[1]]
