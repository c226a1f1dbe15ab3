"""Connections that end while bytes for the client are still in the server's buffer."""

import asyncio
import socket

from tests.hostile.events import event
from tests.support import eventually, local, running

# More than the server's socket and the client's take.
_TEXT = "p" * 500_000


async def slow_client(server):
    """Connect with a small receive buffer."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
    client.setblocking(False)
    await asyncio.get_running_loop().sock_connect(client, server.endpoints[0])
    return await asyncio.open_connection(sock=client, limit=4096)


async def test_an_answer_that_is_read_slowly_after_its_end_arrives_and_nothing_is_logged(voice, caplog):
    async with running(voice=voice) as server:
        reader, writer = await slow_client(server)
        writer.write(event("ping", {"text": _TEXT}))
        writer.write_eof()
        answer = b""
        while piece := await reader.read(4096):
            answer += piece
        assert _TEXT.encode() in answer
        writer.transport.abort()
        await eventually(lambda: not server.connections, "the connection is gone")
    assert [record.getMessage() for record in caplog.records if record.exc_info] == []


async def test_one_that_reads_nothing_to_its_end_is_hung_up_on(voice, caplog):
    async with running(local(stall_timeout=0.2), voice) as server:
        _, writer = await slow_client(server)
        writer.transport.pause_reading()
        writer.write(event("ping", {"text": _TEXT}))
        writer.write_eof()
        await eventually(lambda: bool(server.connections), "it is connected")
        await eventually(lambda: not server.connections, "the connection is gone")
        writer.transport.abort()
    assert [record.getMessage() for record in caplog.records if record.exc_info] == []
