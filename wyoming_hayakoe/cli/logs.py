"""What is logged on standard error, and how."""

import logging
import sys
from collections.abc import Mapping
from typing import Any

from wyoming_hayakoe.cli import native_output, values
from wyoming_hayakoe.cli.options import Option

LOGGING = (
    Option("debug", values.switch, "log everything, and tracebacks"),
    Option("log-format", values.log_format, "format of log lines, as in Python's logging", "FORMAT"),
)
SERVER_FORMAT = "%(asctime)s %(levelname)-7s %(message)s"


def start_logging(given: Mapping[str, Any], log_format: str) -> None:
    """Log as the options ``given`` say, in ``log_format`` where they say nothing of that."""
    # On a terminal a line takes the place of a download's bar, which is drawn again below it.
    erase = "\r\x1b[K" if sys.stderr.isatty() else ""
    # Others' lines tell nothing of this program, and those of HTTP libraries hold signed addresses.
    logging.basicConfig(format=erase + str(given.get("log-format", log_format)))
    logging.getLogger("wyoming_hayakoe").setLevel(logging.DEBUG if given.get("debug") else logging.INFO)
    if given.get("debug"):
        native_output.show()
