"""Reading regular files, writing whole ones, locks and stamps."""

import errno
import multiprocessing
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support import DEADLINE, in_threads
from wyoming_hayakoe.disk import (
    locked,
    one_line_errors,
    read_regular,
    read_start,
    remove,
    stamp,
    write_record,
    write_whole,
)
from wyoming_hayakoe.errors import HayakoeError


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


class TestReading:
    def test_a_regular_file_is_read_up_to_a_limit(self, tmp_path):
        path = tmp_path / "file"
        path.write_bytes(b"x" * 1000)
        assert read_regular(path, 1000) == b"x" * 1000
        with pytest.raises(OSError, match="larger than"):
            read_regular(path, 999)
        with pytest.raises(FileNotFoundError):
            read_regular(tmp_path / "no-file", 1)
        os.mkfifo(tmp_path / "pipe")
        for odd in (tmp_path / "pipe", tmp_path, Path("/dev/zero")):
            with pytest.raises(OSError, match=f"not a regular file.*{odd}"):
                read_regular(odd, 1000)

    def test_a_file_that_grows_endlessly_is_read_up_to_its_limit(self, tmp_path):
        path = tmp_path / "file"
        has_ended = threading.Event()

        def grow() -> None:
            with path.open("ab") as file:
                while not has_ended.is_set():
                    file.write(b"x" * 10_000)

        def read_on() -> None:
            end = time.monotonic() + DEADLINE
            while time.monotonic() < end:
                with suppress(FileNotFoundError):
                    read_regular(path, 1 << 20)

        with ThreadPoolExecutor(1) as pool:
            growing = pool.submit(grow)
            try:
                with pytest.raises(OSError, match="larger than 1 MiB"):
                    read_on()
            finally:
                has_ended.set()
            growing.result()


class TestKeptFiles:
    """What the program keeps for itself; tests/hostile/test_kept_files.py has what may be in place of it."""

    def test_the_start_of_a_file_is_read(self, tmp_path):
        (tmp_path / "file").write_bytes(b"abc")
        assert [read_start(tmp_path / "file", most) for most in (0, 2, 3, 9)] == [b"", b"ab", b"abc", b"abc"]

    def test_only_a_regular_file_is_read_and_no_descriptor_is_left(self, tmp_path):
        os.mkfifo(tmp_path / "pipe")
        before = len(list(Path("/proc/self/fd").iterdir()))
        for path in (tmp_path, tmp_path / "pipe", tmp_path / "missing", Path("/dev/zero")):
            with pytest.raises(OSError):  # noqa: PT011 - of several numbers
                read_start(path, 9)
        assert len(list(Path("/proc/self/fd").iterdir())) == before

    def test_a_link_is_removed_and_not_what_it_leads_to(self, tmp_path):
        (tmp_path / "folder").mkdir()
        (tmp_path / "folder" / "file").write_bytes(b"")
        (tmp_path / "link").symlink_to("folder")
        remove(tmp_path / "link")
        assert (tmp_path / "folder" / "file").exists()
        remove(tmp_path / "folder")
        remove(tmp_path / "missing")
        assert not list(tmp_path.iterdir())

    def test_a_record_is_written_in_place_of_anything(self, tmp_path):
        path = tmp_path / "inner" / "record"
        for make in (Path.touch, os.mkfifo, Path.mkdir, lambda path: path.symlink_to(path)):
            write_record(path, b"text")
            assert path.read_bytes() == b"text"
            remove(path)
            make(path)
        write_record(path, b"text")
        assert (path.read_bytes(), path.is_symlink()) == (b"text", False)


