"""Images built by buildah on a Debian base of our own (no registry is asked), and containers run by crun."""

import fcntl
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from script.arm64 import wheels
from tests.deploy.needs import CACHE, CHECKOUT
from tests.support import DEADLINE, command

TOOLS = ("buildah", "crun", "mmdebstrap", "nsenter")
BASE = "localhost/hayakoe-test-base"
"""A Debian with Python, as the official images are."""

ARM64 = "arm64"
"""That of the boards, emulated."""

PYTHON = ("python3", "python3-venv", "ca-certificates")
WITH_INIT = (*PYTHON, "systemd", "dbus", "s6", "execline")
"""What a Debian has that runs services."""
_MIRROR = "http://deb.debian.org/debian"
_UNSLIM = ("doc", "man", "locale", "info")
"""What Docker's slim images leave out of /usr/share as well."""

# crun takes cgroups of version 2 alone; where version 1 is mounted beside it, a view of our own shows only the one.
_CGROUP2 = ("unshare", "--mount", "sh", "-c", 'mount -t cgroup2 cgroup2 /sys/fs/cgroup && exec "$@"', "sh")

_MINUTES = 60
_OLD_LAYERS = 40


def run(*arguments: object, timeout: float = 10 * _MINUTES, **options: Any) -> str:
    """Return what a command prints; its last lines are the failure's text."""
    words = [str(argument) for argument in arguments]
    done = subprocess.run(words, capture_output=True, text=True, timeout=timeout, check=False, **options)
    assert done.returncode == 0, f"{words[:4]}: {(done.stdout + done.stderr)[-4000:]}"
    return done.stdout


@cache
def _driver() -> str:
    """Return how layers are kept: in overlays where the kernel lets us, else as whole copies."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        places = ["--root", f"{scratch}/root", "--runroot", f"{scratch}/run"]
        probe = ["buildah", "--storage-driver", "overlay", *places, "info"]
        works = subprocess.run(probe, capture_output=True, check=False).returncode == 0
        subprocess.run(["umount", f"{scratch}/root/overlay"], capture_output=True, check=False)
    return "overlay" if works else "vfs"


def buildah(*arguments: object) -> str:
    """Run buildah on a storage of these tests' own."""
    places = ["--root", CACHE / "storage", "--runroot", CACHE / "storage-run"]
    return run("buildah", "--storage-driver", _driver(), *places, *arguments).strip()


