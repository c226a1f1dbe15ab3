"""What the tests do in processes of their own."""

import os
import signal
import sys
from pathlib import Path

from wyoming_hayakoe.sources.location import open_source
from wyoming_hayakoe.sources.source import Patience

QUICK = Patience(connect=5.0, read=5.0, attempts=3, first_pause=0.001, longest_pause=0.002)


def fetch(endpoint: str, data: str, prefix: str) -> None:
    os.environ["HF_ENDPOINT"] = endpoint
    open_source("me/voices", Path(data), patience=QUICK).fetch(prefix)


def fetch_and_die(endpoint: str, data: str, prefix: str, step: int) -> None:
    """Fetch, and be killed at the given step: a system call that Python reports, or a piece that arrived."""
    os.environ["HF_ENDPOINT"] = endpoint
    source = open_source("me/voices", Path(data), patience=QUICK)
    left = step

    def count(*_: object) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)
    source.fetch(prefix, count)


def serve_with_sockets_blocked(data: str, prefix: str) -> None:
    """Fetch without the network; whoever as much as looks up a name fails."""

    def block(event: str, arguments: tuple) -> None:
        if event.startswith("socket."):
            raise AssertionError(f"{event}{arguments}")

    sys.addaudithook(block)
    source = open_source("me/voices", Path(data), offline=True)
    assert source.list(prefix)
    print(source.fetch(prefix))


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
