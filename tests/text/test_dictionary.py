import errno
import logging
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pyopenjtalk
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.text.strategies import texts
from wyoming_hayakoe.text import dictionary, user_words
from wyoming_hayakoe.text.dictionary import CHECK_SECONDS, UserDictionary
from wyoming_hayakoe.text.frontend import FrontEnd, TextStage
from wyoming_hayakoe.text.phonemes import USER_DICTIONARY
from wyoming_hayakoe.text.user_words import UserWord


def taught(*entries: tuple[str, str, int]) -> FrontEnd:
    dictionary = UserDictionary()
    for fields in entries:
        dictionary.add(user_words.entry(*fields))
    return FrontEnd([TextStage("spoil", lambda text: text.replace("ESP", "X").replace("+", "たす"))], dictionary)


@pytest.mark.parametrize(
    ("word", "text", "reading"),
    [
        (("HACS", "ハックス", 1), "HACSの更新", "ハックスノコーシン"),
        (("ESP32", "イーエスピーサンニー", 0), "ESP32を", "イーエスピーサンニーヲ"),
        (("ESP32", "イーエスピーサンニー", 0), "ＥＳＰ３２を", "イーエスピーサンニーヲ"),
        (("C++", "シープラプラ", 4), "C++で", "シープラプラデ"),
        (("Home Assistant", "ホームアシスタント", 4), "Home Assistantは", "ホームアシスタントワ"),
        (("Wi-Fi", "ワイハイ", 0), "Wi-Fiに", "ワイハイニ"),
        (("PM2.5", "ピーエムニーテンゴ", 0), "PM2.5の", "ピーエムニーテンゴノ"),
        (("😀", "ニコニコ", 1), "今日😀です", "キョーニコニコデス"),
        (("東京", "ヒガシキョー", 3), "東京都知事は東京に", "ヒガシキョートチジワヒガシキョーニ"),
        (("大谷", "オーガイ", 0), "大谷翔平と大谷さん", "オーガイショーヘートオーガイサン"),
        (("十三", "ジューソー", 1), "十三駅で三十三人", "ジューソーエキデサンジューサンニン"),
        (("金", "キム", 1), "金さんの金曜日", "キムサンノキンヨービ"),
        (("担々麺", "タンタンメン", 3), "担々麺を", "タンタンメンヲ"),
        (("行った", "オコナッタ", 4), "山へ行った", "ヤマエオコナッタ"),
        (("はな", "ハンナ", 1), "はなしとはなさん", "ハナシトハンナサン"),
        (("髙﨑", "コーザキ", 1), "髙﨑さん", "コーザキサン"),
    ],
)
def test_a_taught_word_is_read_as_taught(word: tuple[str, str, int], text: str, reading: str) -> None:
    utterance = taught(word).read(text)
    assert utterance.reading == reading
    assert USER_DICTIONARY in {part.source for part in utterance.words}


@pytest.mark.parametrize(
    ("word", "text", "reading"),
    [
        (("十", "トー", 1), "三十人", "サンジューニン"),
        (("十", "トー", 1), "十は名前", "トーワナマエ"),
    ],
)
def test_a_taught_numeral_is_no_numeral_within_a_number(word: tuple[str, str, int], text: str, reading: str) -> None:
    assert taught(word).read(text).reading == reading


@pytest.mark.parametrize(
    "word",
    [
        ("七海", "ナナミ", 1),
        ("十", "トー", 1),
        ("雪", "セツ", 1),
        ("行く", "オモムク", 3),
        ("綺麗", "ギレイ", 1),
        ("HACS", "ハックス", 1),
    ],
)
def test_a_taught_word_has_a_part_of_speech_of_the_dictionary(
    word: tuple[str, str, int], capfd: pytest.CaptureFixture[str]
) -> None:
    utterance = taught(word).read(f"{word[0]}です")
    (feature,) = [one for one in utterance.features if one["is_reading_protected"]]
    assert feature["pos"] in {"名詞", "動詞"}
    assert feature["chain_rule"] in {"C1", "*"}
    pyopenjtalk.make_label(list(utterance.features))
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("accent", range(5))
def test_the_accent_is_the_one_taught(accent: int) -> None:
    utterance = taught(("HACS", "ハックス", accent)).read("HACS")
    assert utterance.words[0].accent == accent
    heights = [mora.high for mora in utterance.words[0].morae]
    assert heights == [
        index < accent if index == 0 and accent == 1 else index > 0 and (not accent or index < accent)
        for index in range(4)
    ]


