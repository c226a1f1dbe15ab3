"""A checkpoint, published for both backends, speaks from there: here, and with HayaKoe."""

import json
import shutil
import subprocess

import numpy as np
import pytest

from tests.publish.conftest import given
from tests.publish.shared import CHECKOUT, made_once, run_peer, with_pytorch
from tests.publish.test_peer import CASES, STILL, describe
from tests.support import DEADLINE, FRONT_END, clean_environment, command
from wyoming_hayakoe import TTS
from wyoming_hayakoe.voice import Delivery


@pytest.fixture(scope="module")
def training(tiny_repository, tmp_path_factory):
    """A folder as a training leaves it, which takes no further files: in place of the folder for graphs is a file."""

    def make(folder):
        shutil.copytree(tiny_repository / "pytorch" / "speakers" / "rand-jp", folder / "v1")
        (folder / "v1" / "onnx").write_bytes(b"")

    return made_once(tmp_path_factory, "training", make) / "v1"


@pytest.fixture(scope="module")
def published(training, tiny_repository, tmp_path_factory):
    """A folder that it was published to for both backends, and what was said."""

    def publish_both(folder):
        arguments = given(folder=training, name="rand-jp", bert_source=tiny_repository)
        result = subprocess.run(
            command(*arguments, "--yes", "--to", "./voices", "--backend", "both"),
            cwd=folder,
            env=clean_environment(**with_pytorch(folder / "site"), HAYAKOE_DATA_DIR=str(folder / "data")),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=10 * DEADLINE,
            check=False,
        )
        assert result.returncode == 0, result.stdout
        (folder / "said.txt").write_text(result.stdout, encoding="utf-8")

    folder = made_once(tmp_path_factory, "published", publish_both)
    return folder, (folder / "said.txt").read_text(encoding="utf-8")


def test_both_backends_speak_from_there(published):
    folder, said = published
    assert {path.name for path in (folder / ".verify_audio").iterdir()} == {"rand-jp_cpu.wav", "rand-jp_cuda.wav"}
    assert said.count("it speaks from there") == 2
    # Whatever takes seconds is said.
    assert "exporting rand-jp.safetensors: synthesizer.onnx: 1 of 4" in said
    assert said.index("verifying rand-jp for gpu: 1 of 1") < said.index("uploading ")
    names = {path.name for path in (folder / "voices" / "onnx" / "speakers" / "rand-jp").iterdir()}
    assert names == {"config.json", "style_vectors.npy", "synthesizer.onnx", "duration_predictor.onnx"}
    names = {path.name for path in (folder / "voices" / "pytorch" / "speakers" / "rand-jp").iterdir()}
    assert names == {"config.json", "style_vectors.npy", "rand-jp.safetensors"}


def test_hayakoe_says_the_same_with_it_as_this_program(published, tmp_path):
    voices = published[0] / "voices"
    cases = [(text, params) for text, params in CASES if params.speaker_id == STILL.speaker_id]
    described = [describe(FRONT_END.read(text), params, 1) for text, params in cases]
    (tmp_path / "cases.json").write_text(json.dumps({"sentences": described, "texts": []}), encoding="utf-8")
    run_peer(CHECKOUT / "tests" / "publish" / "peer.py", "speak", tmp_path, voices)
    tts = TTS(cache_dir=tmp_path / "data", precision="fp32").load("rand-jp", str(voices))
    voice = tts.speakers["rand-jp"].voice
    with np.load(tmp_path / "results.npz") as theirs:
        for index, (text, params) in enumerate(cases):
            speech = voice.speak(FRONT_END.read(text), params, Delivery(raw=True))
            sound, expected = np.concatenate(list(speech.windows)), theirs[f"sound{index}"]
            assert sound.shape == expected.shape
            assert np.abs(sound - expected).max() < 1e-4 * np.abs(expected).max()


@pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")  # huggingface_hub's own upload
def test_graphs_that_were_exported_before_are_found_in_the_data_folder(
    publish, published, training, tiny_repository, hub
):
    hosted = hub.repository()
    hosted.commit({".gitattributes": b""})
    data = published[0] / "data"
    assert len(list((data / "exports").iterdir())) == 1
    voice = {"folder": training, "name": "rand-jp", "bert_source": tiny_repository}
    environment = {"HF_ENDPOINT": hub.endpoint, "HF_TOKEN": "hf_mine", "HAYAKOE_DATA_DIR": str(data)}
    said = publish("--to", "hf://me/voices", "--yes", **voice, **environment).stdout
    assert "exported from rand-jp.safetensors, as before" in said
    assert "it speaks from there" in said
    assert "onnx/speakers/rand-jp/synthesizer.onnx" in hosted.files()
