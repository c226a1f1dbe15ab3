"""A checkpoint, published to each kind of destination, speaks from there: here, and with HayaKoe."""

import json
import shutil
import subprocess
from functools import partial

import numpy as np
import pytest

from tests.publish.shared import CHECKOUT, made_once, run_peer, with_pytorch
from tests.publish.test_peer import CASES, STILL, describe
from tests.support import DEADLINE, FRONT_END, clean_environment, command
from wyoming_hayakoe import TTS
from wyoming_hayakoe.voice import Delivery


@pytest.fixture(scope="module")
def training(repository, tmp_path_factory):
    """A folder as a training leaves it."""
    checkpoint = repository / "pytorch" / "speakers" / "rand-jp"
    return made_once(tmp_path_factory, "training", lambda folder: shutil.copytree(checkpoint, folder / "v1")) / "v1"


def run_publish(training, repository, folder, *arguments, **environment):
    given = ("publish", str(training), "--name", "rand-jp", "--bert-source", str(repository), "--yes", *arguments)
    result = subprocess.run(
        command(*given),
        cwd=folder,
        env=clean_environment(**with_pytorch(folder / "site"), **environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=10 * DEADLINE,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.fixture
def publish(training, repository, tmp_path):
    return partial(run_publish, training, repository, tmp_path)


@pytest.fixture(scope="module")
def published(training, repository, tmp_path_factory):
    """A folder that it was published to for both backends, and what was said."""

    def publish_both(folder):
        said = run_publish(training, repository, folder, "--to", "./voices", "--backend", "both")
        (folder / "said.txt").write_text(said, encoding="utf-8")

    folder = made_once(tmp_path_factory, "published", publish_both)
    return folder, (folder / "said.txt").read_text(encoding="utf-8")


def test_both_backends_speak_from_there(published):
    folder, said = published
    assert {path.name for path in (folder / ".verify_audio").iterdir()} == {"rand-jp_cpu.wav", "rand-jp_cuda.wav"}
    assert said.count("it speaks from there") == 2
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


@pytest.mark.parametrize("s3_server", ["moto"], indirect=True)
def test_to_a_bucket(publish, published, bucket):
    # The graphs were made by then, and are kept beside the checkpoint.
    said = publish("--to", f"s3://{bucket.name}/voices")
    assert "exported from rand-jp.safetensors, as before" in said
    assert "it speaks from there" in said


def test_to_a_hub(publish, published, hub):
    repository = hub.repository()
    repository.commit({".gitattributes": b""})
    assert "it speaks from there" in publish("--to", "hf://me/voices", HF_ENDPOINT=hub.endpoint)
    assert "onnx/speakers/rand-jp/synthesizer.onnx" in repository.files()
