"""Thousands of malformed events through real sockets: the server answers the next client as if there were none."""

import asyncio
import random
from contextlib import suppress

import pytest

from tests.hostile.events import TRACES, malformed
from tests.hostile.honest import ask, describe
from tests.support import program

CONNECTIONS = 400
AT_ONCE = 8


async def fuzz(port: int, chance: random.Random) -> None:
    """Send events, whole or in two pieces, then end in one of the ways in which clients end."""
    with suppress(OSError):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        data = b"".join(malformed(chance) for _ in range(chance.randrange(1, 8)))
        at = chance.randrange(len(data) + 1)
        ending = chance.choice(("closes", "leaves", "waits"))
        try:
            writer.write(data[:at])
            await asyncio.sleep(0)
            writer.write(data[at:])
            if ending != "leaves":
                if ending == "closes":
                    writer.write_eof()
                with suppress(TimeoutError):
                    async with asyncio.timeout(0.2 if ending == "waits" else 5):
                        while await reader.read(1 << 16):
                            pass
        finally:
            writer.transport.abort()


@pytest.mark.parametrize("seed", [1])
async def test_malformed_events_harm_nobody(tmp_path, seed):
    with program(HAYAKOE_DATA_DIR=str(tmp_path)) as server:
        places = asyncio.Semaphore(AT_ONCE)

        async def one(number: int) -> None:
            async with places:
                await fuzz(server.port, random.Random(1000 * seed + number))

        await asyncio.gather(*(one(number) for number in range(CONNECTIONS)))
        assert (await describe(server.port)).problem == ""
        assert (await ask(server.port, "mei")).problem == ""
        log = "".join(server.log)
        assert "Traceback" not in log
        assert [trace for trace in TRACES if trace in log] == []
