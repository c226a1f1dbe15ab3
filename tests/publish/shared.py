"""The peer's environment, where PyTorch is, and a network that breaks."""

import fcntl
import json
import os
import socket
import subprocess
import sysconfig
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pyopenjtalk
import pytest

CHECKOUT = Path(__file__).parents[2]
PYTHON = CHECKOUT / ".venv-peer" / "bin" / "python"
# Where it is for all tests: some have a home of their own.
_CACHE = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "wyoming-hayakoe"


def peer_python() -> Path:
    """Return the peer's Python, or skip the test where it is not installed."""
    if not PYTHON.exists():
        if os.environ.get("HAYAKOE_TEST_ALL"):
            pytest.fail("script/peer has not been run, and HAYAKOE_TEST_ALL wants every test")
        pytest.skip("the peer is not installed: run script/peer (.ci/run does)")
    return PYTHON


def run_peer(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a program in the peer's environment, to a good end: in a fork of a process that has its packages."""
    command = [str(argument) for argument in arguments]
    with _peer_server() as connection, connection.makefile("rw", encoding="utf-8") as line:
        line.write(json.dumps({"arguments": command, "environment": _peer_environment()}) + "\n")
        line.flush()
        answered = line.readline()
    assert answered, f"it ended without an answer: {command}"
    result = subprocess.CompletedProcess(command, **json.loads(answered))
    assert result.returncode == 0, result.stderr[-2000:]
    return result


def run_alone(*arguments: object) -> None:
    """Run a program in the peer's environment, to a good end: in a process that has imported none of its packages yet.

    So this program's own Open JTalk comes before the peer's, which is older.
    """
    command = [str(peer_python()), *map(str, arguments)]
    environment = os.environ | {"HF_HUB_OFFLINE": "1"}
    result = subprocess.run(
        command, env=environment, cwd=CHECKOUT, capture_output=True, text=True, timeout=600, check=False
    )
    assert result.returncode == 0, result.stderr[-2000:]


def _peer_environment() -> dict[str, str]:
    dictionary = pyopenjtalk.OPEN_JTALK_DICT_DIR.decode()
    known = {"HAYAKOE_TEST_DICTIONARY": dictionary, "OPEN_JTALK_DICT_DIR": dictionary, "HF_HUB_OFFLINE": "1"}
    return os.environ | known


def _peer_server() -> socket.socket:
    """Return a connection to the peer's server of this run, which the first of its processes starts."""
    owner = os.getppid() if os.environ.get("PYTEST_XDIST_WORKER") else os.getpid()
    address = _CACHE / f"peer-{owner}.socket"
    _CACHE.mkdir(parents=True, exist_ok=True)
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(300)
    with (_CACHE / "peer.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            connection.connect(str(address))
        except OSError:
            program = Path(__file__).with_name("peer_server.py")
            started = subprocess.run(
                [peer_python(), program, address, str(owner)],
                env=_peer_environment(),
                cwd=CHECKOUT,
                capture_output=True,
                text=True,
                timeout=300,
                check=False,
            )
            assert started.returncode == 0, started.stderr[-2000:]
            connection.connect(str(address))
    return connection


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """Return a folder of this run in which ``make`` was called once, by whichever of its processes came first."""
    base = factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    folder, done = shared / name, shared / f"{name}.made"
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            folder.mkdir()
            make(folder)
            done.touch()
    return folder


def sitecustomize(folder: Path, code: str) -> dict[str, str]:
    """Return variables with which our own Python runs ``code`` before all else."""
    folder.mkdir(exist_ok=True)
    (folder / "sitecustomize.py").write_text(code, encoding="utf-8")
    return {"PYTHONPATH": os.pathsep.join([str(folder), str(CHECKOUT)])}


def with_pytorch(folder: Path) -> dict[str, str]:
    """Return variables with which our own Python finds the peer's PyTorch, behind all that it has itself."""
    version = sysconfig.get_python_version()
    packages = peer_python().parents[1] / "lib" / f"python{version}" / "site-packages"
    return sitecustomize(folder, f"import sys\nsys.path.append({str(packages)!r})\n")


class Limited:
    """A network on the way to a server, which is gone for good, or stands still, when so many bytes have gone up."""

    def __init__(self, target: str, after: int, *, stalls: bool = False) -> None:
        parts = urlsplit(target)
        self._target = (parts.hostname, parts.port)
        self._left = after
        self._stalls = stalls
        self.stalled, self._ended = threading.Event(), threading.Event()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    @classmethod
    @contextmanager
    def running(cls, target: str, after: int, *, stalls: bool = False) -> Iterator["Limited"]:
        network = cls(target, after, stalls=stalls)
        accepting = threading.Thread(target=network._accept)
        accepting.start()
        try:
            yield network
        finally:
            network._ended.set()
            network._go()
            accepting.join()
            network._listener.close()

    def _accept(self) -> None:
        carrying = []
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                carrying.append(threading.Thread(target=self._join, args=(client,)))
                carrying[-1].start()
        for thread in carrying:
            thread.join()

    def _join(self, client: socket.socket) -> None:
        with client, socket.create_connection(self._target) as server:
            down = threading.Thread(target=self._carry, args=(server, client, False))
            down.start()
            self._carry(client, server, True)
            down.join()

    def _carry(self, source: socket.socket, target: socket.socket, is_up: bool) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 14):
                if is_up and not self._allowed(len(data)):
                    break
                target.sendall(data)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _allowed(self, count: int) -> bool:
        with self._lock:
            self._left -= count
            is_over = self._left < 0
        if is_over and self._stalls:
            self.stalled.set()
            self._ended.wait()
        if is_over:
            self._go()
        return not is_over

    def _go(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
