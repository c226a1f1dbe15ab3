"""Notifications to systemd, in the protocol of sd_notify(3); nothing is sent where systemd does not run the server."""

import asyncio
import logging
import os
import socket

from wyoming_hayakoe.errors import in_words

_LOGGER = logging.getLogger(__name__)


def notify(state: str) -> None:
    """Send ``state`` (READY=1, STOPPING=1, WATCHDOG=1) to the socket in NOTIFY_SOCKET; without one, do nothing."""
    if "NOTIFY_SOCKET" not in os.environ:
        return
    try:
        with _sender() as sender:
            _send(sender, state)
    except OSError as error:
        _LOGGER.warning("cannot send %s to systemd: %s", state, in_words(error))


async def feed_watchdog() -> None:
    """Send WATCHDOG=1 twice in each interval that systemd sets, for ever; return at once if it sets none."""
    interval = os.environ.get("WATCHDOG_USEC", "")
    meant_for = os.environ.get("WATCHDOG_PID", str(os.getpid()))
    if not interval.isdecimal() or int(interval) == 0 or meant_for != str(os.getpid()):
        return
    # One socket for ever: systemd would end a server that has no descriptor left for another.
    with _sender() as sender:
        while True:
            try:
                _send(sender, "WATCHDOG=1")
            except OSError as error:
                _LOGGER.warning("cannot send WATCHDOG=1 to systemd: %s", in_words(error))
            await asyncio.sleep(int(interval) / 2_000_000)


def _sender() -> socket.socket:
    sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sender.setblocking(False)
    return sender


def _send(sender: socket.socket, state: str) -> None:
    """Send ``state``; raise OSError where nobody receives it."""
    if path := os.environ.get("NOTIFY_SOCKET"):
        # A leading @ stands for the zero byte of Linux's abstract sockets.
        sender.sendto(state.encode(), "\0" + path[1:] if path.startswith("@") else path)
