"""The network on PyTorch beside its ONNX graph: the same seed gives the same sound."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.publish.shared import CHECKOUT, with_pytorch
from tests.support import FRONT_END, clean_environment
from wyoming_hayakoe import TTS
from wyoming_hayakoe.devices import choose
from wyoming_hayakoe.errors import HayakoeError, UsageError
from wyoming_hayakoe.utterance import SynthesisParams
from wyoming_hayakoe.voice import Delivery

TEXT = "明日は全国的に晴れて、気温が上がるでしょう。"
SEED = 3


def spoken(repository, tmp_path, *, compiles=False):
    out = tmp_path / "spoken.npz"
    program = Path(__file__).with_name("spoken_by_pytorch.py")
    arguments = [out, repository, tmp_path / "data", TEXT, SEED, int(compiles)]
    result = subprocess.run(
        [sys.executable, program, *map(str, arguments)],
        env=clean_environment(**with_pytorch(tmp_path / "site")),
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-2000:]
    with np.load(out) as results:
        return dict(results)


def spoken_on_onnx_runtime(repository, tmp_path):
    tts = TTS(cache_dir=tmp_path / "onnx", compiled=False).load("rand-jp", str(repository))
    speech = tts.speakers["rand-jp"].voice.speak(FRONT_END.read(TEXT), SynthesisParams(seed=SEED), Delivery(raw=True))
    windows = list(speech.windows)
    return {
        "sound": np.concatenate(windows),
        "durations": [timing.duration for timing in speech.timings],
        "sizes": [len(window) for window in windows],
    }


@pytest.mark.parametrize("compiles", [False, True])
def test_pytorch_speaks_as_onnx_runtime_window_by_window(tiny_repository, tmp_path, compiles):
    expected = spoken_on_onnx_runtime(tiny_repository, tmp_path)
    found = spoken(tiny_repository, tmp_path, compiles=compiles)
    assert np.array_equal(found["durations"], expected["durations"])
    assert list(found["sizes"]) == expected["sizes"]
    assert np.abs(found["sound"] - expected["sound"]).max() < 1e-4 * np.abs(expected["sound"]).max()


def test_a_device_that_is_not_here_is_one_line(monkeypatch):
    monkeypatch.setattr("wyoming_hayakoe.devices.find_spec", lambda _: None)
    monkeypatch.setattr("wyoming_hayakoe.devices.has_cuda", lambda: False)
    with pytest.raises(HayakoeError, match="device cuda: neither PyTorch nor ONNX Runtime finds") as told:
        TTS("cuda")
    assert "\n" not in str(told.value)
    with pytest.raises(HayakoeError, match="device pytorch: PyTorch is not installed"):
        TTS("pytorch")
    with pytest.raises(UsageError, match="device 'tpu': choose auto, cpu, cuda or pytorch"):
        TTS("tpu")
    assert choose("auto") == ("cpu", None)
    monkeypatch.setattr("wyoming_hayakoe.devices.has_cuda", lambda: True)
    assert choose("auto") == choose("cuda") == ("cuda", None)
