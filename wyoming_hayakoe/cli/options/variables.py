"""Environment variables that begin like this program's and that nothing reads: most are misspelt."""

import logging
import os
from collections.abc import Mapping

from wyoming_hayakoe.cli.nearest import did_you_mean
from wyoming_hayakoe.cli.options.option import PREFIX
from wyoming_hayakoe.cli.options.table import SERVING
from wyoming_hayakoe.publish.credentials import KEYS

_LOGGER = logging.getLogger(__name__)

# Beside the options: the file of options, the option of health, and what publish.env may hold.
_KNOWN = frozenset({*(option.variable for option in SERVING), f"{PREFIX}CONFIG", f"{PREFIX}TIMEOUT", *KEYS})
# Kubernetes sets these in every pod beside a service called hayakoe.
_LINKS = tuple(PREFIX + start for start in ("SERVICE_HOST", "SERVICE_PORT", "PORT_"))


def unknown_variables(environment: Mapping[str, str]) -> list[str]:
    """Return a line for each variable that begins with HAYAKOE_ and is none of this program's."""
    return [
        f"{name}: no such variable{did_you_mean(name, sorted(_KNOWN)) or ': it has no effect'}"
        for name in sorted(environment)
        if name.startswith(PREFIX) and name not in _KNOWN and not name.startswith(_LINKS)
    ]


def warn_of_unknown_variables() -> None:
    """Warn of each once: the variables are removed, so that a child process does not warn of them again."""
    for line in unknown_variables(os.environ):
        _LOGGER.warning("%s", line)
        os.environ.pop(line.partition(":")[0])
