"""Print the script with which bash, zsh or fish completes this program's commands, options and values.

For bash, add a line to ~/.bashrc; for zsh the same line to ~/.zshrc, behind compinit:

  source <(wyoming-hayakoe completion bash)

For fish, add a line to ~/.config/fish/config.fish:

  wyoming-hayakoe completion fish | source

The script is made of the parsers themselves, and asks nothing of this program when it completes.
"""

import argparse
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field

from wyoming_hayakoe.cli.argument_parser import ArgumentParser
from wyoming_hayakoe.cli.commands import COMMANDS, PROGRAM, parser_of

SHELLS = ("bash", "zsh", "fish")

_FILES = "<files>"
_FOLDERS = "<folders>"
_NOTHING = " "


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's argument."""
    parser.add_argument("shell", choices=SHELLS, metavar="SHELL", help="bash, zsh or fish")


def run(flags: argparse.Namespace) -> int:
    """Print the script."""
    print({"bash": bash, "zsh": zsh, "fish": fish}[flags.shell]())
    return 0


@dataclass(frozen=True, slots=True)
class _Flag:
    """An option: its names, what it is for, and what completes its value."""

    names: tuple[str, ...]
    help: str
    takes_value: bool

    values: str = ""
    """Words with spaces between them, ``_FILES`` or ``_FOLDERS``; "" where nothing completes it."""


@dataclass(frozen=True, slots=True)
class _Line:
    """A command line as far as it decides what may follow."""

    words: tuple[str, ...]
    """() without a command, ``("say",)``, or ``("words", "add")``."""

    flags: tuple[_Flag, ...]
    commands: dict[str, str] = field(default_factory=dict)
    """Commands that may come next, with what each is for."""

    arguments: str = ""
    """What completes a word that is no option, as :attr:`_Flag.values`."""


def _lines() -> Iterator[_Line]:
    for command in ("", *COMMANDS):
        parser = parser_of(command)
        words = (command,) if command else ()
        yield _line(
            words, parser, _what_of(parser) if command else {name: each.what for name, each in COMMANDS.items()}
        )
        for name, below in parser.commands.items():
            yield _line((*words, name), below, {})


def _line(words: tuple[str, ...], parser: ArgumentParser, commands: dict[str, str]) -> _Line:
    flags = tuple(
        _Flag(tuple(each.option_strings), str(each.help or ""), each.nargs not in {0, "?"}, _values(each))
        for each in parser.actions
        if each.option_strings
    )
    following = [] if parser.commands else [each for each in parser.actions if not each.option_strings]
    arguments = " ".join(filter(None, map(_values, following)))
    return _Line(words, flags, commands, arguments)


def _what_of(parser: ArgumentParser) -> dict[str, str]:
    return {name: str(below.description or "") for name, below in parser.commands.items()}


def _values(action: argparse.Action) -> str:
    metavar = str(action.metavar or action.dest)
    if action.nargs == 0:
        return ""
    if action.choices:
        return " ".join(map(str, action.choices))
    if metavar.startswith("{"):  # of an option whose value is checked later, with those of variables and keys
        return metavar.strip("{}").replace(",", " ")
    if metavar in {"DIR", "OUT", "FOLDER"}:
        return _FOLDERS
    return _FILES if metavar.startswith(("FILE", "file", "CHECKPOINT")) else ""


def bash() -> str:
    """Return the script for bash."""
    return f"""{_chooser()}
_wyoming_hayakoe() {{
  local values current
  _wyoming_hayakoe_values
  case "$values" in
    {shlex.quote(_FILES)}) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
    {shlex.quote(_FOLDERS)}) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$current") ;;
    *) COMPREPLY=($(compgen -W "$values" -- "$current")) ;;
  esac
}}
complete -F _wyoming_hayakoe {PROGRAM}"""


