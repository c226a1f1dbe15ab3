"""Names that clients may use, with a voice of several styles: none ships yet, neural voices have them."""

import dataclasses

import pytest

from tests.support import FRONT_END
from wyoming_hayakoe.engine.openjtalk import OpenJTalkVoice
from wyoming_hayakoe.errors import RequestError, UsageError
from wyoming_hayakoe.server.catalogue import Catalogue, Preset, Requested
from wyoming_hayakoe.server.wyoming.info import make_info
from wyoming_hayakoe.speaker import Speaker
from wyoming_hayakoe.utterance import SynthesisParams


class Actress(OpenJTalkVoice):
    name = "actress"
    description = "Actress"
    styles = ("calm", "happy", "angry")


ACTRESS = Speaker(Actress(), FRONT_END)
MEI = Speaker(OpenJTalkVoice(), FRONT_END)
HAPPY = Preset("cheer", "actress", SynthesisParams(style="happy", speed=0.9))


def test_each_further_style_is_a_voice_too_for_home_assistant_shows_no_speakers():
    (program,) = make_info(Catalogue([ACTRESS, MEI], [HAPPY]), streaming=True).tts
    listed = {voice.name: [speaker.name for speaker in voice.speakers or []] for voice in program.voices}
    assert listed == {
        "actress": ["calm", "happy", "angry"],
        "actress:happy": [],
        "actress:angry": [],
        "mei": ["normal"],
        "cheer": [],
    }
    assert program.voices[1].description == "Actress: happy"


def test_the_default_style_is_the_one_that_is_not_listed_again():
    angry = dataclasses.replace(ACTRESS, params=SynthesisParams(style="angry"))
    names = [entry.name for entry in Catalogue([angry]).entries]
    assert names == ["actress", "actress:calm", "actress:happy"]


@pytest.mark.parametrize(
    ("requested", "voice", "style"),
    [
        (Requested(), "actress", None),
        (Requested(name="actress:happy"), "actress", "happy"),
        (Requested(name="actress", style="angry"), "actress", "angry"),
        (Requested(style="happy"), "actress", "happy"),
        (Requested(name="cheer"), "actress", "happy"),
        (Requested(language="JA_jp"), "actress", None),
    ],
)
def test_who_speaks(requested, voice, style):
    speaker = Catalogue([ACTRESS, MEI], [HAPPY]).find(requested)
    assert (speaker.voice.name, speaker.params.style) == (voice, style)


@pytest.mark.parametrize(
    ("requested", "code"),
    [
        (Requested(name="actress:sad"), "unknown-voice"),
        (Requested(name="actress", style="sad"), "unknown-style"),
        (Requested(name="actress:happy", style="angry"), "unknown-style"),
        (Requested(name="cheer", style="angry"), "unknown-style"),
        (Requested(language="en"), "unknown-voice"),
    ],
)
def test_what_is_not_there_is_refused(requested, code):
    with pytest.raises(RequestError) as error:
        Catalogue([ACTRESS, MEI], [HAPPY]).find(requested)
    assert error.value.code == code


def test_a_name_comes_first_if_asked_for():
    catalogue = Catalogue([ACTRESS, MEI], [HAPPY])
    catalogue.put_first(["cheer", "mei"])
    assert [entry.name for entry in catalogue.entries] == ["cheer", "mei", "actress", "actress:happy", "actress:angry"]
    assert [speaker.voice.name for speaker in catalogue.speakers] == ["actress", "mei"]


def test_two_voices_cannot_have_one_name():
    with pytest.raises(UsageError, match="'actress:happy'"):
        Catalogue([ACTRESS], [dataclasses.replace(HAPPY, name="actress:happy")])
