"""Latin words in Japanese text."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import FRONT_END, in_threads, misread, shared
from wyoming_hayakoe.text.english import katakana, word_reading
from wyoming_hayakoe.text.normalize import normalize
from wyoming_hayakoe.text.rules.loanwords import READINGS, SPELLED

DATA = Path(__file__).parents[1] / "data"


@pytest.mark.parametrize(
    ("word", "reading", "source"),
    [
        ("Home", "ホーム", "dictionary"),
        ("kitchen", "キッチン", "sudachi"),
        ("Zigbee", "ジグビー", "override"),
        ("LED", "エルイーディー", "spelled"),
        ("led", "エルイーディー", "spelled"),
        ("SSH", "エスエスエイチ", "spelled"),
        ("NAS", "ナス", "override"),
        ("UNESCO", "ユネスコ", "dictionary"),
        ("connected", "コネクテッド", "kanalizer"),
        ("dishwasher", "ディッシュウォッシャー", "kanalizer"),
        ("A", "エー", "spelled"),
        ("IT", "アイティー", "spelled"),
        ("it", "イット", "override"),
        ("US", "ユーエス", "spelled"),
        ("us", "アス", "override"),
        ("TV", "テレビ", "dictionary"),
        ("xyz", "エックスワイゼット", "spelled"),
    ],
)
def test_sources(word: str, reading: str, source: str) -> None:
    assert word_reading(word) == (reading, source)


@pytest.mark.parametrize(
    ("text", "done"),
    [
        ("SwitchBotのGitHub", "スイッチボットのギットハブ"),
        ("OpenAIのMacBook", "オープンエーアイのマックブック"),
        ("ESPHome", "イーエスピーホーム"),
        ("iRobot", "アイロボット"),
        ("Google's", "グーグルズ"),
        ("LEDs", "エルイーディーズ"),
        ("lights", "ライツ"),
        ("boxes", "ボックシズ"),
        ("services", "サービシズ"),
        ("batteries", "バッテリーズ"),
        ("NOT FOUND", "ノット ファウンド"),
        ("TIMES", "タイムズ"),
        ("HEMSとSATA", "ヘムスとエスエーティーエー"),
        ("MQTT", "エムキューティーティー"),
        ("AT車", "エーティー車"),
        ("It's", "イッツ"),
        ("don't", "ドント"),
        ("smart-home", "スマートホーム"),
        ("Wi-Fi", "ワイファイ"),
        ("USB-C", "ユーエスビーシー"),
        ("R&B", "アールアンドビー"),
        ("H2O", "エイチツーオー"),
        ("CO2濃度", "シーオーツー濃度"),
        ("iPhone15", "アイフォン15"),
        ("ESP32", "イーエスピー32"),
        ("PM2.5", "ピーエム2.5"),
        ("5Gと4K", "ファイブジーとヨンケー"),
        ("Apple TVとTV", "アップル ティービーとテレビ"),
        ("Thank you!", "サンキュー!"),
        ("D2Cの", "ディーツーシーの"),
        ("USBメモリ", "ユーエスビー メモリ"),
        ("A型", "エー型"),
        ("a cat", "ア キャット"),
        ("今日は晴れ", "今日は晴れ"),
        ("123", "123"),
        ("", ""),
    ],
)
def test_katakana(text: str, done: str) -> None:
    assert katakana(text) == done


def test_golden_english() -> None:
    wrong, count = misread(shared("golden/english.tsv"), lambda word: FRONT_END.read(word).reading)
    assert len(wrong) <= 0.05 * count, wrong


def test_our_own_words() -> None:
    """Most come from dictionaries that are updated now and then, so a few may change their spelling."""
    wrong, count = misread(DATA / "english_readings.tsv", lambda word: word_reading(word)[0])
    assert count > 1500
    assert len(wrong) <= 0.02 * count, wrong


def test_our_list_is_clean() -> None:
    for word, reading in READINGS.items():
        assert word == word.lower()
        assert set(reading) <= set(
            "ァアィイゥウェエォオカガキギクグケゲコゴサザシジスズセゼソゾタダチヂッツヅテデトドナニヌネノハバパヒビピフブプヘベペホボポマミムメモャヤュユョヨラリルレロワンヴー"
        ), word
    assert not {word for word in SPELLED if not word.isalpha()}


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=30))
@settings(max_examples=150)
def test_no_latin_is_left_and_nothing_raises(text: str) -> None:
    done = katakana(normalize(text))
    assert not any(char.isascii() and char.isalpha() for char in done)


@given(st.text(max_size=40))
@settings(max_examples=150)
def test_any_text(text: str) -> None:
    done = katakana(normalize(text))
    assert katakana(done) == done


def test_threads_agree() -> None:
    words = ["kitchen", "Zigbee", "connected", "LEDs", "OpenAI", "dishwasher", "iPhone15"]
    expected = [word_reading(word) for word in words]
    word_reading.cache_clear()
    assert in_threads(lambda: [word_reading(word) for word in words]) == [expected] * 8
