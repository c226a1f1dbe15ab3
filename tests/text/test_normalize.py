"""Symbols, units, dates and numbers: each rule's examples, whole readings, and what holds for any text."""

import subprocess
import sys
import time
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import FRONT_END, in_threads, misread, shared
from wyoming_hayakoe.text.characters import is_sayable
from wyoming_hayakoe.text.normalize import TABLES, explain, fold, normalize
from wyoming_hayakoe.text.rules.addresses import spell, spell_groups

DATA = Path(__file__).parents[1] / "data"
EXAMPLES = [example for table in TABLES for rule in table for example in rule.examples]


def read_aloud(text: str) -> str:
    return FRONT_END.read(text).reading


def test_golden_numbers() -> None:
    wrong, count = misread(shared("golden/numbers.tsv"), read_aloud)
    assert len(wrong) <= 0.05 * count, wrong


def test_our_own_cases() -> None:
    wrong, count = misread(DATA / "number_readings.tsv", read_aloud)
    assert count > 1000
    assert wrong == []


@pytest.mark.parametrize(
    ("raw", "done"),
    [
        ("ＡＢＣ１２３", "ABC123"),
        ("ﾃﾚﾋﾞ", "テレビ"),
        ("㌔", "キロ"),
        ("㍻", "平成"),
        ("…", "…"),
        ("第Ⅲ章", "第Ⅲ章"),
        ("①②", "1、2"),
        ("①電源", "1、電源"),
        ("①の", "1の"),
        ("½", "2分の1"),
        ("1½", "1と2分の1"),
        ("m²", "m^2"),
        ("naïve", "naive"),
        ("Ⓐ", "A"),
    ],
)
def test_fold(raw: str, done: str) -> None:
    folded = fold(raw)
    assert "".join(filter(is_sayable, folded)) == done


@pytest.mark.parametrize(
    "char", ["\x07", "\u200b", "\ud800", "\ue000", "\U000e0100", "\u0301", "★", "♪", "😀", "\u0378"]
)
def test_nobody_can_say(char: str) -> None:
    assert not is_sayable(char)
    assert normalize(f"あ{char}い") == "あい"


@pytest.mark.parametrize("char", ["あ", "漢", "a", "1", "。", "…", "°", "〒", "α", "한", "¥"])
def test_sayable(char: str) -> None:
    assert is_sayable(char)


@pytest.mark.parametrize(
    ("raw", "done"),
    [
        ("(笑)", "(笑)"),
        ("会議(木)", "会議(木)"),
        ("A:B", "A:B"),
        ("「はい」", "「はい」"),
        ("", ""),
        ("  ", ""),
        ("今日はいい天気ですね。", "今日はいい天気ですね。"),
        ("8時間", "8時間"),
        ("8人分", "8人分"),
        ("20本", "20本"),
    ],
)
def test_left_alone(raw: str, done: str) -> None:
    assert normalize(raw) == done


def test_spell() -> None:
    assert spell("150") == "イチゴーゼロ"
    assert spell("0001") == "0001"
    assert spell("0") == "ゼロ"
    assert spell_groups("090-1234-5678") == "090の1234の5678"


def test_explain_tells_each_step() -> None:
    steps = explain("３/15(土)は-5℃")
    assert [(step.before, step.after, step.rule) for step in steps] == [
        ("３", "3", "compatibility characters"),
        ("℃", "°C", "compatibility characters"),
        ("3/15", "3月15日", "month and day, by what follows"),
        ("(土)", "土曜日", "weekday"),
        ("5°C", "5度", "unit"),
        ("-", "マイナス", "minus"),
    ]
    assert explain("今日は晴れです。") == []


@given(st.text(max_size=60))
@settings(max_examples=300)
def test_any_text(text: str) -> None:
    done = normalize(text)
    assert all(is_sayable(char) for char in done)
    assert not any(unicodedata.category(char) in {"Cc", "Cs", "Cn", "Co", "Cf", "Mn"} for char in done)
    assert normalize(text) == done
    assert bool(explain(text)) or " ".join(text.split()) == done or done == text.strip()


@given(st.text(alphabet="0123456789-/:.,%〜~ 月日時分()（）土A℃mkgWh¥$@#+=×。", max_size=40))
@settings(max_examples=300)
def test_any_mix_of_what_the_rules_look_for(text: str) -> None:
    assert normalize(text) == normalize(text)


@pytest.mark.parametrize(
    "piece", ["1", "1,", "1-", "1/", "a.", "(", "〜", "1:", "-", "@", "A1", "a-", "://", "1.", "あ1-"]
)
def test_long_texts_take_no_quadratic_time(piece: str) -> None:
    start = time.process_time()
    normalize(piece * (4000 // len(piece)))
    assert time.process_time() - start < 2


def test_what_is_done_stays_done() -> None:
    assert [done for _, done in EXAMPLES if normalize(done) != done] == []


def test_threads_agree() -> None:
    texts = [raw for raw, _ in EXAMPLES]
    expected = [normalize(text) for text in texts]
    assert in_threads(lambda: [normalize(text) for text in texts]) == [expected] * 8


def test_import_is_light() -> None:
    code = (
        "import sys, wyoming_hayakoe.text.normalize, wyoming_hayakoe.text.english;"
        "print(*({'pyopenjtalk', 'sudachipy', 'kanalizer', 'numpy'} & set(sys.modules)))"
    )
    root = Path(__file__).parents[2]
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert run.stdout.strip() == ""


@pytest.mark.parametrize(
    ("text", "normalized"),
    [
        (f"1/{'2' * 5000}", f"{'2' * 5000}分の1"),  # more digits than int() takes
        (f"{'2' * 5000}/1", f"{'2' * 5000}スラッシュ1"),
        ("0" * 5000 + "5分", "5分"),
        ("1日" + "0" * 5000 + "分", "1日0分"),
        ("月・" * 40 + "火", "月・" * 40 + "火"),
        ("1+" * 30 + "1=31", "1たす" * 30 + "1イコール31"),
        ("あ" + "-" * 5000 + ">い", "あ、い"),
    ],
)
def test_numbers_and_lists_of_any_length_are_read(text: str, normalized: str) -> None:
    assert normalize(text) == normalized
