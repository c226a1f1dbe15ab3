import pytest

from wyoming_hayakoe.engine.openjtalk import OpenJTalkVoice


@pytest.fixture(scope="session")
def voice():
    """The built-in voice, loaded once: it may be shared."""
    built_in = OpenJTalkVoice()
    built_in.prepare()
    return built_in
