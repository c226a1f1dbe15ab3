"""Ask a running server what it offers, as Home Assistant does; the exit code is 0 if it answers, else 1."""

import argparse
import asyncio
import time
from dataclasses import dataclass

from wyoming_hayakoe.cli.client import Client
from wyoming_hayakoe.cli.options.converters import number
from wyoming_hayakoe.cli.options.option import add_options, option, options_of
from wyoming_hayakoe.cli.options.resolve import ConfigFile, config_path, read_config, resolve
from wyoming_hayakoe.cli.options.table import LISTENING, Listening
from wyoming_hayakoe.errors import HayakoeError, UsageError, counted
from wyoming_hayakoe.server.listeners import StdioAddress, TcpAddress, UnixAddress, parse_uri


@dataclass(frozen=True, kw_only=True)
class _Waiting:
    """How long the server may take."""

    timeout: float = option(number(0.1, 3600), 5.0, "time in which the server has to answer", "SECONDS")


_OPTIONS = options_of(_Waiting)

# A server that listens at every address is reached at loopback.
_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's flags."""
    parser.add_argument("--uri", metavar="URI", help="server to ask (default: the one of this configuration)")
    add_options(parser, _OPTIONS)


def run(flags: argparse.Namespace) -> int:
    """Ask, and print the answer in one line."""
    uri = _server_uri(flags)
    limit = resolve(_Waiting, _OPTIONS, flags, ConfigFile()).settings.timeout
    started = time.monotonic()
    voices = asyncio.run(_count_voices(uri, limit))
    print(f"{uri}: offers {counted(voices, 'voice')}, answered after {1000 * (time.monotonic() - started):.0f} ms")
    return 0


def _server_uri(flags: argparse.Namespace) -> str:
    """Return the address to connect to: the first that --uri, HAYAKOE_URI or the configuration file gives the server.

    Raises:
        UsageError: it is no address, or none that others can connect to.
    """
    settings = resolve(Listening, LISTENING, flags, read_config(config_path(flags))).settings
    addresses = [parse_uri(uri) for uri in settings.uri]
    # Any other before standard input and output.
    match min(addresses, key=lambda address: isinstance(address, StdioAddress)):
        case TcpAddress(host, port):
            host = _LOOPBACK.get(host, host)
            return f"tcp://[{host}]:{port}" if ":" in host else f"tcp://{host}:{port}"
        case UnixAddress(file):
            return f"unix://{file.absolute()}"
        case StdioAddress():
            raise UsageError("--uri: nobody can connect to stdio://: give tcp://HOST:PORT or unix:///PATH")


async def _count_voices(uri: str, limit: float) -> int:
    try:
        async with asyncio.timeout(limit), Client(uri) as client:
            info = await client.describe()
    except TimeoutError:
        raise HayakoeError(f"the server at {uri} does not answer within {limit:g} s") from None
    return sum(len(program.voices) for program in info.tts)