@contextmanager
def alone(what: str) -> Iterator[None]:
    """Let no other process do the same meanwhile."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{what}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def debian(*packages: str, architecture: str = "") -> Path:
    """Return a small Debian with these packages as a tar file, made at the first call; by default for this machine."""
    path = CACHE / f"bookworm-{'-'.join([*packages, architecture]).removesuffix('-')}.tar"
    with alone(path.name):
        if not path.exists():
            incoming = path.with_suffix(".incoming.tar")
            slim = [f"--dpkgopt=path-exclude=/usr/share/{part}/*" for part in _UNSLIM]
            options = ["--variant=apt", f"--include={','.join(packages)}", *slim]
            options += [f"--architectures={architecture}"] if architecture else []
            run("mmdebstrap", *options, "bookworm", incoming, _MIRROR)
            incoming.rename(path)
    return path


def base_image(name: str, *packages: str, architecture: str = "") -> str:
    """Return an image of :func:`debian`, made at the first call."""
    tar = debian(*packages, architecture=architecture)
    with alone("build"):
        if f"{name}:latest" not in buildah("images", "--format", "{{.Name}}:{{.Tag}}").splitlines():
            container = buildah("from", *_of(architecture), "scratch")
            buildah("add", "--quiet", container, tar, "/")
            buildah("commit", "--quiet", "--rm", container, name)
    return name


def _of(architecture: str) -> list[str]:
    return [f"--arch={architecture}"] if architecture else []


def _wheels(architecture: str) -> Path:
    """Return a folder with wheels of all that the program is built of and needs, fetched once for these needs."""
    pyproject = CHECKOUT / "pyproject.toml"
    project = tomllib.loads(pyproject.read_text())
    building = project["build-system"]["requires"]
    needs = sorted([*project["project"]["dependencies"], *building])
    folder = CACHE / f"wheels-{hashlib.sha256(repr((needs, architecture)).encode()).hexdigest()[:12]}"
    with alone("wheels"):
        if not folder.exists():
            incoming = folder.with_suffix(".incoming")
            if architecture == ARM64:
                incoming.mkdir(exist_ok=True)
                wheels.download(incoming, pyproject, building)
            else:
                # Bookworm's Python, whichever runs the tests.
                options = ["--quiet", "--only-binary=:all:", "--python-version=3.11", f"--dest={incoming}"]
                run(sys.executable, "-m", "pip", "download", *options, *needs)
            incoming.rename(folder)
    return folder


def build(tag: str, folder: Path, *arguments: object, base: str = "", architecture: str = "") -> str:
    """Build the Dockerfile of a folder, where pip finds the program and all that it needs, and return the tag."""
    program, settings = CACHE / "program", CACHE / "pip.conf"
    mounts = {_wheels(architecture): "/wheels", program: "/program", settings: "/etc/pip.conf"}
    volumes = [f"--volume={place}:{inside}:ro" for place, inside in mounts.items()]
    options = [
        "--isolation=chroot",
        "--pull-never",
        "--layers",
        "--force-rm",
        "--format=docker",
        *volumes,
        *_of(architecture),
    ]
    chosen = f"--build-arg=BASE={base or base_image(BASE, *PYTHON)}"
    with alone("build"):
        settings.write_text("[global]\nno-index = true\nfind-links = /wheels /program\n")
        shutil.rmtree(program, ignore_errors=True)
        run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", f"--wheel-dir={program}", CHECKOUT)
        buildah("build", *options, chosen, "--tag", tag, *arguments, folder)
        # Each change in the program leaves its layers behind, and each change in what it needs half a gigabyte.
        if len(buildah("images", "--filter=dangling=true", "--quiet").split()) > _OLD_LAYERS:
            with suppress(AssertionError):  # what a container of another test stands on stays
                buildah("rmi", "--prune")
    return tag


@cache
def plain_image() -> str:
    """Return the image of this checkout without voices."""
    return build("localhost/hayakoe-plain", CHECKOUT)


def settings_of(image: str) -> dict[str, Any]:
    """Return what an image says about how it runs."""
    config: dict[str, Any] = json.loads(buildah("inspect", "--type=image", image))["Docker"]["config"]
    return config


def megabytes(image: str) -> float:
    """Return an image's size, with everything that it stands on."""
    return float(json.loads(buildah("images", "--json", image))[0]["size"].split()[0])


@contextmanager
def files_of(image: str) -> Iterator[Path]:
    """Give the file system of a new container of an image."""
    container = buildah("from", "--pull-never", image)
    try:
        yield Path(buildah("mount", container))
    finally:
        buildah("umount", container)
        buildah("rm", container)


