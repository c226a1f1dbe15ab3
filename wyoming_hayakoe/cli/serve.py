"""Serve Japanese voices over the Wyoming protocol, for Home Assistant and Rhasspy."""

import argparse
import asyncio
import logging
import os

from wyoming_hayakoe.cli.options import add_options
from wyoming_hayakoe.cli.settings import LOG_FORMAT, SERVING, configure
from wyoming_hayakoe.server.server import Server

_LOGGER = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the server's flags."""
    add_options(parser, SERVING)


def run(flags: argparse.Namespace) -> int:
    """Serve until told to stop."""
    configured = configure(flags, SERVING, may_lack=True)
    logging.basicConfig(
        level=logging.DEBUG if configured.values.get("debug") else logging.INFO,
        format=configured.values.get("log-format", LOG_FORMAT),
    )
    # Their own debug lines tell nothing of this program.
    for name in ("asyncio", "zeroconf"):
        logging.getLogger(name).setLevel(logging.INFO)
    for failure in configured.failures:
        _LOGGER.error("a voice is left out: %s", failure)
    server = Server(configured.server_settings, configured.catalogue)
    asyncio.run(server.run())
    if server.is_aborted:
        # Python would wait for the step that the lane still computes.
        logging.shutdown()
        os._exit(0)
    return 0
