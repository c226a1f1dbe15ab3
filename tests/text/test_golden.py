"""Phones and tones are HayaKoe's on pyopenjtalk-plus, but for the differences that are meant."""

from pathlib import Path
from typing import Any

import pytest

from tests.text.shared import golden_rows
from wyoming_hayakoe.text.frontend import japanese

CATEGORIES = {"ha", "weather", "news", "name", "homograph"}
DIFFERENCES = Path(__file__).parents[1] / "data" / "frontend_differences.tsv"
ROWS = [row for row in golden_rows() if row["cat"] in CATEGORIES and "error" not in row["hayakoe_on_pyopenjtalk_plus"]]
FRONT_END = japanese()


def differences() -> dict[str, str]:
    lines = DIFFERENCES.read_text(encoding="utf-8").splitlines()[1:]
    return dict(line.split("\t") for line in lines)  # type: ignore[misc]


def equal(row: dict[str, Any]) -> bool:
    ours, theirs = FRONT_END.read(row["text"]), row["hayakoe_on_pyopenjtalk_plus"]
    return list(ours.phones) == theirs["phones"] and list(ours.tones) == theirs["tones"]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["text"][:20])
def test_phones_and_tones(row: dict[str, Any]) -> None:
    if row["text"] in differences():
        assert not equal(row), "no longer differs: take it off the list"
    else:
        assert equal(row)


@pytest.mark.parametrize(
    "row", [row for row in ROWS if row["text"] not in differences()], ids=lambda row: row["text"][:20]
)
def test_where_the_words_are_the_same_so_is_what_bert_sees(row: dict[str, Any]) -> None:
    ours, theirs = FRONT_END.read(row["text"]), row["hayakoe_on_pyopenjtalk_plus"]
    assert (ours.bert_text, list(ours.word2ph)) == (theirs["bert_text"], theirs["word2ph"])


def test_the_differences_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    listed = differences()
    assert set(listed) <= {row["text"] for row in ROWS}
    assert all(listed.values())
    with capsys.disabled():
        print(f"\n{len(listed)} of {len(ROWS)} golden rows differ from HayaKoe on purpose: {DIFFERENCES.name}")


def test_nothing_that_hayakoe_fails_on_fails_here() -> None:
    failing = [row["text"] for row in golden_rows() if "error" in row["hayakoe_on_pyopenjtalk_plus"]]
    assert failing
    assert all(len(FRONT_END.read(text).phones) > 2 for text in failing)


def test_every_row_keeps_the_text_contract() -> None:
    for row in golden_rows():
        utterance = FRONT_END.read(row["text"])
        assert sum(utterance.word2ph) == len(utterance.phones) == len(utterance.tones)
        assert len(utterance.word2ph) == len(utterance.bert_text) + 2
