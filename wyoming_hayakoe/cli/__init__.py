"""The command line: one file for each subcommand."""

import argparse
import importlib
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any, NoReturn

from wyoming_hayakoe.cli import native_output, standard_error
from wyoming_hayakoe.engine.runtime.heap import use_one_heap
from wyoming_hayakoe.errors import HayakoeError, UsageError
from wyoming_hayakoe.version import __version__

PROGRAM = "wyoming-hayakoe"

_COMMANDS = {
    "serve": "serve voices over the Wyoming protocol (the default command)",
    "say": "speak a text to a file, to a player, or through a running server",
    "voices": "list the voices of this installation",
    "download": "fetch voices before their first use",
    "compile": "prepare voices for this machine before their first use",
    "words": "add, list, remove, import and export the words of the user's dictionary",
    "export": "export a training checkpoint as the ONNX files of a voice",
    "publish": "upload a voice to Hugging Face, S3 or a folder, and verify that it speaks from there",
    "health": "check that a running server answers: for scripts and containers",
    "bench": "measure a server on this machine",
    "load": "send concurrent requests to running servers, and compute how many replicas a fleet needs",
}


class _Parser(argparse.ArgumentParser):
    """Argument parser that takes only whole option names and reports errors as a UsageError of one line."""

    def __init__(self, **settings: Any) -> None:
        formatter = argparse.RawDescriptionHelpFormatter
        super().__init__(formatter_class=formatter, allow_abbrev=False, **settings)

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (see {self.prog} --help)")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0, 2 for bad usage, 1 for everything else."""
    _reserve_standard_streams()
    arguments = list(sys.argv[1:] if argv is None else argv)
    command = arguments.pop(0) if arguments and arguments[0] in _COMMANDS else "serve"
    if arguments[:1] == ["--version"]:
        print(__version__)
        return 0
    debug = "--debug" in arguments or os.environ.get("HAYAKOE_DEBUG", "").lower() in {"1", "true", "yes", "on"}
    if argv is None and not debug:  # only in a process of this program: a caller of main() keeps its own output
        native_output.discard()
    if argv is None and command == "serve":
        use_one_heap()  # counts only if no thread has started
        standard_error.never_block()
    return _guarded(lambda: _run(command, arguments), debug=debug)


def run_command(module: ModuleType, name: str, arguments: Sequence[str]) -> int:
    """Run a module with a subcommand's functions as the program ``name``; return the exit code as main() does."""
    return _guarded(lambda: _parse_and_run(module, _Parser(prog=name), arguments), debug="--debug" in arguments)


def _guarded(work: Callable[[], int], *, debug: bool) -> int:
    """Return the exit code of ``work``, with one line on standard error where it fails."""
    try:
        return work()
    except HayakoeError as error:
        return _fail(str(error), 2 if isinstance(error, UsageError) else 1, debug=debug)
    except KeyboardInterrupt:
        return _fail("interrupted", 1, debug=debug)
    except BrokenPipeError:
        # The reader of standard output has closed its end. Python would report it once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _fail("the reader of standard output has closed it", 1, debug=debug)
    except Exception as error:  # noqa: BLE001  the one place where an unexpected error becomes one line
        return _fail(f"{type(error).__name__}: {error} (--debug shows where)", 1, debug=debug)


def _run(command: str, arguments: list[str]) -> int:
    module = importlib.import_module(f"wyoming_hayakoe.cli.{command}")
    if command == "serve":
        return _parse_and_run(module, _Parser(prog=PROGRAM, epilog=_epilog()), arguments)
    return _parse_and_run(module, _Parser(prog=f"{PROGRAM} {command}"), arguments)


def _parse_and_run(module: ModuleType, parser: "_Parser", arguments: Sequence[str]) -> int:
    parser.description = module.__doc__
    parser.add_argument("--version", action="version", version=__version__)
    module.add_arguments(parser)
    if "--debug" not in parser.format_usage():
        parser.add_argument("--debug", action="store_true", help="show tracebacks")
    code: int = module.run(parser.parse_args(arguments))
    return code


def _reserve_standard_streams() -> None:
    """Open standard streams that the shell has closed (``2>&-``), so that no file or socket takes their numbers."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, os.O_RDONLY if mode == "r" else os.O_WRONLY)
            os.dup2(descriptor, number)
            if descriptor != number:
                os.close(descriptor)
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115


def _epilog() -> str:
    commands = "\n".join(f"  {name:<8} {text}" for name, text in _COMMANDS.items())
    return f"""\
commands (each has its own --help):
{commands}

Each option is also an environment variable (--max-clients: HAYAKOE_MAX_CLIENTS; commas separate the values of a list)
and a key of the --config file. A flag takes precedence over a variable, and a variable over a key."""


def _fail(message: str, code: int, *, debug: bool) -> int:
    if debug:
        traceback.print_exc()
    print(f"{PROGRAM}: {' '.join(message.split())}", file=sys.stderr)
    return code
