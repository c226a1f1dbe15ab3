"""Durations by HTS engine's own C functions, where pyopenjtalk-plus's extension exports them, as on Linux."""

import ctypes
import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from pyopenjtalk import htsengine

# The structure has a few hundred bytes.
_ENGINE = 1 << 16


def state_frames(voice: Path, labels: Sequence[str], speed: float) -> list[int]:
    """Return the frames of each state that the engine speaks ``labels`` with, or skip the test."""
    library = ctypes.CDLL(htsengine.__file__)
    try:
        durations = library.HTS_Engine_get_state_duration
    except AttributeError:
        pytest.skip("pyopenjtalk-plus does not export the engine's functions here")
    durations.argtypes, durations.restype = (ctypes.c_void_p, ctypes.c_size_t), ctypes.c_size_t
    library.HTS_Engine_get_total_state.restype = ctypes.c_size_t
    library.HTS_Engine_set_speed.argtypes = (ctypes.c_void_p, ctypes.c_double)
    engine = ctypes.create_string_buffer(_ENGINE)
    library.HTS_Engine_initialize(engine)
    names = (ctypes.c_char_p * 1)(os.fsencode(voice))
    assert library.HTS_Engine_load(engine, names, ctypes.c_size_t(1))
    lines = (ctypes.c_char_p * len(labels))(*(label.encode() for label in labels))
    library.HTS_Engine_set_speed(engine, speed)
    assert library.HTS_Engine_synthesize_from_strings(engine, lines, ctypes.c_size_t(len(labels)))
    frames = [durations(engine, at) for at in range(library.HTS_Engine_get_total_state(engine))]
    library.HTS_Engine_clear(engine)
    return frames
