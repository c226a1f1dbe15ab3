"""VOICEVOX's accent phrases, from and to those of this program."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import FRONT_END
from wyoming_hayakoe.engine.nominal_prosody import nominal_prosody
from wyoming_hayakoe.server.http.fields import Fields
from wyoming_hayakoe.server.http.voicevox.phrases import SpokenPhrase, json_of, phrases_of, sentences_of
from wyoming_hayakoe.server.http.voicevox.synthesis import AudioQuery, sentences_to_speak
from wyoming_hayakoe.server.http.voicevox.told import Memory
from wyoming_hayakoe.text.accent_phrases import AccentPhrase, PhraseMora, accent_phrases, utterance
from wyoming_hayakoe.text.mora_prosody import by_mora
from wyoming_hayakoe.text.morae import MORA_PHONES
from wyoming_hayakoe.utterance import SynthesisParams

SCALES = {
    "speedScale": 1.0,
    "pitchScale": 0.0,
    "intonationScale": 1.0,
    "volumeScale": 1.0,
    "prePhonemeLength": 0.1,
    "postPhonemeLength": 0.1,
    "outputSamplingRate": 24_000,
    "outputStereo": False,
}

MORAE = st.builds(
    lambda kana, devoiced: PhraseMora(kana, devoiced and MORA_PHONES[kana][-1] in "aiueo"),
    st.sampled_from(sorted(MORA_PHONES)),
    st.booleans(),
)
PHRASES = st.builds(
    lambda morae, accent, mark: AccentPhrase(tuple(morae), accent % len(morae), mark),
    st.lists(MORAE, min_size=1, max_size=6),
    st.integers(0, 5),
    st.sampled_from(["", "、", "。", "？", "！", "…"]),
)


def told(phrases) -> list[dict]:
    """Return phrases as a client gets them."""
    spoken = utterance(phrases)
    lengths, rests = by_mora(spoken, nominal_prosody(spoken))
    morae, waits = iter(lengths), iter(rests)
    found = [
        SpokenPhrase(phrase, tuple(next(morae) for _ in phrase.morae), next(waits) if phrase.mark else None)
        for phrase in phrases
    ]
    return json.loads(json.dumps(json_of(found, [mora for word in spoken.words for mora in word.morae])))


def given_back(sent) -> list[SpokenPhrase]:
    return phrases_of(Fields({"accent_phrases": sent}))


@settings(max_examples=40)
@given(st.lists(PHRASES, min_size=1, max_size=5))
def test_what_was_told_comes_back(phrases):
    # A question in front of another phrase is one that rests: VOICEVOX tells both.
    back = [spoken.phrase for spoken in given_back(told(phrases))]
    assert [(each.morae, each.accent) for each in back] == [(each.morae, each.accent) for each in phrases]
    assert [each.mark for each in back[:-1]] == [each.mark for each in phrases[:-1]]
    assert ("？" in back[-1].mark) == ("？" in phrases[-1].mark)


@settings(max_examples=40)
@given(st.lists(st.integers(1, 300), max_size=30), st.sampled_from(["", "、"]))
def test_no_sentence_is_longer_than_voices_can_speak(lengths, mark):
    phrases = [SpokenPhrase(AccentPhrase((PhraseMora("ア"),) * n, 0, mark), (None,) * n, None) for n in lengths]
    sentences = list(sentences_of(phrases))
    assert [each for sentence in sentences for each in sentence] == phrases
    assert all(sum(len(each.morae) for each in sentence) <= 400 for sentence in sentences)


def test_kana_that_is_none_is_made_of_the_phones():
    (phrase,) = told(accent_phrases(FRONT_END.read("きゃく")))
    phrase["moras"][0]["text"] = ""
    phrase["moras"][1]["text"] = "く"
    (back,) = given_back([phrase])
    assert [mora.kana for mora in back.phrase.morae] == ["キャ", "ク"]


def test_a_question_is_a_statement_where_it_must_not_rise():
    sent = told(accent_phrases(FRONT_END.read("好きですか？")))
    query = AudioQuery.of(Fields({"accent_phrases": sent, **SCALES}))
    (rising,) = sentences_to_speak(query, Memory(), 1)
    (level,) = sentences_to_speak(query, Memory(), 1, upspeak=False)
    assert "?" in rising.utterance.phones
    assert "?" not in level.utterance.phones


def test_words_are_found_again_when_an_accent_a_boundary_or_another_word_changes():
    memory = Memory()
    read = accent_phrases(FRONT_END.read("橋の端を、箸で渡る。"))
    spoken = [SpokenPhrase(phrase, (None,) * len(phrase.morae), None) for phrase in read]
    memory.learn(1, spoken)

    def written(phrases) -> str:
        query = AudioQuery.of(Fields({"accent_phrases": phrases, **SCALES}))
        return "".join(sentence.utterance.bert_text for sentence in sentences_to_speak(query, memory, 1))

    sent = told(read)
    assert written(sent) == utterance(read).bert_text
    sent[0]["accent"] = 1
    assert written(sent) == utterance(read).bert_text
    joined = [sent[0] | {"moras": sent[0]["moras"] + sent[1]["moras"], "pause_mora": sent[1]["pause_mora"]}, *sent[2:]]
    assert "橋の端を" in written(joined)
    other = json.loads(json.dumps(sent))
    other[-1]["moras"][0] |= {"text": "カ", "consonant": "k"}
    assert "橋の端を" in written(other)
    assert "渡る" not in written(other)


@pytest.mark.parametrize(("tempo", "share"), [(0.0, 0.0), (0.5, 0.1), (1.0, 0.4), (1.5, 0.6), (2.0, 1.0), (None, 0.4)])
def test_the_dynamics_of_the_tempo_are_the_share_of_drawn_durations(tempo, share):
    scales = dict.fromkeys(("speedScale", "intonationScale", "volumeScale"), 1.0)
    silences = dict.fromkeys(("pitchScale", "prePhonemeLength", "postPhonemeLength"), 0.0)
    sent = scales | silences | {"outputSamplingRate": 24_000, "outputStereo": False, "accent_phrases": []}
    query = AudioQuery.of(Fields(sent | ({} if tempo is None else {"tempoDynamicsScale": tempo})))
    # At 1, what the voice has itself.
    assert query.params(SynthesisParams(sdp_ratio=0.4)).sdp_ratio == pytest.approx(share)
