"""Prepare voices for this machine before their first use, and keep the prepared forms in the data directory."""

import argparse
import sys
from contextlib import nullcontext
from dataclasses import replace

from wyoming_hayakoe.cli.options.configured import configure
from wyoming_hayakoe.cli.options.option import add_options
from wyoming_hayakoe.cli.options.table import LOGGING, PREPARING
from wyoming_hayakoe.cli.progress import lasting, progress_on
from wyoming_hayakoe.engine.runtime.bounds import bound, most_memory
from wyoming_hayakoe.engine.runtime.heap import give_back_at_once
from wyoming_hayakoe.errors import HayakoeError, UsageError

_OPTIONS = (*PREPARING, *LOGGING)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's flags."""
    parser.add_argument(
        "voice",
        nargs="*",
        metavar="VOICE",
        help="voice as NAME[=SOURCE] (default: those of HAYAKOE_VOICE, the --config file and the data directory)",
    )
    parser.add_argument(
        "--prove", action="store_true", help="only try whether the voices can be loaded, as before --no-compile"
    )
    add_options(parser, [option for option in _OPTIONS if option.name != "voice"])


def run(flags: argparse.Namespace) -> int:
    """Prepare the named voices, or the configured ones where none is named."""
    _yield_to_others()
    flags.voice = flags.voice or None
    configured = configure(flags, _OPTIONS)
    if flags.prove:
        configured = replace(configured, settings=replace(configured.settings, no_compile=True))
    voices = configured.wanted.sources
    if not voices:
        raise UsageError("compile: no voice is named or configured: name one, as NAME=hf://OWNER/REPO")
    configured.start_logging("%(message)s")
    tts = configured.make_tts()
    for name, source in voices.items():
        tts.load(name, source)
    tts.pre_download(progress_on(sys.stderr))
    failures = []
    for name in voices:
        try:
            # Elsewhere the lines of the log say it, which a server relays to its own.
            with lasting(f"preparing {name}", sys.stderr) if sys.stderr.isatty() else nullcontext():
                tts.speakers[name].voice.compile()
        except HayakoeError as error:
            failures.append(str(error))
        else:
            print(f"{name} {'can be loaded' if flags.prove else 'is prepared'}", flush=True)
    if failures:
        raise HayakoeError("; ".join(dict.fromkeys(failures)))
    return 0


def _yield_to_others() -> None:
    """Lower this process's priority beside a running server, and make it the first to be killed without memory."""
    bound(most_memory())
    give_back_at_once()
