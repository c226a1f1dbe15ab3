"""The accent of what is spelled."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import FRONT_END
from wyoming_hayakoe.text.acronyms import LETTERS, is_spelled, morae
from wyoming_hayakoe.text.rules.loanwords import SPELLED

# The nucleus is on the first mora of the last letter.
STANDARD = """
    LED=5 USB=5 CPU=5 GPU=5 SSD=5 HDD=6 HDMI=8 PDF=5 ATM=5 ETC=5 CEO=5 CFO=5 NHK=5 NTT=5 JR=3 AI=3 IT=3 IoT=5 PC=3 CD=3
    DVD=5 IC=3 IP=3 PR=3 QR=3 EV=3 FBI=5 EU=3 USA=5 UK=3 WHO=8 WTO=7 IMF=5 GDP=5 DNA=5 PCR=5 MRI=6 CT=3 BMI=5 NPO=5
    PTA=5 SOS=5 VIP=5 NG=3 BGM=5 DJ=3 TBS=5 SNS=5 URL=6 HTML=8 HTTP=8 VPN=5 DNS=5 SSH=5 SSL=5 API=5 SDK=5 LLM=5 GPS=5
    WBC=7 MVP=5 GPT=5 AC=3 KDDI=7 LTE=5 MQTT=7 UV=3 AED=5 DIY=5 SMS=5 VR=3 UI=3 HP=4 BTS=5 AWS=7 USJ=5 CO2=5 5G=4 4K=3
    R&D=7 M&A=6 D2C=5 G7=3 F1=3 PS5=5 MP3=5
"""
# The dictionary has these, with another accent.
FROM_THE_DICTIONARY = "OK=1 FM=0 CM=0 OL=0 SF=0"
# Read as words, with the accent of words.
WORDS = "NASA=1 LAN=1 JIS=1 UFO=1 easy=1"


def nuclei(pairs: str) -> list[tuple[str, int]]:
    return [(word, int(nucleus)) for word, nucleus in (pair.split("=") for pair in pairs.split())]


@pytest.mark.parametrize(("word", "nucleus"), [*nuclei(STANDARD), *nuclei(FROM_THE_DICTIONARY), *nuclei(WORDS)])
@pytest.mark.parametrize("after", ["", "です", "が"])
def test_the_nucleus_of_an_acronym(word: str, nucleus: int, after: str) -> None:
    assert FRONT_END.read(word + after).words[0].accent == nucleus


def falls(text: str) -> list[tuple[str, int | None]]:
    return [(word.reading, word.accent) for word in FRONT_END.read(text).words]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ABC-123です", [("エービーシー", 5), ("イチニー", 3), ("サン", 0), ("デス", None)]),
        ("暗証番号は1234", [("アンショー", 7), ("バンゴー", None), ("ワ", None), ("イチニー", 3), ("サンヨン", 3)]),
        ("予約番号ABC123", [("ヨヤク", 6), ("バンゴー", None), ("エービーシー", 5), ("イチニー", 3), ("サン", 0)]),
        ("新LED", [("シン", 7), ("エルイーディー", None)]),
        ("LED電球", [("エルイーディー", 7), ("デンキュー", None)]),
        ("QRコード", [("キューアール", 6), ("コード", None)]),
        ("MQTTの設定", [("エムキューティーティー", 7), ("ノ", None), ("セッテー", 0)]),
        ("AI的な", [("エーアイ", 0), ("テキ", None), ("ナ", None)]),
        ("ピーピー鳴る", [("ピーピー", 1), ("ナル", 0)]),
        ("キューピー", [("キューピー", 1)]),
        ("ゴービー", [("ゴービー", 1)]),
    ],
)
def test_in_a_text(text: str, words: list[tuple[str, int | None]]) -> None:
    assert falls(text)[: len(words)] == words


def test_capitals_are_spelled_where_small_letters_are_a_word() -> None:
    assert FRONT_END.read("WHO").reading == "ダブリューエイチオー"
    assert FRONT_END.read("who").reading == "フー"


@given(st.lists(st.sampled_from("abcdefghijklmnopqrstuvwxyz"), min_size=2, max_size=6))
def test_any_letters(letters: list[str]) -> None:
    kana = "".join(LETTERS[letter] for letter in letters)
    assert is_spelled(kana)
    assert morae(kana) == sum(len(word.morae) for word in FRONT_END.read(kana).words)


def test_the_known_acronyms_have_one_accent_each() -> None:
    for acronym in sorted(SPELLED):
        words = FRONT_END.read(acronym.upper()).words
        assert len(words) == 1, acronym


def test_wi_fi_is_a_word() -> None:
    assert falls("Wi-Fi") == [("ワイファイ", 0)]
