"""One voice's network, whole and in stages, and what it makes of files that are no voice."""

import contextlib
import logging
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from tests.engine.sentences import sentence
from tests.support import TINY_REPO
from tests.uncuttable import make_uncuttable
from wyoming_hayakoe.engine.jp_extra.network import JP_EXTRA
from wyoming_hayakoe.engine.vits.synthesizer import Synthesizer
from wyoming_hayakoe.errors import HayakoeError
from wyoming_hayakoe.utterance import SynthesisParams

MODEL = TINY_REPO / "onnx" / "speakers" / "rand-jp" / "synthesizer.onnx"
STILL = SynthesisParams(noise=0.0, noise_w=0.0, sdp_ratio=0.3, seed=1)
OTHER_NAMES = {"x": "x_tst", "x_lengths": "x_tst_lengths", "tone": "tones", "language": "languages"}


def sound(synthesizer, inputs, params, **how):
    return np.concatenate(list(synthesizer.speak(inputs, params, **how).windows))


def pcm(samples):
    return np.round(samples * 32767).astype(np.int64)


@pytest.fixture(scope="module")
def synthesizer():
    return Synthesizer(JP_EXTRA, MODEL)


@pytest.fixture
def save(tmp_path):
    """Save a changed copy of the tiny voice's graph."""

    def save(change, **how):
        model = onnx.load(MODEL)
        change(model)
        path = tmp_path / "synthesizer.onnx"
        onnx.save(model, path, **how)
        return path

    return save


@pytest.mark.parametrize("count", [2, 20, 90])
def test_stages_together_are_the_graph(synthesizer, count):
    inputs = sentence(count)
    whole = onnxruntime.InferenceSession(MODEL)
    feeds = inputs.feeds(STILL)
    expected, durations = whole.run(
        ["audio", "durations"], {value.name: feeds[value.name] for value in whole.get_inputs()}
    )
    spoken = synthesizer.speak(inputs, STILL)
    found = np.concatenate(list(spoken.windows))
    assert np.array_equal(spoken.durations, durations[0])
    assert np.abs(found - expected[0, 0]).max() < 1e-5 * np.abs(expected).max()


@given(st.integers(1, 60), st.integers(0, 2**32 - 1))
@settings(max_examples=20)
def test_windows_are_the_undivided_sound_to_one_bit(synthesizer, count, seed):
    inputs, params = sentence(count, seed), SynthesisParams(seed=seed)
    divided, undivided = (sound(synthesizer, inputs, params, undivided=how) for how in (False, True))
    assert len(divided) == len(undivided)
    assert np.abs(pcm(divided) - pcm(undivided)).max() <= 1


def test_a_seed_decides_the_sound(synthesizer):
    inputs = sentence()
    first, again, other = (sound(synthesizer, inputs, SynthesisParams(seed=seed)) for seed in (5, 5, 6))
    assert np.array_equal(first, again)
    assert len(first) != len(other) or not np.allclose(first, other)
    assert np.array_equal(
        synthesizer.durations(inputs, SynthesisParams(seed=5)),
        synthesizer.speak(inputs, SynthesisParams(seed=5)).durations,
    )


def test_every_parameter_counts(synthesizer):
    inputs = sentence()
    plain = SynthesisParams(seed=3)
    usual = sound(synthesizer, inputs, plain)
    for change in ({"speed": 1.5}, {"noise": 0.1}, {"noise_w": 0.1}, {"sdp_ratio": 1.0}):
        changed = sound(synthesizer, inputs, replace(plain, **change))
        assert len(changed) != len(usual) or not np.allclose(changed, usual), change
    for other in (replace(inputs, style=-inputs.style), replace(inputs, speaker_id=1)):
        changed = sound(synthesizer, other, plain)
        assert len(changed) != len(usual) or not np.allclose(changed, usual)


def test_threads_do_not_disturb_each_other(synthesizer):
    jobs = [(sentence(10, seed), SynthesisParams(seed=seed)) for seed in range(8)]
    expected = [sound(synthesizer, *job) for job in jobs]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda job: sound(synthesizer, *job), jobs))
    assert all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))


def rename_inputs(model):
    names = [OTHER_NAMES.get(value.name, value.name) for value in model.graph.input]
    for value, name in zip(model.graph.input, names, strict=True):
        value.name = name
    for node in model.graph.node:
        node.input[:] = [OTHER_NAMES.get(name, name) for name in node.input]
    # In another order, as other exporters have them.
    values = [onnx.ValueInfoProto.FromString(value.SerializeToString()) for value in model.graph.input]
    del model.graph.input[:]
    model.graph.input.extend(reversed(values))


def drop_durations(model):
    del model.graph.output[1:]


