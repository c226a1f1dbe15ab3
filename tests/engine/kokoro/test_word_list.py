from hypothesis import given
from hypothesis import strategies as st

from wyoming_hayakoe.engine.kokoro.word_list import WordList

WORDS = st.text("あいう漢𠮷a", min_size=1, max_size=4)


@given(st.sets(WORDS), st.lists(WORDS))
def test_a_word_is_found_if_it_is_there(there, others):
    words = WordList("\n".join(sorted(there)).encode())
    assert list(words) == sorted(there)
    assert len(words) == len(there)
    assert {word for word in [*there, *others] if word in words} == there


def test_what_is_no_word_is_not_found():
    words = WordList("あ\nい\n".encode())
    assert "" not in words
    assert "\n" not in words
    assert "あ\nい" not in words
    assert "\ud800" not in words
    assert 5 not in words
    assert "い" in words