@dataclass
class Container:
    """One that runs, in a network of its own that leads nowhere."""

    name: str
    user: str
    process: subprocess.Popen[str]
    state: Path

    @property
    def log(self) -> str:
        """What it has written so far."""
        return (self.state / "log").read_text()

    def exec(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command in it, as its user."""
        words = _crun(self.state, "exec", f"--user={self.user}", self.name, *arguments)
        return subprocess.run(words, capture_output=True, text=True, timeout=DEADLINE, check=False)

    def entered(self, *arguments: str) -> list[str]:
        """Return the command line that runs this checkout's program in its network."""
        pid = json.loads(run(*_crun(self.state, "state", self.name)))["pid"]
        return ["nsenter", f"--net=/proc/{pid}/ns/net", *command(*arguments)]

    def say(self, text: str, target: Path, *options: str) -> bytes:
        """Have it speak through its port, and return the file."""
        words = self.entered("say", text, "-o", str(target), "--uri", "tcp://127.0.0.1:10200", *options)
        run(*words, timeout=DEADLINE)
        return target.read_bytes()

    def until(self, line: str) -> None:
        """Wait for a line of its log."""
        end = time.monotonic() + DEADLINE
        while line not in self.log:
            assert self.process.poll() is None, self.log
            assert time.monotonic() < end, self.log
            time.sleep(0.02)

    def until_connected(self) -> None:
        """Wait for a client at its port."""
        # As proc(5) writes it: 27D8 is 10200, and 01 a connection that stands.
        end = time.monotonic() + DEADLINE
        while not re.search(r":27D8 \w+:\w+ 01 ", self.exec("cat", "/proc/net/tcp").stdout):
            assert time.monotonic() < end, self.log

    def stop(self) -> int:
        """Send the stop signal, and return the exit code."""
        run(*_crun(self.state, "kill", self.name, "TERM"))
        return self.process.wait(DEADLINE)


@contextmanager
def running(
    image: str,
    folder: Path,
    *arguments: str,
    writable_data: bool = True,
    environment: Mapping[str, str] = MappingProxyType({}),
    additions: Path | None = None,
    files: Mapping[str, Path] = MappingProxyType({}),
) -> Iterator[Container]:
    """Run an image as `docker run --read-only --network none --tmpfs /tmp` does, with a volume at /data.

    With ``additions``, its files come over those of the image, and the root may be written. ``files``, by their places
    inside, are mounted over what is there.
    """
    with files_of(image) as root:
        if additions is not None:
            shutil.copytree(additions, root, symlinks=True, dirs_exist_ok=True)
        volume = folder / "data"
        shutil.copytree(root / "data", volume, symlinks=True)
        for path in [volume, *volume.rglob("*")]:
            os.chown(path, *_ids(root))
        config = _oci(settings_of(image), root, volume, arguments, writable_data=writable_data)
        config["root"]["readonly"] = additions is None
        config["mounts"] += [_bind(inside, place, "ro") for inside, place in files.items()]
        config["process"]["env"] += [f"{name}={value}" for name, value in environment.items()]
        (folder / "config.json").write_text(json.dumps(config))
        name = f"hayakoe-{os.getpid()}-{folder.name}"
        with (folder / "log").open("w") as log:
            words = _crun(folder, "run", f"--bundle={folder}", name)
            process = subprocess.Popen(words, stdout=log, stderr=log, text=True)
        try:
            yield Container(name, ":".join(map(str, _ids(root))), process, folder)
        finally:
            subprocess.run(_crun(folder, "delete", "--force", name), capture_output=True, check=False)
            process.send_signal(signal.SIGKILL)
            process.wait()


def _crun(state: Path, *arguments: str) -> list[str]:
    return [*_CGROUP2, "crun", f"--root={state}", "--cgroup-manager=disabled", *arguments]


def _ids(root: Path) -> tuple[int, int]:
    """Return the user and group that the image made; where it made none, root."""
    rows = {row[0]: row for row in (line.split(":") for line in (root / "etc/passwd").read_text().splitlines())}
    row = rows.get("hayakoe", rows["root"])
    return int(row[2]), int(row[3])


def _bind(inside: str, place: Path, mode: str) -> dict[str, Any]:
    return {"destination": inside, "type": "none", "source": str(place), "options": ["bind", mode]}


def _oci(
    settings: dict[str, Any], root: Path, volume: Path, arguments: Sequence[str], *, writable_data: bool
) -> dict[str, Any]:
    """Return the runtime's configuration (OCI runtime specification 1.0)."""
    user, group = _ids(root)
    quiet = ["nosuid", "noexec", "nodev"]
    return {
        "ociVersion": "1.0.2",
        "root": {"path": str(root), "readonly": True},
        "hostname": "hayakoe",
        "process": {
            "user": {"uid": user, "gid": group},
            "args": [*(settings["Entrypoint"] or ()), *arguments],
            "env": settings["Env"],
            "cwd": settings.get("WorkingDir") or "/",
            "noNewPrivileges": True,
            "capabilities": {},
        },
        "mounts": [
            {"destination": "/proc", "type": "proc", "source": "proc"},
            {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755"]},
            {"destination": "/dev/shm", "type": "tmpfs", "source": "shm", "options": quiet},
            {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": quiet},
            _bind("/data", volume, "rw" if writable_data else "ro"),
        ],
        "linux": {"namespaces": [{"type": kind} for kind in ("pid", "mount", "ipc", "uts", "network")]},
    }