@pytest.mark.parametrize(
    ("change", "how"),
    [
        (rename_inputs, {}),
        (drop_durations, {}),
        (
            lambda _: None,
            {"save_as_external_data": True, "size_threshold": 100, "location": "synthesizer.onnx.data"},
        ),
    ],
    ids=["other names", "no durations", "external data"],
)
def test_graphs_as_other_exporters_write_them_speak_alike(synthesizer, save, change, how):
    other = Synthesizer(JP_EXTRA, save(change, **how))
    assert other.is_cut
    inputs, params = sentence(), SynthesisParams(seed=1)
    assert np.array_equal(sound(other, inputs, params), sound(synthesizer, inputs, params))


def test_a_graph_that_cannot_be_cut_speaks_whole(save, synthesizer, caplog):
    with caplog.at_level(logging.WARNING):
        whole = Synthesizer(JP_EXTRA, save(make_uncuttable))
    assert len(caplog.records) == 1
    assert "sentence by sentence" in caplog.text
    assert not whole.is_cut
    assert whole.tells_durations
    assert whole.durations(sentence(), STILL) is None
    spoken = whole.speak(sentence(), STILL)
    assert np.allclose(np.concatenate(list(spoken.windows)), sound(synthesizer, sentence(), STILL), atol=1e-5)
    assert np.array_equal(spoken.durations, synthesizer.durations(sentence(), STILL))


def poison(name, value):
    def change(model):
        tensor = next(tensor for tensor in model.graph.initializer if tensor.name.endswith(name))
        array = numpy_helper.to_array(tensor).copy()
        array[...] = value
        tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (poison("dec.conv_pre.bias", np.nan), "no numbers"),
        (poison(".dp.proj.bias", 20.0), "frames: choose another voice"),
    ],
)
def test_what_is_no_sound_is_an_error_that_names_the_file(save, change, words):
    path = save(change)
    with pytest.raises(HayakoeError, match=words) as error:
        sound(Synthesizer(JP_EXTRA, path), sentence(), STILL)
    assert str(path) in str(error.value)


def test_features_of_another_width_are_an_error(synthesizer):
    with pytest.raises(HayakoeError, match=r"synthesizer\.onnx: fails"):
        synthesizer.speak(replace(sentence(), bert=np.zeros((768, 41), dtype=np.float32)), STILL)


def one_line(path):
    with pytest.raises(HayakoeError) as error:
        Synthesizer(JP_EXTRA, path)
    message = str(error.value)
    assert str(path) in message
    assert "\n" not in message
    return message


def test_a_missing_file_is_named(tmp_path):
    assert "is missing: fetch the voice again" in one_line(tmp_path / "synthesizer.onnx")


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.999])
def test_a_truncated_file_is_named(tmp_path, share, capfd):
    path = tmp_path / "synthesizer.onnx"
    content = MODEL.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    assert "fetch the voice again" in one_line(path)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("other", ["onnx/bert/q8/bert_q8.onnx", "onnx/speakers/rand-jp/config.json"])
def test_a_file_of_another_kind_is_named(tmp_path, other):
    path = tmp_path / "synthesizer.onnx"
    shutil.copy(TINY_REPO / other, path)
    assert "voice" in one_line(path).removeprefix(str(path))


@pytest.mark.parametrize(("name", "shown"), [("ja_bert", "'ja_bert'"), ("a\x1b[2J\nb", r"'a\x1b[2J\nb'")])
def test_a_voice_that_is_not_jp_extra_is_refused(save, name, shown):
    def add_input(model):
        model.graph.input.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 1024, "T"]))

    assert f"is no Style-Bert-VITS2 JP-Extra voice ({shown}" in one_line(save(add_input))


@pytest.mark.parametrize("location", ["../weights", "/etc/hostname", "a/../../b", "..\\b"])
def test_weights_from_outside_the_folder_are_refused(save, location):
    def point_elsewhere(model):
        tensor = model.graph.initializer[0]
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value=location)

    assert "outside its folder" in one_line(save(point_elsewhere))


def test_missing_external_weights_are_named(save, tmp_path):
    path = save(lambda _: None, save_as_external_data=True, size_threshold=100, location="weights.data")
    (tmp_path / "weights.data").write_bytes((tmp_path / "weights.data").read_bytes()[:1000])
    one_line(path)
    (tmp_path / "weights.data").unlink()
    with pytest.raises(HayakoeError, match="fetch the voice again"):
        Synthesizer(JP_EXTRA, path)


@given(st.lists(st.tuples(st.floats(0, 0.9999), st.integers(0, 255)), min_size=1, max_size=30))
@settings(max_examples=25)
def test_damage_never_raises_anything_else(tmp_path, damage):
    content = bytearray(MODEL.read_bytes())
    for place, value in damage:
        content[int(place * len(content))] = value
    path = tmp_path / "synthesizer.onnx"
    path.write_bytes(content)
    with contextlib.suppress(HayakoeError):
        assert np.isfinite(sound(Synthesizer(JP_EXTRA, path), sentence(3), STILL)).all()
