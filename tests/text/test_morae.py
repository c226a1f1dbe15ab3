import pytest

from wyoming_hayakoe.symbols import SYMBOLS
from wyoming_hayakoe.text.morae import MORA_PHONES, split


def phones(katakana: str) -> str:
    return " | ".join(" ".join(phones) for _, phones in split(katakana))


@pytest.mark.parametrize(
    ("katakana", "expected"),
    [
        ("コンニチハ", "k o | N | n i | ch i | h a"),
        ("シツレイ", "sh i | ts u | r e | i"),
        ("キャッシュ", "ky a | q | sh u"),
        ("トーキョー", "t o | o | ky o | o"),
        ("フュージョン", "f y u | u | j o | N"),
        ("クォーツ", "k u o | o | ts u"),
        ("グァム", "g u a | m u"),
        ("クヮルテット", "k w a | r u | t e | q | t o"),
        ("デュエット", "dy u | e | q | t o"),
        ("ティッシュ", "t i | q | sh u"),
        ("ヴァイオリン", "v a | i | o | r i | N"),
        ("ヴュ", "by u"),
        ("デェ", "d e | e"),
        ("ツァーリ", "ts a | a | r i"),
        ("ヂヅヲヰヱ", "j i | z u | o | i | e"),
        ("ヶヵヮ", "k e | k a | w a"),
        ("ャュョ", "y a | y u | y o"),
        ("アッー", "a | q | q"),
        ("ンー", "N | N"),
        ("デス’", "d e | s u"),
        ("マ’シ’タ", "m a | sh i | t a"),
        ("ー", ""),
        ("、", ""),
        ("ア！イ", "a | i"),
        ("", ""),
    ],
)
def test_split(katakana: str, expected: str) -> None:
    assert phones(katakana) == expected


def test_a_leading_long_mark_repeats_the_phone_before_it() -> None:
    assert split("ーネ", "o") == (("ー", ("o",)), ("ネ", ("n", "e")))
    assert split("ーネ", ".") == (("ネ", ("n", "e")),)


def test_every_phone_has_a_row() -> None:
    assert {phone for phones in MORA_PHONES.values() for phone in phones} <= set(SYMBOLS)


def test_every_mora_ends_in_what_can_be_lengthened() -> None:
    assert {phones[-1] for phones in MORA_PHONES.values()} == set("aiueoNq")
