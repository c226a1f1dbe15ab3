"""Passages of a text are its sentences, less what is not for the ear, however it arrives."""

from hypothesis import given
from hypothesis import strategies as st

from tests.text.strategies import cuts_of
from wyoming_hayakoe.text.passage import Passage
from wyoming_hayakoe.text.passage_cutter import PassageCutter, cut
from wyoming_hayakoe.text.sentences import split

PARTS = st.sampled_from(
    [
        *("はい。", "ええ", "？", "\n", "<think>", "</think>", "```\n", "```", "[1]", "、", "」", " ", "3 < 5", "。"),
        *("<break time='1s'/>", "<p>", "</p>", "<prosody rate='slow'>", "</prosody>", "<voice name='x'>", "</voice>"),
    ]
)
TEXTS = st.lists(PARTS, max_size=20).map("".join)


@given(TEXTS, st.booleans(), st.data())
def test_how_a_text_is_cut_changes_nothing(text, ssml, data):
    cutter = PassageCutter(ssml=ssml)
    passages = [passage for chunk in data.draw(cuts_of(text)) for passage in cutter.feed(chunk)]
    assert [*passages, *cutter.end()] == cut(text, ssml=ssml)


@given(TEXTS)
def test_passages_of_plain_text_are_its_sentences(text):
    if not set("<`") & set(text):
        assert cut(text) == [Passage(sentence) for sentence in split(text) if sentence.strip()]


def test_a_pause_in_a_stream_ends_a_sentence():
    cutter = PassageCutter()
    assert cutter.feed("はい。") == []
    assert cutter.sentence_is_complete
    assert cutter.pause() == [Passage("はい。")]
    assert cutter.end() == []
