"""A server that answers with whatever bytes a test wants, however slowly."""

import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import chain, repeat


@dataclass
class Wire:
    """The server; what it was asked, and how much it has sent."""

    address: str = ""
    requests: list[str] = field(default_factory=list)
    sent: int = 0
    closing: threading.Event = field(default_factory=threading.Event)


Answer = Callable[[str], "Iterator[bytes] | bytes"]
"""Takes the first line of a request; returns the bytes of the answer, in pieces that are sent one by one."""


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


@contextmanager
def answering(answer: Answer, *, between: float = 0.0) -> Iterator[Wire]:
    """Answer requests; wait ``between`` seconds after each piece."""
    wire = Wire()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            line = self.rfile.readline().decode("latin-1").strip()
            while self.rfile.readline().strip():
                pass
            wire.requests.append(line)
            pieces = answer(line)
            with suppress(OSError):  # the client has had enough
                for piece in [pieces] if isinstance(pieces, bytes) else pieces:
                    self.wfile.write(piece)
                    wire.sent += len(piece)
                    if wire.closing.wait(between):
                        return

    with _Server(("127.0.0.1", 0), Handler) as server:
        wire.address = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield wire
        finally:
            wire.closing.set()
            server.shutdown()
            thread.join()


def ok(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """Return a whole answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def endless(beginning: bytes, piece: bytes) -> Iterator[bytes]:
    """Return an answer that never ends."""
    head = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
    return chain([head + beginning], repeat(piece))
