import io
import logging

import pytest

from wyoming_hayakoe.cli.progress import Bar, Lines, figures
from wyoming_hayakoe.sources.source import Transfer


def test_figures_tell_share_and_size():
    assert figures(Transfer("v", 1_000_000, 4_000_000)) == " 25 % of 4.0 MB"
    assert figures(Transfer("v", 0, 0)) == "  0 % of 0.0 MB"


def test_a_bar_is_drawn_over_itself_and_its_end_stays(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    terminal = io.StringIO()
    bar = Bar(terminal)
    for done in range(101):
        bar(Transfer("hf://me/voices: v", done, 100))
    lines = terminal.getvalue().split("\r\x1b[K")
    assert lines[-1] == f"[{'#' * 24}] 100 % of 0.0 MB hf://me/voices: v\n"
    assert terminal.getvalue().count("\n") == 1
    assert len(lines) < 100, "not for every piece that arrives"


@pytest.mark.parametrize("columns", [20, 40, 60])
def test_a_bar_never_takes_two_lines_of_the_terminal(monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    terminal = io.StringIO()
    Bar(terminal)(Transfer("s3://bucket: " + "声" * 40, 50, 100))
    line = terminal.getvalue().removeprefix("\r\x1b[K")
    assert sum(2 if char == "声" else 1 for char in line) < columns


def test_a_log_has_a_line_at_both_ends_of_each_transfer(caplog):
    caplog.set_level(logging.INFO)
    lines = Lines()
    for name in ("anna", "bert"):
        for done in range(101):
            lines(Transfer(name, done, 100))
    told = [record.getMessage().split(": ") for record in caplog.records]
    assert [(name, share[:5]) for name, share in told] == [
        ("downloading anna", "  0 %"),
        ("downloading anna", "100 %"),
        ("downloading bert", "  0 %"),
        ("downloading bert", "100 %"),
    ]


def test_transfers_that_run_at_the_same_time_have_their_own_lines(caplog):
    caplog.set_level("INFO")
    lines = Lines()
    for done in range(101):
        for name in ("anna", "bert"):
            lines(Transfer(name, done, 100))
    shares = [record.getMessage().split(": ")[0] for record in caplog.records]
    assert shares == ["downloading anna", "downloading bert"] * 2
