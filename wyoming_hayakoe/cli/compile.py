"""Prepare voices for this machine ahead of time, as their first use does, and keep that in the data directory."""

import argparse
import os
import sys
from contextlib import suppress
from pathlib import Path

from wyoming_hayakoe.cli.options.configured import configure
from wyoming_hayakoe.cli.options.option import add_options
from wyoming_hayakoe.cli.options.table import LOGGING, PREPARING
from wyoming_hayakoe.cli.progress import progress_on
from wyoming_hayakoe.engine.runtime.model_cache import give_back_at_once
from wyoming_hayakoe.errors import UsageError

_OPTIONS = (*PREPARING, *LOGGING)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's flags."""
    parser.add_argument(
        "voice",
        nargs="*",
        metavar="VOICE",
        help="NAME[=SOURCE] of a voice (default: those of HAYAKOE_VOICE, the --config file and the data directory)",
    )
    add_options(parser, [option for option in _OPTIONS if option.name != "voice"])


def run(flags: argparse.Namespace) -> int:
    """Prepare them."""
    _yield_to_others()
    flags.voice = flags.voice or None
    configured = configure(flags, _OPTIONS)
    voices = configured.wishes.sources
    if not voices:
        raise UsageError("compile: nothing to prepare: name a voice, as NAME=hf://OWNER/REPO")
    configured.start_logging("%(message)s")
    tts = configured.make_tts()
    for name, source in voices.items():
        tts.load(name, source)
    tts.pre_download(progress_on(sys.stderr))
    for name in voices:
        tts.speakers[name].voice.compile()
        print(f"{name} is prepared")
    return 0


def _yield_to_others() -> None:
    """Leave processor and memory to whoever speaks meanwhile, and be the one that goes when there is too little."""
    os.nice(10)
    give_back_at_once()
    with suppress(OSError):  # not Linux
        Path("/proc/self/oom_score_adj").write_text("800", encoding="ascii")
