"""What a user may get wrong: one line that names the nearest right one, and exit code 2."""

from functools import cache

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wyoming_hayakoe.cli.commands import COMMANDS, parse, parser_of
from wyoming_hayakoe.cli.options.table import SERVING
from wyoming_hayakoe.cli.options.variables import unknown_variables
from wyoming_hayakoe.errors import UsageError


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["sya", "hello"], "unknown command 'sya': did you mean 'say'?"),
        (["xyzzy"], "unknown command 'xyzzy' (see wyoming-hayakoe --help)"),
        (["こんにちは"], "unknown command 'こんにちは' (see wyoming-hayakoe --help)"),
        (["words", "ad", "七海"], "unknown command 'ad': did you mean 'add'?"),
        (["bench", "evrything"], "there is no 'evrything': choose from server, text, engine"),
        (["completion", "bsh"], "there is no 'bsh': did you mean 'bash'?"),
        (["--lenght-scale", "2"], "unknown option '--lenght-scale': did you mean '--length-scale'?"),
        (["say", "--speed=2", "あ"], "unknown option '--speed': did you mean '--length-scale'?"),
        (["words", "add", "a", "ア", "--prio", "2"], "unknown option '--prio': did you mean '--priority'?"),
        (["--qqqq"], "unknown option '--qqqq' (see wyoming-hayakoe --help)"),
        (["say", "-5度", "-o", "-"], "unknown option '-5度': put -- before a text that begins with -"),
        (["words", "add", "-5度", "マイナスゴド"], "unknown option '-5度': put -- before a text that begins with -"),
        (["say", "hello", "world"], "unexpected argument 'world': a text with spaces needs quotes"),
        (["--no-zeroconf", "say", "a"], "unexpected argument 'say': the command comes first: wyoming-hayakoe say"),
        (["health", "me"], "unexpected argument 'me' (see wyoming-hayakoe health --help)"),
        (["--max-memory", "10"], "--max-memory: '10' is not enough: the least is 128M"),
        (["--voice"], "argument --voice: expected one argument"),
        ([""], "unexpected argument ''"),
    ],
)
def test_the_line_names_what_is_meant(arguments, line, run_here):
    result = run_here(*arguments)
    (shown,) = result.stderr.splitlines()
    assert shown.startswith(f"wyoming-hayakoe: {line}")
    assert (result.code, result.stdout) == (2, "")


def test_behind_two_hyphens_a_text_may_begin_with_one(tmp_path, run_here):
    assert run_here("say", "--explain", "--", "-5度").stdout.startswith("word")
    assert run_here("say", "--explain", "-5").stdout.startswith("word"), "a number is no option"
    added = run_here("words", "add", "--data-dir", str(tmp_path), "--", "-5度", "マイナスゴド")
    assert (added.code, added.stdout) == (0, "-5度 → マイナスゴド (accent 0)\n")


# -- any arguments --

cached_parser = cache(parser_of)
OPTIONS = sorted(
    {name for command in ("", *COMMANDS) for each in parser_of(command).actions for name in each.option_strings}
)
WORDS = st.one_of(
    st.sampled_from([*OPTIONS, *COMMANDS, "--", "-", "=", "1", "-1", "add", "engine", "bash"]),
    st.builds("{}={}".format, st.sampled_from(OPTIONS), st.text(max_size=5)),
    st.text(st.characters(codec="utf-8", categories=None), max_size=8),
    st.text("-=0a あ\n", max_size=8),
)


@given(st.sampled_from(["", *COMMANDS]), st.lists(WORDS, max_size=6))
@example("words", ["add", "--", "-", "--"])
@example("load", ["--clients=1", "--seed", "９"])
def test_any_arguments_are_parsed_or_refused_in_one_line(command, arguments):
    code = 0
    try:
        parse(cached_parser(command), command, arguments)
    except UsageError:
        pass
    except SystemExit as end:  # --help and --version
        code = end.code
    assert code == 0


# -- variables --


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("HAYAKOE_VOCE", "HAYAKOE_VOCE: no such variable: did you mean 'HAYAKOE_VOICE'?"),
        ("HAYAKOE_MAX_CLIENT", "HAYAKOE_MAX_CLIENT: no such variable: did you mean 'HAYAKOE_MAX_CLIENTS'?"),
        ("HAYAKOE_PORT", "HAYAKOE_PORT: no such variable: did you mean 'HAYAKOE_URI'?"),
        ("HAYAKOE_XYZZY", "HAYAKOE_XYZZY: no such variable: it has no effect"),
    ],
)
def test_a_misspelt_variable_is_a_warning(name, line):
    assert unknown_variables({name: "1", "HOME": "/"}) == [line]


def test_variables_that_something_reads_are_no_warning():
    others = ["HAYAKOE_CONFIG", "HAYAKOE_TIMEOUT", "HAYAKOE_HF_REPO", "HAYAKOE_SERVICE_HOST", "HAYAKOE_PORT_10200_TCP"]
    assert unknown_variables(dict.fromkeys([*others, *(option.variable for option in SERVING)], "1")) == []


def test_a_command_warns_of_it_and_goes_on(run_here):
    result = run_here("words", "list", HAYAKOE_DATADIR="/tmp")
    assert result.code == 0
    assert "HAYAKOE_DATADIR: no such variable: did you mean 'HAYAKOE_DATA_DIR'?" in result.stderr
