"""The published Kokoro's values and stages, computed once for all tests of a process."""

import pytest

from tests.engine.kokoro import published
from wyoming_hayakoe.engine.kokoro.dequantize import dequantized
from wyoming_hayakoe.engine.kokoro.division import divide


@pytest.fixture(scope="session")
def feeds():
    return published.sentence()


@pytest.fixture(scope="session")
def stages():
    return divide(published.published())


@pytest.fixture(scope="session")
def in_int8(feeds):
    """What the published graph makes of the sentence, by its names of the values."""
    names = [published.DURATIONS, published.TEXT, published.F0, published.ENERGY, published.AUDIO]
    return published.computed(published.published(), names, feeds)


@pytest.fixture(scope="session")
def in_fp32(feeds):
    """What the published graph makes of the sentence with fp32 weights."""
    names = [published.TEXT, published.F0, published.ENERGY, published.HARMONICS, published.AUDIO]
    return published.computed(dequantized(published.published()), names, feeds)
