"""What lies in the folder of voices: voices, and what is none."""

import errno
import shutil
import time
from urllib.parse import quote

import pytest

from tests.kokoro_folders import as_kokoro_onnx, as_onnx_community
from tests.support import DEADLINE, TINY_REPO, program
from tests.voice_kinds import as_aivmx, as_folder
from wyoming_hayakoe.sources.dropped_in import DroppedIn, dropped_into

CHECKPOINT = "is a voice for PyTorch only: wyoming-hayakoe export makes an ONNX one of it"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "声 の 家").mkdir()
    return tmp_path / "声 の 家"


def test_no_folder_and_an_empty_one_hold_nothing(folder):
    assert dropped_into(folder) == dropped_into(folder / "nowhere") == DroppedIn()


def test_voices_of_every_kind_are_found(folder):
    as_aivmx(folder / "anna.aivmx")
    as_folder(folder / "つくよみ")
    as_folder(folder / "deep" / "carl")
    shutil.copytree(TINY_REPO, folder / "repository")
    (folder / ".DS_Store").write_bytes(b"")
    (folder / "README.md").write_text("mine")
    found = dropped_into(folder)
    assert found.left_out == {}
    assert found.voices == {
        name: f"{folder.as_uri()}#{quote(name)}" for name in ("anna", "carl", "rand-jp", "つくよみ")
    }


def test_kokoro_voices_are_found_in_both_layouts(folder):
    as_onnx_community(folder / "kokoro", ("jf_alpha", "af_heart", "jf_neu"))
    assert list(dropped_into(folder).voices) == ["jf_alpha", "jf_neu"]
    as_kokoro_onnx(folder / "other")
    found = dropped_into(folder)
    assert sorted(found.voices) == ["jf_alpha", "jf_gongitsune", "jf_neu", "jf_nezumi", "jf_tebukuro", "jm_kumo"]
    assert found.lines == [f"{folder / 'other'} is left out: another voice here is called jf_alpha: rename one of them"]


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ([], "is an empty folder: copy onnx/speakers/NAME, or config.json, style_vectors.npy and *.onnx"),
        (["config.json", "style_vectors.npy", "a.safetensors"], CHECKPOINT),
        (["G_1000.pth", "config.json"], CHECKPOINT),
        (["a.onnx"], "has no a.onnx.json, or no config.json and no style_vectors.npy: copy the whole folder"),
        (["config.json", "a.onnx", "b.onnx"], "has several graphs or a checkpoint, but no style_vectors.npy: copy the"),
        (["config.json", "a.onnx", "a.pth"], "has several graphs or a checkpoint, but no style_vectors.npy: copy the"),
        (["ja_JP-anna.onnx.json"], "has no ja_JP-anna.onnx beside it"),
        (["en_US-joe-medium.onnx", "en_US-joe-medium.onnx.json"], "is a voice for en_US, and this program speaks"),
        (["config.json", "style_vectors.npy"], "has no *.onnx: copy the whole folder"),
        (
            ["kokoro-v1.0.fp16.onnx", "voices-v1.0.bin"],
            "it has voices of Kokoro, but no graph of theirs in int8 or fp32",
        ),
        (["notes.doc"], "is no voice that this program speaks: copy onnx/speakers/NAME, or config.json"),
    ],
)
def test_what_is_no_voice_is_left_out_with_a_reason(folder, files, reason):
    as_folder(folder / "good")
    (folder / "bad").mkdir()
    for name in files:
        (folder / "bad" / name).write_bytes(b"")
    found = dropped_into(folder)
    assert list(found.voices) == ["good"]
    (line,) = found.lines
    assert line.startswith(f"{folder / 'bad'} is left out: it ")
    assert reason in line
    assert "\n" not in line


def test_a_lone_checkpoint_is_left_out(folder):
    (folder / "anna.safetensors").write_bytes(b"")
    assert dropped_into(folder).lines == [f"{folder / 'anna.safetensors'} is left out: it {CHECKPOINT}"]


def test_of_two_voices_of_one_name_one_is_left_out(folder):
    as_folder(folder / "anna")
    as_aivmx(folder / "more" / "anna.aivmx")
    found = dropped_into(folder)
    assert list(found.voices) == ["anna"]
    (line,) = found.lines
    assert "another voice here is called anna: rename one of them" in line


def refuse(folder):
    raise PermissionError(errno.EACCES, "Permission denied", folder)


def test_a_folder_that_may_not_be_read_is_told(folder, monkeypatch):
    as_folder(folder / "anna")
    monkeypatch.setattr("os.scandir", refuse)
    found = dropped_into(folder)
    assert found.voices == {}
    assert "may not be read: change its owner or permissions" in found.lines[0]


def test_the_server_says_once_what_it_leaves_out_and_serves_the_rest(tmp_path):
    place = tmp_path / "voices"
    (place / "bad").mkdir(parents=True)
    (place / "bad" / "a.safetensors").write_bytes(b"")
    foreign = as_folder(place / "foreign") / "config.json"
    foreign.write_text('{"version": "2.6.1", "data": {}}')
    lines = [f"{place / 'bad'} is left out: it {CHECKPOINT}", "voice foreign is left out", f"{place / 'empty'} is left"]
    environment = {"HAYAKOE_DATA_DIR": str(tmp_path), "HAYAKOE_BERT_SOURCE": str(TINY_REPO)}
    with program("--voice", "mei", **environment) as server:

        def counts() -> list[int]:
            return ["".join(server.log).count(line) for line in lines]

        def wait_for(expected: list[int]) -> None:
            end = time.monotonic() + DEADLINE
            while counts() != expected:
                assert time.monotonic() < end, server.log
                time.sleep(0.02)

        wait_for([1, 1, 0])
        (place / "empty").mkdir()
        wait_for([1, 1, 1])
        assert "version '2.6.1' is not JP-Extra: choose a JP-Extra voice" in "".join(server.log)
