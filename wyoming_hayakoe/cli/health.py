"""Ask a running server what it offers, as Home Assistant does; exit with 0 if it answers, with 1 if not."""

import argparse
import asyncio
import time
from dataclasses import replace

from wyoming_hayakoe.cli import values
from wyoming_hayakoe.cli.client import Client
from wyoming_hayakoe.cli.listening import URI, server_uri
from wyoming_hayakoe.cli.options import Option, add_options, resolve
from wyoming_hayakoe.errors import HayakoeError

_TIMEOUT = Option("timeout", values.number(0.1, 3600), "how long it may take (default: 5)", "SECONDS")
_DEFAULT_TIMEOUT = 5.0
_ASKED = replace(URI, help="the server to ask (default: the one of this configuration)", is_list=False)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's flags."""
    add_options(parser, [_ASKED, _TIMEOUT])


def run(flags: argparse.Namespace) -> int:
    """Ask, and say in one line what was answered."""
    uri = server_uri(flags)
    given = resolve([_TIMEOUT], flags, {}, "").get(_TIMEOUT.name)
    started = time.monotonic()
    voices = asyncio.run(_count_voices(uri, given.value if given else _DEFAULT_TIMEOUT))
    offered = "1 voice" if voices == 1 else f"{voices} voices"
    print(f"{uri}: offers {offered}, said after {1000 * (time.monotonic() - started):.0f} ms")
    return 0


async def _count_voices(uri: str, limit: float) -> int:
    try:
        async with asyncio.timeout(limit), Client(uri) as client:
            info = await client.describe()
    except TimeoutError:
        raise HayakoeError(f"the server at {uri} does not answer within {limit:g} s") from None
    return sum(len(program.voices) for program in info.tts)
