"""The command line: one file for each subcommand."""

import os
import sys
import traceback
from collections.abc import Callable, Sequence
from types import ModuleType

from wyoming_hayakoe.cli import native_output, standard_error
from wyoming_hayakoe.cli.argument_parser import ArgumentParser
from wyoming_hayakoe.cli.commands import PROGRAM, complete, module_of, parse, parser_of
from wyoming_hayakoe.engine.runtime.heap import use_one_heap
from wyoming_hayakoe.errors import HayakoeError, UsageError
from wyoming_hayakoe.version import __version__


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0, 2 for bad usage, 1 for everything else."""
    _reserve_standard_streams()
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["help"]:
        arguments = [*arguments[1:], "--help"]
    command = "" if arguments[:1] in ([], [""]) or arguments[0].startswith("-") else arguments.pop(0)
    if arguments[:1] == ["--version"]:
        print(__version__)
        return 0
    debug = "--debug" in arguments or os.environ.get("HAYAKOE_DEBUG", "").lower() in {"1", "true", "yes", "on"}
    if argv is None and not debug:  # only in a process of this program: a caller of main() keeps its own output
        native_output.discard()
    if argv is None and command in {"", "serve"}:
        use_one_heap()  # counts only if no thread has started
        standard_error.never_block()
    return _guarded(lambda: _run(command, arguments), debug=debug)


def run_command(module: ModuleType, name: str, arguments: Sequence[str]) -> int:
    """Run a module with a subcommand's functions as the program ``name``; return the exit code as main() does."""
    parser = ArgumentParser(prog=name)
    complete(parser, module)
    return _guarded(lambda: int(module.run(parse(parser, name, arguments))), debug="--debug" in arguments)


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
    module, parser = module_of(command), parser_of(command)
    flags = parse(parser, command, arguments)
    has_variables = any(name.startswith("HAYAKOE_") for name in os.environ)
    if has_variables and command not in {"", "serve"}:  # which log them, with everything else
        from wyoming_hayakoe.cli.options.variables import warn_of_unknown_variables

        warn_of_unknown_variables()
    code: int = module.run(flags)
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


def _fail(message: str, code: int, *, debug: bool) -> int:
    if debug:
        traceback.print_exc()
    print(f"{PROGRAM}: {' '.join(message.split())}", file=sys.stderr)
    return code
