import pytest

from wyoming_hayakoe.text import phonemes
from wyoming_hayakoe.text.frontend import FrontEnd
from wyoming_hayakoe.text.phonemes import heights, spread
from wyoming_hayakoe.utterance import Utterance

FRONT_END = FrontEnd()


def drawn(utterance: Utterance) -> str:
    """Draw phones with a raised dot on high ones."""
    return " ".join(
        phone + "'" * tone for phone, tone in zip(utterance.phones[1:-1], utterance.tones[1:-1], strict=True)
    )


@pytest.mark.parametrize(
    ("nucleus", "morae", "expected"),
    [
        (0, 4, "LHHH"),
        (1, 4, "HLLL"),
        (2, 4, "LHLL"),
        (4, 4, "LHHH"),
        (9, 4, "LHHH"),
        (0, 2, "LH"),
        (1, 2, "HL"),
        (0, 1, "L"),
        (1, 1, "L"),
        (0, 0, ""),
        (50, 60, "L" + "H" * 49 + "L" * 10),
    ],
)
def test_heights(nucleus: int, morae: int, expected: str) -> None:
    assert "".join("LH"[high] for high in heights(nucleus, morae)) == expected


@pytest.mark.parametrize(
    ("phones", "characters", "expected"),
    [(4, 2, [2, 2]), (5, 2, [3, 2]), (7, 3, [3, 2, 2]), (2, 3, [1, 1, 0]), (1, 1, [1])],
)
def test_spread(phones: int, characters: int, expected: list[int]) -> None:
    assert spread(phones, characters) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("箸", "h' a' sh i"),
        ("橋", "h a sh' i'"),
        ("はい、そうです…。", "h' a' i , s o o' d' e' s' u' . . . ."),
        ("えっ！？", "e' q ! ?"),
        ("フュージョン", "f' y' u' u j o N"),
        ("クォーツ", "k' u' o' o ts u"),
        ("あっー", "a' q q"),
        ("ーー", "- -"),
        ("え？", "e ?"),
        ("5分", "g' o' f u N"),
        ("800円", "h a q' py' a' k' u' e' N'"),
        ("(^_^)/", ""),
        ("привет", ""),
        ("", ""),
    ],
)
def test_phones_and_tones(text: str, expected: str) -> None:
    assert drawn(FRONT_END.read(text)) == expected


def test_a_phrase_may_be_longer_than_a_label_can_say() -> None:
    utterance = FRONT_END.read("ア" * 60)
    assert len(utterance.phones) == 62
    assert utterance.tones.count(1) in {1, 59}


@pytest.mark.parametrize(
    ("text", "bert_text"),
    [
        ("リビングの照明", "リビングの照明"),
        ("23.5度。", "二十三点五度."),
        ("1.5", "一点五"),
        ("「本」（仮）", "'本''仮'"),
        ("Wi-Fi", "Wi-Fi"),
        ("山﨑", "山﨑"),
        ("東京 大阪", "東京大阪"),
        ("привет、今日", ",今日"),
    ],
)
def test_bert_text_has_the_words_that_were_read(text: str, bert_text: str) -> None:
    assert FRONT_END.read(text).bert_text == bert_text


def test_words_say_where_their_reading_is_from() -> None:
    sources = [(word.surface, word.source) for word in FRONT_END.read("ざわ3人、привет").words]
    assert sources[-4:] == [
        ("三", phonemes.NUMBER),
        ("人", phonemes.NUMBER),
        (",", phonemes.MARK),
        ("привет", phonemes.UNREAD),
    ]


def test_accents_stand_where_phrases_begin() -> None:
    accents = [(word.surface, word.accent) for word in FRONT_END.read("東京都知事は、").words]
    assert accents[0][1] is not None
    assert accents[-1] == (",", None)


def test_a_text_without_anything_to_say() -> None:
    assert FRONT_END.read(" \n") == Utterance(" \n", ("_", "_"), (0, 0), (1, 1), bert_text="", words=())