def test_thousands_of_latin_words_are_looked_for_in_no_time(tmp_path: Path) -> None:
    path = tmp_path / "words.csv"
    path.write_text("".join(f"{chr(65 + i % 26)}X{i},エックス\n" for i in range(2000)), encoding="utf-8")
    sheltered = UserDictionary(path).snapshot().sheltered
    text = "AX0とＡＸ２６とAX260とBX2"
    assert [text[start:end] for start, end in sheltered.spans(text)] == ["AX0", "ＡＸ２６", "AX260"]
    start = time.perf_counter()
    assert list(sheltered.spans("明日の朝は晴れます。" * 200)) == []
    assert time.perf_counter() - start < 0.02


def test_a_latin_word_inside_a_longer_one_is_not_sheltered() -> None:
    front_end = taught(("ESP", "エスパー", 1))
    assert front_end.read("ESP、ESPN、ESP8").bert_text == "ESP,XN,ESP八"


def test_a_low_priority_leaves_the_dictionary_its_way() -> None:
    dictionary = UserDictionary()
    dictionary.add(UserWord("東京", "ヒガシキョー", 3, priority=0))
    assert FrontEnd((), dictionary).read("東京").reading == "トーキョー"


def test_a_change_of_the_file_is_seen_in_time(tmp_path: Path) -> None:
    path = tmp_path / "words.csv"
    front_end = FrontEnd((), UserDictionary(path))
    assert front_end.read("HACS").reading != "ハックス"
    user_words.put(path, [UserWord("HACS", "ハックス", 1)])
    assert _within_two_seconds(front_end, "HACS", "ハックス")
    user_words.put(path, [UserWord("HACS", "ハクス", 1)])
    assert _within_two_seconds(front_end, "HACS", "ハクス")
    path.unlink()
    assert _within_two_seconds(front_end, "HACS", "エイチエーシーエス")


def _within_two_seconds(front_end: FrontEnd, text: str, reading: str) -> bool:
    deadline = time.monotonic() + 2
    while time.monotonic() < deadline:
        if front_end.read(text).reading == reading:
            return True
        time.sleep(0.05)
    return False


def test_the_file_is_looked_at_now_and_then_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    user_dictionary = UserDictionary(tmp_path / "words.csv")
    user_dictionary.snapshot()
    looks: list[Path] = []
    monkeypatch.setattr(dictionary, "_version", looks.append)
    for _ in range(1000):
        user_dictionary.snapshot()
    assert len(looks) <= 1
    assert CHECK_SECONDS < 2


