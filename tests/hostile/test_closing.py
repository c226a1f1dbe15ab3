"""Connections that end while bytes for the client are still in the server's buffer."""

import asyncio
import socket

from tests.hostile.events import event
from tests.support import eventually, local, running


async def filled(server):
    """Return a client that reads nothing, and the server's transport for it, which has bytes that nobody takes."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.setblocking(False)
    await asyncio.get_running_loop().sock_connect(client, server.endpoints[0])
    reader, writer = await asyncio.open_connection(sock=client)
    writer.transport.pause_reading()
    await eventually(lambda: bool(server.connections), "it is connected")
    transport = server.connections[0]._writer.transport
    async with asyncio.timeout(30):
        while not transport.get_write_buffer_size():
            writer.write(event("ping", {"text": "p" * 5_000}))
            await asyncio.sleep(0.001)
    return reader, writer, transport


def failures(caplog):
    return [record.getMessage() for record in caplog.records if record.exc_info]


async def test_one_that_reads_the_rest_late_gets_it_and_nothing_is_logged(voice, caplog):
    async with running(voice=voice) as server:
        reader, writer, transport = await filled(server)
        writer.write_eof()
        await eventually(lambda: transport.is_closing() or transport.get_write_buffer_limits()[1] == 0, "it closes")
        writer.transport.resume_reading()
        answer = await reader.read()
        assert answer.endswith(b'pp"}')
        writer.transport.abort()
        await eventually(lambda: not server.connections, "the connection is gone")
    assert failures(caplog) == []


async def test_one_that_never_reads_the_rest_is_hung_up_on(voice, caplog):
    async with running(local(stall_timeout=0.2), voice) as server:
        _, writer, _ = await filled(server)
        writer.write_eof()
        await eventually(lambda: not server.connections, "the connection is gone")
        writer.transport.abort()
    assert failures(caplog) == []
