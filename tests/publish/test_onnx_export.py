"""A checkpoint to a voice, through the real command line."""

import shutil
from importlib.util import find_spec

import numpy as np
import onnx
import pytest

from tests.publish.shared import made_once, run_peer
from tests.support import FRONT_END, TINY_REPO, run_program
from wyoming_hayakoe import TTS
from wyoming_hayakoe.engine.graphs import cutting
from wyoming_hayakoe.engine.graphs.model_file import read_model
from wyoming_hayakoe.extras import install_command
from wyoming_hayakoe.utterance import SynthesisParams
from wyoming_hayakoe.voice import Delivery

# Weights of more bytes than a file holds lie beside it: here of more than 512 KiB.
PROGRAM = (
    "import sys; from wyoming_hayakoe.publish import onnx_export; from wyoming_hayakoe.cli import main; "
    "onnx_export._LARGEST = 1 << 19; sys.exit(main(sys.argv[1:]))"
)


@pytest.fixture(scope="module")
def exported(tiny_repository, tmp_path_factory):
    """The repository's checkpoint as a speaker's folder."""
    checkpoint = tiny_repository / "pytorch" / "speakers" / "rand-jp" / "rand-jp.safetensors"
    return made_once(tmp_path_factory, "exported", lambda out: run_peer("-c", PROGRAM, "export", checkpoint, out))


def test_a_checkpoint_becomes_a_speakers_folder(exported):
    assert {path.name for path in exported.iterdir()} == {
        *("config.json", "style_vectors.npy", "synthesizer.onnx", "synthesizer.onnx.data", "duration_predictor.onnx")
    }
    model = read_model(exported / "synthesizer.onnx")
    assert [value.name for value in model.graph.output] == ["audio", "durations"]
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", 17)]


def test_the_graph_is_under_half_of_what_tracing_leaves_and_can_be_cut(exported, tiny_repository):
    model = read_model(exported / "synthesizer.onnx")
    traced = onnx.load(tiny_repository / "onnx" / "speakers" / "rand-jp" / "synthesizer.onnx")
    assert len(model.graph.node) < len(traced.graph.node) / 2
    assert cutting.cut(model).hop == 512


def test_it_speaks_as_the_graph_of_the_repository(exported, tiny_repository, tmp_path):
    still = SynthesisParams(noise=0.0, noise_w=0.0, sdp_ratio=0.0, seed=0)
    sounds = []
    for name, place in (("here", exported), ("there", tiny_repository / "onnx" / "speakers" / "rand-jp")):
        tts = TTS(cache_dir=tmp_path, bert_source=str(tiny_repository), compiled=False).load(name, str(place))
        voice = tts.pre_download().speakers[name].voice
        speech = voice.speak(FRONT_END.read("照明をつけました。"), still, Delivery(undivided=True, raw=True))
        sounds.append(np.concatenate(list(speech.windows)))
    assert sounds[0].shape == sounds[1].shape
    assert np.abs(sounds[0] - sounds[1]).max() < 1e-4 * np.abs(sounds[1]).max()


@pytest.mark.skipif(find_spec("torch") is not None, reason="PyTorch is installed here")
def test_without_pytorch_one_line_says_how_to_have_it(tmp_path):
    training = shutil.copytree(TINY_REPO / "onnx" / "speakers" / "rand-jp", tmp_path / "training")
    (training / "x.safetensors").write_bytes(b"weights")
    result = run_program("export", str(training / "x.safetensors"), str(tmp_path / "out"))
    assert result.returncode == 1
    assert result.stderr.decode().endswith(f"{install_command('publish')}\n")
    assert result.stderr.count(b"\n") == 1
    assert not list((tmp_path / "out").iterdir())


def test_a_pth_file_is_refused(tmp_path):
    (tmp_path / "G_100.pth").write_bytes(b"")
    result = run_program("export", str(tmp_path / "G_100.pth"), str(tmp_path / "out"))
    assert result.returncode == 1
    assert b"can run code" in result.stderr
    assert not (tmp_path / "out").exists()
