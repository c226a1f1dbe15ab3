"""What is killed while it compiles leaves nothing behind, but what the next one takes away."""

import shutil
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from tests.hostile.alive import wait_for
from tests.support import DEADLINE, TINY_REPO, clean_environment, command
from wyoming_hayakoe.disk import nameless


def left(folder):
    return sorted(path.name for path in folder.rglob("*"))


def open_files(pid):
    found = []
    for path in Path("/proc", str(pid), "fd").glob("*"):
        with suppress(OSError):  # closed just now
            found.append(str(path.readlink()))
    return found


def test_a_killed_compiler_leaves_nothing_in_the_temporary_folder_and_is_cleared_up_after(tmp_path):
    temporary, data = tmp_path / "tmp", tmp_path / "data"
    temporary.mkdir()
    compiled = data / "compiled"
    given = {"TMPDIR": str(temporary), "HAYAKOE_DATA_DIR": str(data)}
    environment = clean_environment(**given)
    compiling = command("compile", f"rand-jp={TINY_REPO}")
    process = subprocess.Popen(compiling, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    # The stages are in files while they are loaded.
    wait_for(
        lambda: process.poll() is not None or any(str(temporary) in name for name in open_files(process.pid)),
        "a stage is being loaded",
    )
    assert process.poll() is None
    assert left(temporary) == []
    process.send_signal(signal.SIGKILL)
    process.wait(DEADLINE)
    assert left(temporary) == []
    # What was being made of a voice that is gone meanwhile goes, too.
    gone = compiled / "gone-0123456789abcdef.incoming"
    shutil.copytree(next(compiled.glob("*.incoming")), gone)
    subprocess.run(compiling, env=environment, check=True, timeout=3 * DEADLINE, stdout=subprocess.DEVNULL)
    assert left(temporary) == []
    assert [name for name in left(data) if "incoming" in name] == []


@pytest.mark.parametrize("data", [b"", b"stage" * 1000])
def test_a_nameless_file_is_read_and_written_by_its_path_and_is_in_no_folder(tmp_path, monkeypatch, data):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with nameless(data) as path:
        assert path.read_bytes() == data
        path.write_bytes(b"other")
        assert path.read_bytes() == b"other"
        assert left(tmp_path) == []
    assert not path.exists()
