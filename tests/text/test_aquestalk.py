"""The AquesTalk-like notation of VOICEVOX."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import FRONT_END
from wyoming_hayakoe.text.accent_phrases import AccentPhrase, PhraseMora, accent_phrases
from wyoming_hayakoe.text.aquestalk import NotationError, parse, written


def test_a_text_is_written_as_it_is_read():
    phrases = accent_phrases(FRONT_END.read("橋の端で、お箸を使っていますか？"))
    assert written(phrases) == "ハシ'ノ/ハシデ'、オハ'シヲ/_ツカッテイマ'_スカ？"


def test_the_notation_is_read():
    flat, question = parse("トーキョーワ'、_スキ'？")
    assert [mora.kana for mora in flat.morae] == ["ト", "ー", "キョ", "ー", "ワ"]
    assert (flat.accent, flat.mark) == (0, "、")
    assert question == AccentPhrase((PhraseMora("ス", devoiced=True), PhraseMora("キ")), 0, "？")


# One mora after another must not read as a third: ク and a small ァ.
APART = st.builds(PhraseMora, st.sampled_from(["カ", "ク", "ン", "ッ", "ー", "キャ", "ヴァ"]), st.booleans())
PHRASES = st.lists(APART, min_size=1, max_size=6).flatmap(
    lambda morae: st.builds(
        AccentPhrase, st.just(tuple(morae)), st.integers(0, len(morae) - 1), st.sampled_from(["", "、", "？"])
    )
)


@given(st.lists(PHRASES, min_size=1, max_size=5))
def test_what_is_written_reads_as_it_was(phrases):
    # Behind the last phrase there is no sign for a rest.
    last = phrases[-1]
    phrases[-1] = AccentPhrase(last.morae, last.accent, "？" if last.mark == "？" else "")
    assert parse(written(tuple(phrases))) == tuple(phrases)


@given(st.text(alphabet="アカキャー'_/、？x", max_size=12))
def test_any_text_is_read_or_refused(text):
    phrases = ()
    with suppress(NotationError):
        phrases = parse(text)
    assert all(phrase.morae for phrase in phrases)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", "empty-phrase"),
        ("ア", "no-accent"),
        ("'ア", "accent-at-top"),
        ("ア'イ'", "two-accents"),
        ("ア'//イ'", "empty-phrase"),
        ("ア'？イ", "question-inside"),
        ("漢'", "unknown"),
        ("_'ア", "unknown"),
    ],
)
def test_what_is_wrong_has_a_kind(text, kind):
    with pytest.raises(NotationError) as caught:
        parse(text)
    assert caught.value.kind == kind
