"""Listening sockets: tcp://HOST:PORT, unix://PATH, stdio://."""

import errno
import os
import socket
import stat
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from wyoming_hayakoe.errors import HayakoeError

DEFAULT_PORT = 10200
BACKLOG = 256
"""Clients that the system lets in before the server accepts them."""

# Bytes that the kernel buffers for a client that reads slowly: over a second of speech. Its default is megabytes.
_SEND_BUFFER = 128 * 1024
_FORMS = "tcp://HOST:PORT, unix:///PATH or stdio://"


@dataclass(frozen=True, slots=True)
class TcpAddress:
    """A host name or address, and a port."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class UnixAddress:
    """A socket in the file system."""

    path: Path


@dataclass(frozen=True, slots=True)
class StdioAddress:
    """Standard input and output."""


Address = TcpAddress | UnixAddress | StdioAddress


def parse_uri(uri: str) -> Address:
    """Return the address that ``uri`` names.

    Raises:
        ValueError: the URI has another form; the text lists the allowed ones.
    """
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        raise ValueError(_FORMS) from None
    if parts.scheme == "tcp" and parts.hostname and not parts.path.strip("/"):
        return TcpAddress(parts.hostname, DEFAULT_PORT if port is None else port)
    if parts.scheme == "unix" and (path := parts.netloc + parts.path):
        return UnixAddress(Path(path))
    if parts.scheme == "stdio" and not parts.netloc + parts.path.strip("/"):
        return StdioAddress()
    raise ValueError(_FORMS)


def open_tcp(address: TcpAddress, flag: str = "--uri") -> list[socket.socket]:
    """Return listening sockets for every address of the host that ``flag`` names; ``::`` listens for IPv4 too.

    Raises:
        HayakoeError: no socket can be opened.
    """
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        raise HayakoeError(f"host {address.host!r} of {flag} is not known: use 0.0.0.0 or an address") from None
    sockets: list[socket.socket] = []
    problem: OSError | None = None
    for family, _, _, _, where in dict.fromkeys(found):
        try:
            sockets.append(_listen(family, where))
        except OSError as error:
            problem = problem or error
    if not sockets or (problem and problem.errno == errno.EADDRINUSE):
        for opened in sockets:
            opened.close()
        raise HayakoeError(_explain_tcp(address, problem, flag)) from problem
    return sockets


def open_unix(address: UnixAddress) -> socket.socket:
    """Return a listening socket at the path; the socket of a server that has ended is replaced.

    Raises:
        HayakoeError: the path is in use, or the socket cannot be made.
    """
    path = address.path
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _remove_stale(path)
        listener.bind(str(path))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise HayakoeError(
            f"cannot listen at {path} ({error.strerror or error}): choose another path with --uri unix:///PATH"
        ) from error
    listener.setblocking(False)
    return listener


class StdioPipe:
    """Standard input and output as one socket, whether they are pipes, files or a terminal.

    Two threads copy, so that back-pressure holds at both ends. Only this pipe writes to standard output: everything
    else that the program prints goes to descriptor 2, which is discarded unless ``--debug``, since C code prints the
    text that it reads.
    """

    def __init__(self) -> None:
        self.socket, self._inside = socket.socketpair()
        self._output = os.dup(sys.stdout.fileno())
        for stream in (sys.stdin.fileno(), self._output):
            os.set_blocking(stream, True)
        os.dup2(2, sys.stdout.fileno())
        # A daemon, since it may wait for input that never comes.
        threading.Thread(target=self._copy_in, name="stdin", daemon=True).start()
        self._writer = threading.Thread(target=self._copy_out, name="stdout", daemon=True)
        self._writer.start()

    def close(self, timeout: float) -> None:
        """Wait until all answers have been written, ``timeout`` seconds at most."""
        self._writer.join(timeout)

    def _copy_in(self) -> None:
        try:
            while data := os.read(sys.stdin.fileno(), 1 << 16):
                self._inside.sendall(data)
            self._inside.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the server has closed its end

    def _copy_out(self) -> None:
        try:
            with os.fdopen(self._output, "wb", buffering=0) as output:
                while data := self._inside.recv(1 << 16):
                    view = memoryview(data)
                    while view:
                        view = view[output.write(view) :]
        except OSError:
            # The reader of standard output has left: the server sees the end of the stream.
            self._inside.close()


def _listen(family: int, where: tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]) -> socket.socket:
    dual = family == socket.AF_INET6 and where[0] == "::" and socket.has_dualstack_ipv6()
    listener = socket.create_server(where, family=family, backlog=BACKLOG, dualstack_ipv6=dual)
    # Connections inherit both. asyncio sets TCP_NODELAY only where the socket's protocol number is given, which
    # create_server leaves at 0; without it, the second packet of an answer waits 40 ms for a delayed ACK (RFC 1122).
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
    listener.setblocking(False)
    return listener


def _explain_tcp(address: TcpAddress, error: OSError | None, flag: str) -> str:
    if error is not None and error.errno == errno.EADDRINUSE:
        return (
            f"port {address.port} on {address.host} is in use: stop the program that uses it, "
            f"or choose another port with {flag} tcp://{address.host}:PORT"
        )
    reason = "no address" if error is None else error.strerror or str(error)
    return f"cannot listen on {address.host} port {address.port} ({reason}): choose another with {flag} tcp://HOST:PORT"


def _remove_stale(path: Path) -> None:
    """Remove the socket of a server that has ended; leave anything else."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise FileExistsError(errno.EEXIST, "something else is there")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
        else:
            raise OSError(errno.EADDRINUSE, "another server listens there")
