import pytest
from hypothesis import given
from hypothesis import strategies as st

from wyoming_hayakoe.engine.kokoro.phonemes import SpokenMora
from wyoming_hayakoe.engine.kokoro.tones import heights


def morae(*phrases: str) -> list[SpokenMora]:
    """Return the morae of phrases that are written H and L; h is a high ー."""
    return [
        SpokenMora(0, 1, high=tone != "L", phrase=number, kana="ー" if tone == "h" else "ア", phones=("a",))
        for number, phrase in enumerate(phrases)
        for tone in phrase
    ]


@pytest.mark.parametrize(
    ("phrases", "expected"),
    [
        (["LHHH"], [0.4, 1, 1, 1]),
        (["HLL"], [1, 0, 0]),
        (["LHL"], [0.4, 1, 0]),
        (["LhH"], [0.65, 1, 1]),
        (["L"], [0.4]),
        (["LHH", "LHH"], [0.4, 1, 1, 0.3, 1, 1]),
        (["HL", "LHH"], [1, 0, 0, 0.75, 0.75]),
        (["HL", "HL", "HL", "HL"], [1, 0, 0.75, 0, 0.5625, 0, 0.5, 0]),
        (["HL", "LH", "HL"], [1, 0, 0, 0.75, 0.75, 0]),
        ([], []),
    ],
)
def test_heights(phrases, expected):
    assert heights(morae(*phrases)) == pytest.approx(expected)


@given(st.lists(st.text("HLh", min_size=1, max_size=6), max_size=6))
def test_high_morae_stand_above_the_low_ones_of_their_phrase(phrases):
    spoken = morae(*phrases)
    found = heights(spoken)
    assert len(found) == len(spoken)
    assert all(0 <= height <= 1 for height in found)
    for phrase in range(len(phrases)):
        tones = {
            high: [h for h, m in zip(found, spoken, strict=True) if m.phrase == phrase and m.high is high]
            for high in (True, False)
        }
        assert not all(tones.values()) or min(tones[True]) > max(tones[False])
