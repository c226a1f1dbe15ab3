"""The parser of every command: short usage, help that fits the terminal, and errors of one line with the remedy."""

import argparse
import re
import shutil
import textwrap
from collections.abc import Sequence
from typing import Any, NoReturn

from wyoming_hayakoe.cli.nearest import did_you_mean
from wyoming_hayakoe.errors import UsageError

# Longer lines are hard to read, on however wide a terminal.
_WIDEST = 100
# The first word of an indented line, or its indent: the lines that go on below it stand as far right.
_HANG = re.compile(r"\s+\S+\s{2,}|\s*")
_NUMBER = re.compile(r"-\d+|-\d*\.\d+")


class ArgumentParser(argparse.ArgumentParser):
    """Argument parser that takes only whole option names and reports errors as a UsageError of one line."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**{"formatter_class": HelpFormatter, "allow_abbrev": False, **settings})
        self._positionals.title = "arguments"
        self.color = False  # of Python 3.14, whose codes would count as characters of a line

    def error(self, message: str) -> NoReturn:
        """Raise the message as a UsageError."""
        raise UsageError(f"{message} (see {self.prog} --help)")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse as the base class does, once every option is known to be one of this parser's."""
        self._check_options(list(args or []))
        return super().parse_known_args(args, namespace)

    def has_option(self, name: str) -> bool:
        """Return whether an option of that name was added."""
        return name in self._option_string_actions

    @property
    def actions(self) -> Sequence[argparse.Action]:
        """What was added, in order."""
        return self._actions

    @property
    def commands(self) -> dict[str, "ArgumentParser"]:
        """The parsers of the subcommands, by name."""
        subparsers = (action for action in self._actions if isinstance(action, argparse._SubParsersAction))  # noqa: SLF001 - argparse has no other name for it
        return {name: parser for action in subparsers for name, parser in action.choices.items()}

    def _check_options(self, arguments: Sequence[str]) -> None:
        """Refuse the first word that is taken for an option and is none: argparse names all that it could not use."""
        every = [action for parser in (self, *self.commands.values()) for action in parser.actions]
        known = {name for action in every for name in action.option_strings}
        takes_words = any(not action.option_strings for action in self._actions)
        for argument in arguments:
            if argument == "--":
                return
            name = argument.partition("=")[0]
            is_word = not argument.startswith("-") or argument == "-" or " " in argument or _NUMBER.fullmatch(argument)
            if is_word or name in known or argument[:2] in known:
                continue
            hint = ": put -- before a text that begins with -" if takes_words else ""
            self.error(f"unknown option {name!r}{did_you_mean(name, known) or hint}")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            choices = [str(choice) for choice in action.choices]
            allowed = did_you_mean(str(value), choices) or f": choose from {', '.join(choices)}"
            what = "unknown command" if isinstance(action.choices, dict) else "there is no"
            raise argparse.ArgumentError(None, f"{what} {str(value)!r}{allowed}")


class HelpFormatter(argparse.HelpFormatter):
    """Help whose usage line leaves out what may be left out, and whose paragraphs fit the terminal."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=26, width=min(shutil.get_terminal_size().columns, _WIDEST) - 2)

    def _format_usage(self, usage: Any, actions: Any, groups: Any, prefix: Any) -> str:
        if prefix == "":  # the beginning of a subcommand's usage
            return super()._format_usage(usage, [], [], prefix)
        required = [group for group in groups if getattr(group, "required", False)]
        shown = [
            action
            for action in actions
            if not action.option_strings or any(action in group._group_actions for group in required)  # noqa: SLF001 - as argparse's own formatter
        ]
        width, self._width = self._width, 10_000
        line = super()._format_usage(usage, shown, required, "").strip()
        self._width = width
        if usage is None:
            line = line.replace(self._prog, f"{self._prog} [OPTION ...]", 1)
        return _fill(f"usage: {line}", self._width, hang=7) + "\n\n"

    def _split_lines(self, text: str, width: int) -> list[str]:
        return _fill(" ".join(text.split()), width).splitlines()

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        """Wrap paragraphs, and each indented line by itself with a hanging indent."""
        filled = []
        for paragraph in text.strip().split("\n\n"):
            lines = paragraph.splitlines()
            if any(line.startswith(" ") for line in lines):
                filled += ["\n".join(_fill(line, width, hang=_hang(line)) for line in lines)]
            else:
                filled.append(_fill(" ".join(lines), width))
        return textwrap.indent("\n\n".join(filled), indent)


def _hang(line: str) -> int:
    found = _HANG.match(line)
    return len(found[0]) if found else 0


def _fill(text: str, width: int, hang: int = 0) -> str:
    """Return a text in lines, of which all but the first begin with ``hang`` spaces; words are never divided."""
    return textwrap.fill(text, width, subsequent_indent=" " * hang, break_on_hyphens=False, break_long_words=False)
