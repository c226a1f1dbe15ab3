"""The command line in the process of the tests."""

import logging
import os
from dataclasses import dataclass

import pytest

from tests.support import clean_environment
from wyoming_hayakoe.cli import main


@dataclass(frozen=True)
class Ended:
    """The end of one run of the command line."""

    code: int
    stdout: str

    stderr: str
    """Standard error, with the lines of the log last."""


@pytest.fixture
def run_here(capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture):
    """Run the command line as ``tests.support.run_program`` does, but in this process."""
    logger = logging.getLogger("wyoming_hayakoe")
    level = logger.level

    def run(*arguments: str, **environment: str) -> Ended:
        capsys.readouterr()
        caplog.clear()
        with pytest.MonkeyPatch.context() as patch:
            for name in [name for name in os.environ if name.startswith("HAYAKOE_")]:
                patch.delenv(name)
            for name, value in clean_environment(**environment).items():
                patch.setenv(name, value)
            code = main(arguments)
        printed = capsys.readouterr()
        # A process of the program writes to standard error what pytest collects as its log.
        log = "".join(f"{record.getMessage()}\n" for record in caplog.records)
        return Ended(code, printed.out, printed.err + log)

    yield run
    logger.setLevel(level)
