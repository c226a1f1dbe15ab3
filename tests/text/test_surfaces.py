import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wyoming_hayakoe.text.surfaces import Surfaces


@pytest.mark.parametrize(
    ("surfaces", "text", "found"),
    [
        (["ESP", "ESP32"], "ESP32とESP", ["ESP32", "ESP"]),
        (["ESP"], "ESPN、8ESP、ESP8、xESP、ＥＳＰ", ["ESP", "ESP", "ＥＳＰ"]),
        (["Home Assistant"], "Home\u3000AssistantとＨｏｍｅ Assistant", ["Home\u3000Assistant", "Ｈｏｍｅ Assistant"]),
        (["2.5"], "2.5と12.5と2.55と2.5m", ["2.5", "2.5"]),
        (["C++", "C"], "C++とCとC+", ["C++", "C", "C"]),
        (["aa"], "aaと aaaa", ["aa"]),
        (["++"], "+++++", ["++", "++"]),
        (["雪", "雪山"], "雪山雪", ["雪山", "雪"]),
        (["ABC"], "AB", []),
        ([], "AB", []),
    ],
)
def test_spans(surfaces: list[str], text: str, found: list[str]) -> None:
    assert [text[start:end] for start, end in Surfaces(surfaces).spans(text)] == found


def test_are_in() -> None:
    assert Surfaces(["ESP"]).are_in("ESPN")
    assert not Surfaces(["ESP"]).are_in("ESとP")
    assert not Surfaces().are_in("ESP")
    assert not Surfaces()


@given(st.lists(st.text("aB1+雪 ", min_size=1, max_size=3), max_size=5), st.text("aB1+雪 ａＢ１＋\u3000", max_size=20))
def test_spans_are_what_a_pattern_finds(surfaces: list[str], text: str) -> None:
    narrow = text.translate(dict(zip(map(ord, "ａＢ１＋\u3000"), "aB1+ ", strict=True)))
    words = sorted(set(surfaces), key=len, reverse=True)
    pattern = "|".join(_edge(word[0], "(?<!{})") + re.escape(word) + _edge(word[-1], "(?!{})") for word in words)
    expected = [found.span() for found in re.finditer(pattern, narrow)] if words else []
    assert list(Surfaces(surfaces).spans(text)) == expected


def _edge(char: str, look: str) -> str:
    if char.isalpha() and char.isascii():
        return look.format("[A-Za-z]")
    return look.format("[0-9]") if char.isdigit() else ""


def test_four_times_as_many_words_of_one_beginning_take_about_four_times_as_long() -> None:
    def seconds(count: int) -> float:
        words = [f"単語{index}" for index in range(count)]
        took = []
        for _ in range(3):
            start = time.perf_counter()
            surfaces = Surfaces(words)
            assert not surfaces.are_in("単語x" * 2000)
            assert list(surfaces.spans("単語" * 2000)) == []
            took.append(time.perf_counter() - start)
        return min(took)

    assert seconds(40_000) < 10 * seconds(10_000)
