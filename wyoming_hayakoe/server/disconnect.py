"""Detection of clients that have left, as the kernel reports it.

The end of a client's input does not say that the client has left: ``nc`` shuts its sending side behind a request and
reads on. A client has left when its reading side is gone, which the kernel reports as POLLHUP or POLLERR:

- unix: as soon as the other end is closed.
- TCP: a close looks like a shutdown, since both are a FIN, until data is sent: a closed end answers with a reset.
"""

import asyncio
import select


def is_disconnected(writer: asyncio.StreamWriter) -> bool:
    """Return whether the kernel reports now that the client of ``writer`` has left."""
    descriptor = writer.get_extra_info("socket").fileno()
    if descriptor < 0:
        return True
    poll = select.poll()
    poll.register(descriptor, 0)  # POLLHUP and POLLERR are reported whether they are asked for or not
    return bool(poll.poll(0))


async def disconnected(writer: asyncio.StreamWriter) -> None:
    """Return as soon as the kernel reports that the client of ``writer`` has left.

    asyncio does not watch a socket whose input it has read to the end. Without epoll (macOS, or no descriptor is left)
    the kernel is asked once a second.
    """
    try:
        hang_ups = select.epoll()
    except (AttributeError, OSError):
        while not is_disconnected(writer):  # noqa: ASYNC110  nothing could set an event
            await asyncio.sleep(1.0)
        return
    left = asyncio.Event()
    loop = asyncio.get_running_loop()
    with hang_ups:
        if is_disconnected(writer):
            return
        hang_ups.register(writer.get_extra_info("socket").fileno(), 0)
        loop.add_reader(hang_ups.fileno(), left.set)
        try:
            await left.wait()
        finally:
            loop.remove_reader(hang_ups.fileno())
