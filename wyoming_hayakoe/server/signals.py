"""The signals that stop a server: SIGTERM, and SIGINT of Ctrl-C."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def stop_signals(handle: Callable[[], None]) -> Iterator[None]:
    """Call ``handle`` in the running event loop for each signal; afterwards the handlers are those of before."""
    loop = asyncio.get_running_loop()
    before = {kind: signal.getsignal(kind) for kind in (signal.SIGTERM, signal.SIGINT)}
    for kind in before:
        loop.add_signal_handler(kind, handle)
    try:
        yield
    finally:
        for kind, handler in before.items():
            loop.remove_signal_handler(kind)
            signal.signal(kind, handler)