def test_bad_rows_are_logged_and_the_rest_is_read(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "words.csv"
    path.write_text("雫,しずく\nHACS,ハックス,1\n", encoding="utf-8")
    with caplog.at_level(logging.WARNING):
        snapshot = UserDictionary(path).snapshot()
    assert snapshot.surfaces.are_in("HACS")
    assert not snapshot.surfaces.are_in("雫")
    assert f"{path}:1: the reading 'しずく' is not katakana" in caplog.text


def test_a_file_that_cannot_be_read_is_logged_once_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(dictionary, "RETRY_SECONDS", 0)
    path = tmp_path / "words.csv"
    path.mkdir()
    user_dictionary = UserDictionary(path)
    for _ in range(3):
        assert not user_dictionary.refresh()
    assert caplog.text.count(f"{path}: cannot be loaded") == 1
    path.rmdir()
    user_words.put(path, [UserWord("HACS", "ハックス", 1)])
    assert user_dictionary.refresh()
    assert FrontEnd((), user_dictionary).read("HACS").reading == "ハックス"


def test_added_words_go_before_the_file(tmp_path: Path) -> None:
    path = tmp_path / "words.csv"
    user_words.put(path, [UserWord("HACS", "ハックス", 1), UserWord("雫", "シズク", 0)])
    dictionary = UserDictionary(path)
    dictionary.add(UserWord("HACS", "ハクス", 1))
    assert FrontEnd((), dictionary).read("雫のHACS").reading == "シズクノハクス"


def test_swaps_under_readers() -> None:
    dictionary = UserDictionary()
    front_end = FrontEnd((), dictionary)
    done = threading.Event()

    def read_on() -> set[str]:
        readings = set()
        while not done.is_set():
            readings.add(front_end.read("HACSの更新をします。").reading)
        return readings

    with ThreadPoolExecutor(8) as pool:
        readers = [pool.submit(read_on) for _ in range(8)]
        for reading in ("ハックス", "ハクス", "ハッカス") * 5:
            dictionary.add(UserWord("HACS", reading, 1))
        done.set()
        seen = set().union(*(reader.result(timeout=20) for reader in readers))
    expected = {"エイチエーシーエス", "ハックス", "ハクス", "ハッカス"}
    assert seen <= {f"{reading}ノコーシンヲシマス" for reading in expected}
    assert front_end.read("HACSの更新をします。").reading == "ハッカスノコーシンヲシマス"


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    os.write(1, b"before")
    taught(("HACS", "ハックス", 1))
    os.write(1, b"after")
    assert capfd.readouterr().out == "beforeafter"


def test_a_thousand_words_load_quickly() -> None:
    dictionary = UserDictionary()
    dictionary._added = {f"単語{index}": UserWord(f"単語{index}", "タンゴ", 0) for index in range(1000)}
    before = time.perf_counter()
    dictionary.add(UserWord("HACS", "ハックス", 1))
    assert time.perf_counter() - before < 1.5
    assert FrontEnd((), dictionary).read("単語7とHACS").reading == "タンゴトハックス"


def test_what_cannot_be_compiled_leaves_the_old_words_and_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "words.csv"
    user_words.put(path, [UserWord("HACS", "ハックス", 1)])
    front_end = FrontEnd((), UserDictionary(path))
    assert front_end.read("HACS").reading == "ハックス"
    memfd_create = os.memfd_create

    def no_memory(_name: str) -> int:
        raise OSError(errno.ENOMEM, "Cannot allocate memory")

    monkeypatch.setattr(dictionary, "RETRY_SECONDS", 0)
    monkeypatch.setattr(os, "memfd_create", no_memory)
    user_words.put(path, [UserWord("HACS", "ハクス", 1)])
    for _ in range(3):
        assert not front_end.dictionary.refresh()
    assert front_end.read("HACS").reading == "ハックス"
    assert caplog.text.count("cannot be loaded") == 1

    with pytest.raises(OSError, match="memory"):
        front_end.dictionary.add(UserWord("雪", "セツ", 1))
    assert front_end.read("雪").reading == "ユキ"

    monkeypatch.setattr(os, "memfd_create", memfd_create)
    assert front_end.dictionary.refresh()
    assert front_end.read("HACSの雪").reading == "ハクスノユキ"
    assert not front_end.dictionary.refresh()


def test_what_cannot_be_compiled_is_not_tried_at_every_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "words.csv"
    user_words.put(path, [UserWord("HACS", "ハックス", 1)])
    attempts: list[int] = []

    def failing(*_: object) -> None:
        attempts.append(1)
        raise RuntimeError("no room")

    monkeypatch.setattr(pyopenjtalk, "mecab_dict_index", failing)
    user_dictionary = UserDictionary(path)
    for _ in range(5):
        user_dictionary.refresh()
    assert attempts == [1]


@given(surfaces=st.lists(texts, min_size=1, max_size=4), text=texts)
@settings(max_examples=60)
def test_whatever_is_taught_every_text_can_be_read(surfaces: list[str], text: str) -> None:
    taught = []
    for surface in surfaces:
        with suppress(ValueError):
            taught.append(user_words.entry(surface, "テスト", 1))
    dictionary = UserDictionary()
    dictionary._added = {word.surface: word for word in taught[1:]}
    for word in taught[:1]:
        dictionary.add(word)
    utterance = FrontEnd((), dictionary).read(text[:500] + "".join(word.surface for word in taught))
    assert sum(utterance.word2ph) == len(utterance.phones) == len(utterance.tones)
    assert len(utterance.word2ph) == len(utterance.bert_text) + 2