def zsh() -> str:
    """Return the script for zsh, whose compinit must have run."""
    return f"""{_chooser()}
_wyoming_hayakoe_words() {{
  emulate -L ksh
  local COMP_WORDS COMP_CWORD=$((CURRENT - 1))
  COMP_WORDS=("${{words[@]}}")
  _wyoming_hayakoe_values
}}
_wyoming_hayakoe() {{
  local values current
  _wyoming_hayakoe_words
  compset -P '--*='
  case "$values" in
    {shlex.quote(_FILES)}) _files ;;
    {shlex.quote(_FOLDERS)}) _files -/ ;;
    *) compadd -- ${{=values}} ;;
  esac
}}
compdef _wyoming_hayakoe {PROGRAM}"""


def _chooser() -> str:
    """Return the function that sets ``values``, of which the word that is being written is one, and that word."""
    lines = list(_lines())
    deeper = "|".join(dict.fromkeys(line.words[0] for line in lines if len(line.words) > 1))
    cases = "\n".join(_case(line) for line in lines)
    return f"""_wyoming_hayakoe_values() {{
  local previous="${{COMP_WORDS[COMP_CWORD-1]}}" command="" flags="" words=""
  current="${{COMP_WORDS[COMP_CWORD]}}" values=""
  # Of --flag=value bash makes three words, and zsh one.
  case "$current" in
    =) current="" ;;
    --*=*) previous="${{current%%=*}}" current="${{current#*=}}" ;;
  esac
  if [[ $previous == = ]]; then previous="${{COMP_WORDS[COMP_CWORD-2]}}"; fi
  if (( COMP_CWORD > 1 )); then
    case "${{COMP_WORDS[1]}}" in
      {"|".join(COMMANDS)}) command="${{COMP_WORDS[1]}}" ;;
    esac
    case "$command" in
      {deeper}) if (( COMP_CWORD > 2 )); then command="$command ${{COMP_WORDS[2]}}"; fi ;;
    esac
  fi
  case "$command" in
{cases}
  esac
  if [[ -z $values && $current == -* ]]; then values="$flags"; fi
  if [[ -z $values ]]; then values="$words"; fi
}}"""


def _case(line: _Line) -> str:
    flags = " ".join(name for flag in line.flags for name in flag.names)
    words = " ".join(line.commands) or line.arguments
    by_values: dict[str, list[str]] = {}
    for flag in line.flags:
        if flag.takes_value:
            by_values.setdefault(flag.values or _NOTHING, []).extend(flag.names)
    rows = [f"        {'|'.join(names)}) values={shlex.quote(values)} ;;" for values, names in by_values.items()]
    of_values = "\n".join(['      case "$previous" in', *rows, "      esac\n"]) if rows else ""
    return f"""\
    {shlex.quote(" ".join(line.words))})
      flags={shlex.quote(flags)} words={shlex.quote(words)}
{of_values}      ;;"""


def fish() -> str:
    """Return the script for fish."""
    return "\n".join([f"complete -c {PROGRAM} -f", *(row for line in _lines() for row in _fish_rows(line))])


def _fish_rows(line: _Line) -> Iterator[str]:
    """Yield the line of the script for each word that may follow."""
    start = f"complete -c {PROGRAM} -n {shlex.quote(_fish_condition(line))}"
    for name, what in line.commands.items():
        yield f"{start} -a {name} -d {shlex.quote(what)}"
    if line.arguments:
        yield start + _fish_values(line.arguments)
    for flag in line.flags:
        names = "".join(f" -l {name[2:]}" if name.startswith("--") else f" -s {name[1:]}" for name in flag.names)
        value = " -r" + _fish_values(flag.values) if flag.takes_value else ""
        yield f"{start}{names}{value} -d {shlex.quote(flag.help)}"


def _fish_values(values: str) -> str:
    if _FILES in values:
        return " -F"
    if _FOLDERS in values:
        return " -f -a '(__fish_complete_directories)'"
    return f" -f -a {shlex.quote(values)}" if values else " -f"


def _fish_condition(line: _Line) -> str:
    seen = "__fish_seen_subcommand_from"
    if not line.words:
        return f"not {seen} {' '.join(COMMANDS)}"
    if line.commands:
        return f"{seen} {line.words[0]}; and not {seen} {' '.join(line.commands)}"
    return "; and ".join(f"{seen} {word}" for word in line.words)
