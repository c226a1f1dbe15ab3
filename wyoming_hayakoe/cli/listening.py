"""Where the server listens, and so where its clients on the same machine find it."""

import argparse

from wyoming_hayakoe.cli import values
from wyoming_hayakoe.cli.options import Option, config_path, read_config, resolve
from wyoming_hayakoe.errors import UsageError
from wyoming_hayakoe.server.listeners import StdioAddress, TcpAddress, UnixAddress, parse_uri
from wyoming_hayakoe.server.settings import ServerSettings

URI = Option("uri", values.uri, "where to listen (repeatable; default: tcp://0.0.0.0:10200)", is_list=True)

# Who listens at every address is reached at loopback.
_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104


def server_uri(flags: argparse.Namespace) -> str:
    """Return where to connect to: the first address that --uri, HAYAKOE_URI or the configuration file gives the server.

    Raises:
        UsageError: it is no address, or none that others can connect to.
    """
    path = config_path(flags)
    given = resolve([URI], flags, read_config(path), str(path)).get(URI.name)
    uris = given.value if given else ServerSettings().uris
    addresses = [parse_uri(uri) for uri in uris]
    # Any other before standard input and output.
    match min(addresses, key=lambda address: isinstance(address, StdioAddress)):
        case TcpAddress(host, port):
            host = _LOOPBACK.get(host, host)
            return f"tcp://[{host}]:{port}" if ":" in host else f"tcp://{host}:{port}"
        case UnixAddress(file):
            return f"unix://{file.absolute()}"
        case StdioAddress():
            raise UsageError("--uri: nobody can connect to stdio://: give tcp://HOST:PORT or unix:///PATH")
