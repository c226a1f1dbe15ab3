"""Stages on the disk."""

import numpy as np
import pytest
from onnx import ModelProto

from tests.engine.kokoro.published import F0, session
from wyoming_hayakoe.engine.graphs.model_file import model_files, read_model
from wyoming_hayakoe.engine.kokoro.harmonics import harmonics, phases
from wyoming_hayakoe.engine.kokoro.stage_files import write_stage


@pytest.mark.parametrize("stage", ["source", "generator"])
def test_a_stage_is_read_as_it_was_written(stages, stage, tmp_path):
    copy = ModelProto()
    copy.CopyFrom(stages.graphs[stage])
    path = tmp_path / f"{stage}.onnx"
    write_stage(copy, path)
    assert copy.ByteSize() < 500_000
    assert [file.name for file in model_files(path)] == [f"{stage}.onnx", f"{stage}.onnx.data"]
    expected = {tensor.name: tensor.raw_data for tensor in stages.graphs[stage].graph.initializer}
    assert {tensor.name: tensor.raw_data for tensor in read_model(path).graph.initializer} == expected


def test_a_written_stage_computes_the_same(stages, in_fp32, tmp_path):
    copy = ModelProto()
    copy.CopyFrom(stages.source)
    write_stage(copy, tmp_path / "source.onnx")
    f0 = in_fp32[F0][:, :20]
    one, other = (harmonics(session(each), f0, phases(f0), 3, 9) for each in (tmp_path / "source.onnx", stages.source))
    np.testing.assert_array_equal(one, other)
