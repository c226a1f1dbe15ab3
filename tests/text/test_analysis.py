import logging

import pyopenjtalk
import pytest

from wyoming_hayakoe.text import analysis
from wyoming_hayakoe.text.analysis import MAX_BYTES, analyse, pieces


def test_short_text_is_one_piece() -> None:
    assert list(pieces("今日は。晴れ。")) == ["今日は。晴れ。"]
    assert list(pieces("")) == []


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("あいう。えおか。きく", 15, ["あいう。", "えおか。", "きく"]),
        ("あいう、えおか", 18, ["あいう、", "えおか"]),
        ("あいうえおかき", 9, ["あいう", "えおか", "き"]),
        ("abcdefg", 9, ["abc", "def", "g"]),
        ("𩸽𩸽𩸽", 9, ["𩸽𩸽", "𩸽"]),
    ],
)
def test_pieces(text: str, limit: int, expected: list[str]) -> None:
    assert list(pieces(text, limit)) == expected


@pytest.mark.parametrize(
    "text", ["あ" * 9000, "a" * 9000, "東京都知事。" * 2000, "𩸽" * 5000, "あ" * 2500 + "。" + "い" * 5000]
)
def test_pieces_hold_the_bound_and_lose_nothing(text: str) -> None:
    found = list(pieces(text))
    assert "".join(found) == text
    # Open JTalk widens ASCII before it counts.
    assert all(sum(max(3, len(char.encode())) for char in piece) <= MAX_BYTES for piece in found)


def test_what_the_rules_fail_on_is_read_without_them(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real = pyopenjtalk.run_frontend

    def failing(text: str, *, use_vanilla: bool, **rest: object) -> object:
        if not use_vanilla:
            raise IndexError("a rule")
        return real(text, use_vanilla=True, **rest)  # type: ignore[arg-type]

    monkeypatch.setattr(pyopenjtalk, "run_frontend", failing)
    with caplog.at_level(logging.WARNING, logger=analysis.__name__):
        assert [feature["string"] for feature in analyse("東京へ")] == ["東京", "へ"]
    assert "by rule" in caplog.text


def test_what_cannot_be_read_at_all_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object, **__: object) -> object:
        raise RuntimeError

    monkeypatch.setattr(pyopenjtalk, "run_frontend", failing)
    assert analyse("東京へ") == []
