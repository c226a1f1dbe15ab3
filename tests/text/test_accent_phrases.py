"""Accent phrases: what a reading becomes to be edited, and what is spoken of it afterwards."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import FRONT_END, shared
from wyoming_hayakoe.engine.hts.breath_groups import labels_of
from wyoming_hayakoe.text.accent_phrases import (
    AccentPhrase,
    PhraseMora,
    PhraseWord,
    accent_phrases,
    morae_of,
    utterance,
)
from wyoming_hayakoe.text.mora_prosody import by_mora, wanted_of
from wyoming_hayakoe.text.morae import MORA_PHONES
from wyoming_hayakoe.utterance import Prosody

SENTENCES = (
    "橋の端で、お箸を使っていますか？",
    "「はい」と言った。SwitchBotはONです…",
    "コーヒーは3,500円！",
    "東京ー大阪間",
)


def phrases_of(text):
    return accent_phrases(FRONT_END.read(text))


def assert_same(read, made):
    for name in ("phones", "tones", "word2ph", "bert_text", "reading"):
        assert getattr(made, name) == getattr(read, name), name
    assert labels_of(made) == labels_of(read)


@pytest.mark.parametrize("text", SENTENCES)
def test_what_was_not_edited_is_spoken_as_it_was_read(text):
    read = FRONT_END.read(text.lstrip("「"))
    assert_same(read, utterance(accent_phrases(read)))


def test_the_golden_sentences_are_spoken_as_they_were_read():
    lines = shared("golden/readings.tsv").read_text(encoding="utf-8").splitlines()[1:]
    for line in lines[::12]:
        read = FRONT_END.read(line.split("\t")[0])
        if read.words and read.words[0].morae:
            assert_same(read, utterance(accent_phrases(read)))


@given(st.text(alphabet="橋の端。、？！「」あいかガきゃっんーABC12 ", max_size=20))
def test_any_text_becomes_phrases_that_can_be_spoken(text):
    read = FRONT_END.read(text)
    made = utterance(accent_phrases(read))
    assert made.reading == read.reading
    assert sum(made.word2ph) == len(made.phones) == len(made.tones)
    assert len(made.word2ph) == len(made.bert_text) + 2


def test_an_accent_that_is_moved_moves_the_pitch():
    (phrase,) = phrases_of("橋が")
    flat = utterance([replace(phrase, accent=0)])
    first = utterance([replace(phrase, accent=1)])
    assert [mora.high for word in flat.words for mora in word.morae] == [False, True, True]
    assert [mora.high for word in first.words for mora in word.morae] == [True, False, False]
    assert flat.bert_text == first.bert_text == "橋が"
    assert labels_of(flat) != labels_of(first)


def test_a_word_whose_morae_are_changed_keeps_its_surface():
    (phrase,) = phrases_of("七海が")
    words = (PhraseWord("七海", 3), PhraseWord("が", 1))
    changed = utterance([AccentPhrase((*morae_of("ナナミ"), *morae_of("ガ")), 1, phrase.mark, words)])
    assert changed.reading == "ナナミガ"
    assert changed.bert_text == "七海が"
    assert sum(changed.word2ph) == len(changed.phones)


def test_a_phrase_without_words_is_written_in_katakana():
    made = utterance([AccentPhrase(morae_of("コンニチワ"), 0, "。")])
    assert made.bert_text == "コンニチワ."
    assert len(labels_of(made)) > len("コンニチワ")


def test_devoicing_is_read_and_changes_open_jtalks_labels_alone():
    (phrase,) = phrases_of("好きです")
    assert [mora.kana for mora in phrase.morae if mora.devoiced] == ["ス", "ス"]
    voiced = replace(phrase, morae=tuple(replace(mora, devoiced=False) for mora in phrase.morae))
    assert utterance([voiced]).phones == utterance([phrase]).phones
    assert any("-U+" in label for label in labels_of(utterance([phrase])))
    assert not any("-U+" in label for label in labels_of(utterance([voiced])))


def test_every_kana_that_is_a_mora_has_a_label():
    for kana, phones in MORA_PHONES.items():
        made = utterance([AccentPhrase((PhraseMora("ア"), PhraseMora(kana, devoiced=True), PhraseMora("カ")), 1)])
        spoken = "".join(re.findall(r"-(\w+)\+", "\n".join(labels_of(made)))).removeprefix("sil").removesuffix("sil")
        assert spoken.startswith("a"), kana
        assert spoken.endswith("ka"), kana
        assert len(spoken) > len("aka"), (kana, phones)


def test_a_long_vowel_repeats_the_vowel_of_the_phrase_before():
    made = utterance([AccentPhrase(morae_of("カ"), 0), AccentPhrase((PhraseMora("ー"),), 0)])
    assert made.phones == ("_", "k", "a", "a", "_")


@pytest.mark.parametrize(
    ("phrase", "message"),
    [
        (AccentPhrase((PhraseMora("漢"),), 0), "is no mora"),
        (AccentPhrase((PhraseMora("ー"),), 0), "is no mora"),
        (AccentPhrase((PhraseMora("ア"),), 2), "beyond the 1 morae"),
        (AccentPhrase((), 0), "beyond the 0 morae"),
        (AccentPhrase((PhraseMora("ア"),), 0, "x"), "no mark"),
        (AccentPhrase((PhraseMora("ア"),), 0, "", (PhraseWord("亜", 2),)), "do not have its 1 morae"),
    ],
)
def test_what_cannot_be_spoken_is_refused_in_one_line(phrase, message):
    with pytest.raises(ValueError, match=message) as caught:
        utterance([phrase])
    assert "\n" not in str(caught.value)


MORAE = st.builds(PhraseMora, st.sampled_from(sorted(MORA_PHONES)), st.booleans())
PHRASES = st.lists(MORAE, min_size=1, max_size=6).flatmap(
    lambda morae: st.builds(
        AccentPhrase, st.just(tuple(morae)), st.integers(0, len(morae)), st.sampled_from(["", "、", "。", "？", "！"])
    )
)


@given(st.lists(PHRASES, max_size=4), st.data())
def test_lengths_and_pitches_by_mora_are_those_by_phone(phrases, data):
    made = utterance(phrases)
    values = st.lists(st.floats(0.01, 2.0, allow_nan=False), min_size=len(made.phones), max_size=len(made.phones))
    told = Prosody(tuple(data.draw(values)), tuple(100 * value for value in data.draw(values)))
    morae, rests = by_mora(made, told)
    assert len(morae) == sum(len(phrase.morae) for phrase in phrases)
    assert len(rests) == sum(bool(phrase.mark) for phrase in phrases)
    again, rests_again = by_mora(
        made, Prosody(tuple(each.seconds or 0.0 for each in wanted_of(made, morae, rests)), told.pitches)
    )
    for one, other in zip(morae, again, strict=True):
        assert other.vowel == one.vowel
        assert other.consonant == pytest.approx(one.consonant)
    assert rests_again == pytest.approx(rests)


def test_nothing_is_wanted_of_what_is_left_to_the_voice():
    made = utterance([AccentPhrase(morae_of("アカ"), 0, "、"), AccentPhrase(morae_of("サ"), 0)])
    wanted = wanted_of(made, [None, None, None])
    assert all(each.seconds is None and each.pitch is None for each in wanted)
    with pytest.raises(ValueError, match="not as many"):
        wanted_of(made, [None])
