"""The commands: what each is for, an example of its use, and its parser."""

import argparse
import importlib
from collections.abc import Sequence
from types import ModuleType
from typing import NamedTuple

from wyoming_hayakoe.cli.argument_parser import ArgumentParser
from wyoming_hayakoe.cli.nearest import did_you_mean
from wyoming_hayakoe.errors import UsageError
from wyoming_hayakoe.version import __version__

PROGRAM = "wyoming-hayakoe"


class Command(NamedTuple):
    """A line of the list of commands, and the arguments of an example."""

    what: str
    example: str


COMMANDS = {
    "serve": Command("offer voices to Home Assistant and Rhasspy (the default command)", "--voice kokoro-alpha"),
    "say": Command("speak a text to a file, to a player, or through a running server", "こんにちは。 -o hello.wav"),
    "voices": Command("list the voices of this installation, or those of a source", "--source hf://OWNER/REPO"),
    "download": Command("fetch voices before their first use", "tsukuyomi"),
    "compile": Command("prepare voices for this machine before their first use", "tsukuyomi"),
    "words": Command("add, list, remove, import and export the user's words", "add 七海 ナナミ 1"),
    "export": Command("export a training checkpoint as the ONNX files of a voice", "model.safetensors voice/"),
    "publish": Command("upload a voice, and verify that it speaks from there", "my-voice/ --to hf://OWNER/REPO"),
    "health": Command("check that a running server answers: for scripts and containers", "--timeout 2"),
    "bench": Command("measure a server, the reading of text, or a voice on this machine", "engine"),
    "load": Command("send requests to running servers, and compute the size of a fleet", "--clients 20 --duration 60"),
    "completion": Command("print the script with which a shell completes commands and options", "bash"),
}
"""The commands in the order of their list in --help; each is a module of this package."""


def module_of(command: str) -> ModuleType:
    """Return the module of a command; "" is the command line without one, which serves.

    Raises:
        UsageError: there is no such command.
    """
    if command and command not in COMMANDS:
        raise UsageError(f"unknown command {command!r}{did_you_mean(command, COMMANDS)} (see {PROGRAM} --help)")
    return importlib.import_module(f"wyoming_hayakoe.cli.{command or 'serve'}")


def parser_of(command: str) -> ArgumentParser:
    """Return the parser of a command; "" is the command line without one.

    Raises:
        UsageError: there is no such command.
    """
    module = module_of(command)
    parser = ArgumentParser(prog=f"{PROGRAM} {command}".rstrip())
    if command:
        parser.epilog = f"example:\n{_example(command)}"
    else:
        parser.usage = f"{PROGRAM} [COMMAND] [OPTION ...]"
        parser.epilog = f"examples:\n{_example('serve')}\n{_example('say')}"
    complete(parser, module)
    if not command:
        parser.description = f"{parser.description}\n\n{_list()}"
    return parser


def complete(parser: ArgumentParser, module: ModuleType) -> None:
    """Add a module's description and arguments to its parser, and the arguments that every command has."""
    parser.description = module.__doc__
    parser.add_argument("--version", action="version", version=__version__, help="show the version and exit")
    module.add_arguments(parser)
    if not parser.has_option("--debug"):
        parser.add_argument("--debug", action="store_true", help="show tracebacks")


def parse(parser: ArgumentParser, command: str, arguments: Sequence[str]) -> argparse.Namespace:
    """Return the parsed arguments of a command.

    Raises:
        UsageError: an option or a word is unknown, missing, or one too many.
    """
    flags, rest = parser.parse_known_args(arguments)
    if rest:
        remedy = ""
        if not command and rest[0] in COMMANDS:
            remedy = f": the command comes first: {PROGRAM} {rest[0]}"
        elif command == "say":
            remedy = ": a text with spaces needs quotes"
        parser.error(f"unexpected argument {rest[0]!r}{remedy}")
    found: argparse.Namespace = flags
    return found


def _example(command: str) -> str:
    return f"  {PROGRAM} {command} {COMMANDS[command].example}"


def _list() -> str:
    commands = "\n".join(f"  {name:<10}  {command.what}" for name, command in COMMANDS.items())
    return f"commands (COMMAND --help shows the options of each):\n{commands}"
