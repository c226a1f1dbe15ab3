"""A Piper graph that was published to do harm ends nothing, and what it says about itself is not believed."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from tests.hostile import graphs
from wyoming_hayakoe.engine.graphs.checks import UnsafeGraphError, check
from wyoming_hayakoe.errors import HayakoeError

VOICES = Path(__file__).parents[1] / "data" / "piper"
