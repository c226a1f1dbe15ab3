import logging

import pytest
from hypothesis import HealthCheck, settings

from tests.prepared import prepared_forms
from tests.support import FRONT_END
from tests.voices import GatedVoice
from wyoming_hayakoe.engine.openjtalk import OpenJTalkVoice
from wyoming_hayakoe.speaker import Speaker

# Nothing is timed here: machines are busy, and some are emulated. Fixtures that last for all examples are meant to.
settings.register_profile("untimed", deadline=None, suppress_health_check=list(HealthCheck))
settings.load_profile("untimed")


@pytest.fixture(autouse=True)
def _log_levels():
    """Leave the levels of the program's loggers as they were: commands set them, and run in this process too."""
    loggers = [logging.getLogger(name) for name in ("wyoming_hayakoe", "wyoming_hayakoe.cli.progress")]
    levels = [logger.level for logger in loggers]
    yield
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


@pytest.fixture(scope="session")
def voice():
    """The built-in voice, loaded once: it may be shared."""
    built_in = OpenJTalkVoice()
    Speaker(built_in, FRONT_END).prepare()
    return built_in


@pytest.fixture(scope="session")
def forms(tmp_path_factory):
    """A data folder with prepared forms of the tiny voice, for :func:`tests.prepared.with_forms`."""
    return prepared_forms(tmp_path_factory)


@pytest.fixture
def gated():
    """The built-in voice, which computes its first window and then waits for its gate."""
    gated = GatedVoice()
    gated.prepare()
    yield gated
    gated.gate.set()