class TestWriting:
    def test_a_file_is_made_and_replaced(self, tmp_path):
        for content in (b"first", b"", b"third"):
            write_whole(tmp_path / "file", content)
            assert (tmp_path / "file").read_bytes() == content
        assert list(tmp_path.iterdir()) == [tmp_path / "file"]

    def test_permissions_are_given_or_kept(self, tmp_path):
        path = tmp_path / "file"
        before = os.umask(0o027)
        try:
            write_whole(path, b"new")
        finally:
            os.umask(before)
        assert mode(path) == 0o640
        path.chmod(0o604)
        write_whole(path, b"kept")
        assert mode(path) == 0o604
        write_whole(path, b"given", mode=0o600)
        assert mode(path) == 0o600

    def test_a_secret_file_is_nobody_elses_at_any_moment(self, tmp_path, monkeypatch):
        seen = []
        sync = os.fsync
        monkeypatch.setattr(
            os, "fsync", lambda file: seen.extend(mode(path) for path in tmp_path.iterdir()) or sync(file)
        )
        write_whole(tmp_path / "file", b"secret", mode=0o600)
        assert seen == [0o600]

    def test_readers_and_writers_at_once_see_whole_files_only(self, tmp_path):
        path = tmp_path / "file"
        contents = [bytes([65 + number]) * 50_000 for number in range(4)]
        write_whole(path, contents[0])
        numbers = iter(range(8))
        lock = threading.Lock()

        def work() -> None:
            with lock:
                number = next(numbers)
            for _ in range(20):
                if number < 4:
                    write_whole(path, contents[number])
                else:
                    assert path.read_bytes() in contents

        in_threads(work, 8)
        assert list(tmp_path.iterdir()) == [path]

    def test_a_writer_that_is_killed_leaves_the_old_file(self, tmp_path):
        path = tmp_path / "file"
        write_whole(path, b"old")
        program = "import os, pathlib, signal, sys; from wyoming_hayakoe import disk; "
        program += "disk.sync = lambda _: os.kill(os.getpid(), signal.SIGKILL); "
        program += "disk.write_whole(pathlib.Path(sys.argv[1]), b'new')"
        killed = subprocess.run([sys.executable, "-c", program, str(path)], timeout=DEADLINE, check=False)
        assert killed.returncode == -signal.SIGKILL
        assert path.read_bytes() == b"old"

    @pytest.mark.parametrize("failing", ["fsync", "open"])
    def test_a_disk_that_is_full_keeps_the_old_file_and_nothing_else(self, tmp_path, monkeypatch, failing):
        path = tmp_path / "file"
        write_whole(path, b"old", mode=0o640)

        def full(*_: object) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(os, failing, full)
        with (
            pytest.raises(HayakoeError, match="the disk is full: make room, or do otherwise"),
            one_line_errors(path, "do otherwise"),
        ):
            write_whole(path, b"new")
        monkeypatch.undo()
        assert path.read_bytes() == b"old"
        assert mode(path) == 0o640
        assert list(tmp_path.iterdir()) == [path]

    def test_a_folder_that_is_not_there_is_an_error(self, tmp_path):
        with pytest.raises(FileNotFoundError):
            write_whole(tmp_path / "nowhere" / "file", b"")


def _hold(path: str, is_held: object, may_end: object) -> None:
    with locked(Path(path), "waiting"):
        is_held.set()
        may_end.wait(DEADLINE)


class TestLocks:
    def test_one_thread_holds_it_at_a_time(self, tmp_path):
        inside: list[int] = []

        def work() -> None:
            for _ in range(20):
                with locked(tmp_path / "lock", "waiting"):
                    inside.append(1)
                    assert len(inside) == 1
                    inside.pop()

        in_threads(work, 6)

    def test_another_process_waits_and_says_so_and_a_killed_one_lets_go(self, tmp_path, caplog):
        caplog.set_level("INFO")
        context = multiprocessing.get_context("spawn")
        is_held, may_end = context.Event(), context.Event()
        process = context.Process(target=_hold, args=(str(tmp_path / "lock"), is_held, may_end))
        process.start()
        assert is_held.wait(DEADLINE)
        entered = threading.Event()

        def enter() -> None:
            with locked(tmp_path / "lock", "another process downloads"):
                entered.set()

        thread = threading.Thread(target=enter)
        thread.start()
        while "another process downloads" not in caplog.text:
            assert thread.is_alive()
        assert not entered.is_set()
        process.kill()
        assert entered.wait(DEADLINE)
        thread.join()
        process.join()

    def test_a_lock_whose_file_was_removed_is_taken_anew(self, tmp_path):
        path = tmp_path / "lock"
        with locked(path, "waiting"):
            path.unlink()
            with locked(path, "waiting"):
                assert path.exists()


class TestStamps:
    def test_it_changes_with_what_is_there(self, tmp_path):
        file, folder = tmp_path / "file", tmp_path / "folder"
        seen = [stamp(file, folder)]

        def changed() -> bool:
            seen.append(stamp(file, folder))
            return len(set(seen)) == len(seen)

        file.write_bytes(b"one")
        assert changed()
        folder.mkdir()
        (folder / "below").mkdir()
        assert changed()
        (folder / "below" / "a").write_bytes(b"")
        assert changed()
        (folder / "below" / "a").rename(folder / "below" / "b")
        assert changed()
        os.utime(file, ns=(1, 1))
        assert changed()
        write_whole(folder / "below" / "b", b"")
        assert changed(), "another file of the same content"

    def test_it_stays_where_nothing_changes(self, tmp_path):
        (tmp_path / "a").write_bytes(b"one")
        before = stamp(tmp_path)
        assert stamp(tmp_path) == before
        (tmp_path / "a").read_bytes()
        assert stamp(tmp_path) == before
