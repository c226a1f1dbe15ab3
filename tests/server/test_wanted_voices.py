"""From what is wanted and what is here to what is offered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import FRONT_END
from tests.voices import BeepVoice
from wyoming_hayakoe.engine.openjtalk import OpenJTalkVoice
from wyoming_hayakoe.errors import UsageError
from wyoming_hayakoe.server.catalogue import Preset
from wyoming_hayakoe.server.wanted_voices import WantedVoices
from wyoming_hayakoe.speaker import Speaker
from wyoming_hayakoe.utterance import SynthesisParams

MEI = OpenJTalkVoice()


def here(*names):
    speakers = {"mei": Speaker(MEI, FRONT_END)}
    for name in names:
        voice = BeepVoice()
        voice.name = name
        speakers[name] = Speaker(voice, FRONT_END)
    return speakers


@given(st.lists(st.sampled_from("abcd"), unique=True), st.sets(st.sampled_from("abcd")))
def test_what_is_wanted_and_here_is_offered_in_the_configured_order(wanted, present):
    configured = WantedVoices(dict.fromkeys(wanted), first=[*wanted, "mei"])
    voices = [name for name in configured.catalogue(here(*present)).names if ":" not in name]
    assert voices == [*(name for name in wanted if name in present), "mei"]


def test_a_preset_comes_with_its_voice():
    preset = Preset("merry", "a", SynthesisParams(style="Happy"))
    wanted = WantedVoices({"a": None}, first=["merry", "a:Happy"], presets=[preset])
    assert wanted.catalogue(here()).names == ["mei"]
    assert wanted.catalogue(here("a")).names[:2] == ["merry", "a:Happy"]


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (WantedVoices(first=["b"], where_voice="--voice"), "--voice: no voice 'b': there is mei"),
        (
            WantedVoices(presets=[Preset("x", "b", SynthesisParams(), origin="[[preset]] 1")]),
            "[[preset]] 1: voice: no voice",
        ),
        (
            WantedVoices(params=SynthesisParams(style="Sad"), where_style="--speaker"),
            "--speaker: voice 'mei' has no",
        ),
        (WantedVoices({"a": None}, first=["a:Sad"], where_voice="--voice"), "--voice: no voice 'a:Sad': there is a, "),
    ],
)
def test_what_nobody_can_bring_is_refused(wanted, words):
    with pytest.raises(UsageError) as error:
        wanted.catalogue(here("a"))
    assert str(error.value).startswith(words)


def test_a_style_may_be_that_of_a_voice_on_its_way():
    wanted = WantedVoices({"a": None}, params=SynthesisParams(style="Happy"))
    assert wanted.catalogue(here()).entries[0].speaker.params.style is None
    assert wanted.catalogue(here("a")).entries[0].speaker.params.style == "Happy"
