"""A machine with systemd, as far as namespaces make one: a Debian booted in a network of its own."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.deploy.containers import WITH_INIT, debian, files_of, plain_image, run
from tests.deploy.needs import DEPLOY
from tests.support import DEADLINE, command

TOOLS = ("buildah", "ip", "mmdebstrap", "nsenter", "unshare")
_BOOT = Path(__file__).with_name("boot.sh")
_NAMESPACES = ("--mount", "--pid", "--net", "--ipc", "--uts", "--cgroup")
_UNITS = Path("etc/systemd/system")


@dataclass
class Machine:
    """One that has booted."""

    root: Path
    pid: int

    def entered(self, *arguments: str) -> list[str]:
        """Return the command line that runs this machine's own program in it."""
        return ["nsenter", f"--target={self.pid}", *_NAMESPACES, *arguments]

    def near(self, *arguments: str) -> list[str]:
        """Return the command line that runs a program of ours in its network."""
        return ["nsenter", f"--target={self.pid}", "--net", *arguments]

    def systemctl(self, *arguments: str) -> str:
        """Return what systemctl prints, whatever its exit code."""
        words = self.entered("systemctl", "--no-pager", *arguments)
        done = subprocess.run(words, capture_output=True, text=True, timeout=DEADLINE, check=False)
        return (done.stdout + done.stderr).strip()

    def shows(self, unit: str, name: str) -> str:
        """Return one property of a unit."""
        return self.systemctl("show", "--value", f"--property={name}", unit)

    def until(self, unit: str, name: str, value: str) -> None:
        """Wait for a property of a unit."""
        end = time.monotonic() + 2 * DEADLINE
        while self.shows(unit, name) != value:
            assert time.monotonic() < end, self.systemctl("status", "--full", unit)
            time.sleep(0.1)

    def journal(self, unit: str) -> str:
        """Return what a unit has logged."""
        return run(*self.entered("journalctl", "--no-pager", "--output=cat", f"--unit={unit}"))

    def until_logged(self, unit: str, line: str) -> None:
        """Wait for a line of a unit's log."""
        end = time.monotonic() + 2 * DEADLINE
        while line not in (journal := self.journal(unit)):
            assert time.monotonic() < end, journal
            time.sleep(0.2)

    def say(self, text: str, target: Path, *options: str) -> bytes:
        """Have its server speak, and return the file."""
        words = command("say", text, "-o", str(target), "--uri", "tcp://127.0.0.1:10200", *options)
        run(*self.near(*words), timeout=2 * DEADLINE)
        return target.read_bytes()


def install(root: Path, unit: str, drop_in: str = "") -> None:
    """Put a unit of deploy/ where systemd finds it, and have it started at boot."""
    units = root / _UNITS
    (units / unit).write_text((DEPLOY / unit).read_text())
    wanted = units / "multi-user.target.wants"
    wanted.mkdir(exist_ok=True)
    (wanted / unit).symlink_to(f"../{unit}")
    if drop_in:
        (units / f"{unit}.d").mkdir()
        (units / f"{unit}.d" / "test.conf").write_text(drop_in)


def unpack(folder: Path) -> Path:
    """Return a folder with a Debian that has systemd and Python."""
    root = folder / "root"
    root.mkdir()
    run("tar", "--extract", f"--directory={root}", f"--file={debian(*WITH_INIT)}")
    (root / "opt/wyoming-hayakoe").mkdir()
    # It waits for a network manager that is not there.
    (root / _UNITS / "systemd-networkd-wait-online.service").symlink_to("/dev/null")
    return root


@contextmanager
def booted(root: Path) -> Iterator[Machine]:
    """Boot it, with this checkout's program installed as the image has it."""
    with files_of(plain_image()) as image:
        words = ["unshare", "--fork", "--kill-child", *_NAMESPACES, "bash", _BOOT, root, image / "opt/wyoming-hayakoe"]
        log = root.with_name("boot.log")
        with log.open("w") as console:
            process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=console, stderr=console)
        try:
            machine = Machine(root, _child(process))
            end = time.monotonic() + 2 * DEADLINE
            # Degraded is one that has a unit that failed.
            while machine.systemctl("is-system-running") not in {"running", "degraded"}:
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < end, machine.systemctl("list-jobs")
                time.sleep(0.1)
            yield machine
        finally:
            process.kill()
            process.wait()


def _child(process: subprocess.Popen[bytes]) -> int:
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    end = time.monotonic() + DEADLINE
    while not (pids := children.read_text().split()):
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.01)
    return int(pids[0])


def assert_unprivileged(machine: Machine, unit: str) -> None:
    """Check that a unit's process is nobody in particular, and may do nothing special."""
    pid = machine.shows(unit, "MainPID")
    status = run(*machine.entered("cat", f"/proc/{pid}/status"))
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    # systemd gives dynamic users an id of 61184 to 65519.
    assert 61184 <= int(fields["Uid"].split()[0]) <= 65519
    assert int(fields["CapEff"], 16) == int(fields["CapBnd"], 16) == 0
    assert fields["NoNewPrivs"] == "1"
    assert fields["Seccomp"] == "2"
    assert os.geteuid() == 0
