"""HAProxy with the very file of deploy/, and the replicas behind it."""

import asyncio
import csv
import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.deploy.needs import DEPLOY, need
from tests.support import DEADLINE, Program, eventually, free_port, program

CONFIG = DEPLOY / "haproxy.cfg"
BOARDS = ("board1", "board2", "board3")


def configuration(ports: dict[str, int], port: int, admin: Path) -> str:
    """Return deploy/haproxy.cfg with the addresses of this machine."""
    text = CONFIG.read_text(encoding="utf-8")
    changes = {rf"server {name} \S+": f"server {name} 127.0.0.1:{port}" for name, port in ports.items()}
    changes |= {r"bind :10200": f"bind 127.0.0.1:{port}", r"(?<=stats socket )\S+": str(admin)}
    if os.geteuid() != 0:
        changes |= {r"\n *(user|group|chroot) .*": ""}
    for before, after in changes.items():
        text, count = re.subn(before, after, text)
        assert count, before
    return text


class Balancer:
    """HAProxy as systemd starts it: a master, which a reload gives another worker."""

    def __init__(self, ports: dict[str, int], folder: Path) -> None:
        """Balance between the replicas on ``ports``, by name."""
        self.ports = ports
        self.port = free_port()
        self.uri = f"tcp://127.0.0.1:{self.port}"
        self._admin = folder / "admin.sock"
        self._config = folder / "haproxy.cfg"
        self.write()
        self.log = (folder / "haproxy.log").open("w+", encoding="utf-8")
        command = ["haproxy", "-W", "-db", "-f", str(self._config)]
        self.process = subprocess.Popen(command, stdout=self.log, stderr=subprocess.STDOUT)

    def write(self, **more: int) -> None:
        """Write the configuration, with a line for each further replica."""
        text = configuration(self.ports, self.port, self._admin)
        lines = [f"    server {name} 127.0.0.1:{port}\n" for name, port in more.items()]
        self._config.write_text(text + "".join(lines), encoding="utf-8")

    def reload(self) -> None:
        """Do as `systemctl reload haproxy` does."""
        self.process.send_signal(signal.SIGUSR2)

    def ask(self, command: str) -> str:
        """Give a command over the runtime socket, and return what it says."""
        with socket.socket(socket.AF_UNIX) as admin:
            admin.settimeout(DEADLINE)
            admin.connect(str(self._admin))
            admin.sendall(command.encode() + b"\n")
            return b"".join(iter(lambda: admin.recv(1 << 16), b"")).decode()

    def status(self, name: str) -> dict[str, str]:
        """Return what HAProxy knows of a replica, in the columns of `show stat`; nothing while it starts."""
        try:
            table = self.ask("show stat").lstrip("# ").splitlines()
        except (FileNotFoundError, ConnectionError):
            return {}
        return next((row for row in csv.DictReader(table) if row["svname"] == name), {})

    @property
    def worker(self) -> str:
        """The process that balances: a reload starts another."""
        return next(line for line in self.ask("show info").splitlines() if line.startswith("Pid:"))

    async def until(self, name: str, status: str) -> None:
        """Wait until HAProxy finds a replica UP or DOWN."""
        await eventually(lambda: self.status(name).get("status") == status, f"{name} is {status}")

    def close(self) -> None:
        """End it at once."""
        self.process.terminate()
        self.process.wait(DEADLINE)
        self.log.close()


class Fleet:
    """Replicas on ports of this machine, which can be restarted, and a balancer before three of them."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        """Start them; the end of ``stack`` ends them."""
        self._stack = stack
        self.replicas: dict[str, Program] = {}
        self.balancer = Balancer({name: self.start(name).port for name in BOARDS}, folder)
        stack.callback(self.balancer.close)

    def start(self, name: str) -> Program:
        """Start a replica, where it was before if it was, and wait until it listens."""
        before = self.replicas.get(name)
        # Being busy is tested elsewhere.
        started = program("--max-queue", "100", port=before and before.port)
        self.replicas[name] = self._stack.enter_context(started)
        return self.replicas[name]

    async def restart(self, name: str) -> None:
        """Stop a replica as systemd does, and start it again."""
        self.replicas[name].process.terminate()
        assert await asyncio.to_thread(self.replicas[name].wait) == 0
        await asyncio.to_thread(self.start, name)

    def kill(self, name: str) -> None:
        """Have a replica die without a word."""
        self.replicas[name].process.kill()
        self.replicas[name].wait()

    async def make_whole(self) -> None:
        """Have the three run, and wait until HAProxy knows that."""
        for name in BOARDS:
            if self.replicas[name].process.poll() is not None:
                await asyncio.to_thread(self.start, name)
        for name in BOARDS:
            await self.balancer.until(name, "UP")


@contextmanager
def fleet(folder: Path) -> Iterator[Fleet]:
    """Start three replicas and HAProxy before them."""
    need("haproxy")
    with ExitStack() as stack:
        yield Fleet(stack, folder)
