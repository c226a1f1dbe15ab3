"""What --help of every command shows, and that it fits the terminal."""

import unicodedata

import pytest

from wyoming_hayakoe.cli import main
from wyoming_hayakoe.cli.commands import COMMANDS, parser_of
from wyoming_hayakoe.cli.options.converters import OneOf, Range
from wyoming_hayakoe.cli.options.table import SERVING

PAGES = [(), *((name,) for name in COMMANDS), *(("words", name) for name in parser_of("words").commands)]


@pytest.fixture
def page(capsys, monkeypatch):
    def shown(*words, columns=80):
        monkeypatch.setenv("COLUMNS", str(columns))
        with pytest.raises(SystemExit) as end:
            main([*words, "--help"])
        assert end.value.code == 0
        return capsys.readouterr().out

    return shown


def width(line):
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in line)


@pytest.mark.parametrize("words", PAGES, ids=" ".join)
def test_a_page_has_usage_and_example_and_fits_the_terminal(page, words):
    text = page(*words)
    assert text.startswith(f"usage: {' '.join(['wyoming-hayakoe', *words])} [")
    assert words == ("words", "list") or "\nexample" in text
    assert "`" not in text
    assert [line for line in text.splitlines() if width(line) > 80] == []
    for line in text.splitlines():
        assert not line.startswith("  --") or line.split()[0] in parser_options(words), line


def parser_options(words):
    parser = parser_of(words[0] if words else "")
    parser = parser.commands[words[1]] if len(words) > 1 else parser
    return {name for action in parser.actions for name in action.option_strings}


def test_a_wide_terminal_and_a_narrow_one_are_filled(page):
    assert max(map(len, page("say", columns=60).splitlines())) <= 60
    assert 90 < max(map(len, page("say", columns=200).splitlines())) <= 100


def test_the_first_page_lists_the_commands(page):
    text = page()
    assert text.startswith("usage: wyoming-hayakoe [COMMAND] [OPTION ...]\n")
    for name, command in COMMANDS.items():
        assert f"\n  {name} " in text
        assert command.what.split()[0] in text
    assert page("serve").startswith("usage: wyoming-hayakoe serve [OPTION ...]\n")


def test_the_options_of_the_server_stand_in_groups_with_their_values_and_ranges(page):
    text = page()
    places = [text.index(f"\n{group}:\n") for group in ("serving", "voice", "speech", "machine", "logging")]
    assert places == sorted(places)
    assert "--device {auto,cpu,cuda,pytorch}" in text
    words = " ".join(text.split())
    for option in SERVING:
        assert f"--{option.name}" in words
        if isinstance(option.convert, Range):
            assert option.convert.allowed in option.help
        if isinstance(option.convert, OneOf):
            assert f"--{option.name} {{{','.join(option.convert.texts)}}}" in words


def test_help_is_a_word_too_and_may_stand_anywhere(page, capsys, run_here):
    expected = page("say")
    for arguments in (["help", "say"], ["say", "-h"], ["say", "こんにちは", "--voice", "x", "-h"]):
        with pytest.raises(SystemExit):
            main(arguments)
        assert capsys.readouterr().out == expected
    with pytest.raises(SystemExit):
        main(["words", "list", "--help"])
    assert "words list" in capsys.readouterr().out
