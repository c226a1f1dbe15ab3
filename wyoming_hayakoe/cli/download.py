"""Fetch voices and their BERT before their first use; afterwards, --offline serves them without a network."""

import argparse
import sys

from wyoming_hayakoe.cli.options.configured import configure
from wyoming_hayakoe.cli.options.option import add_options
from wyoming_hayakoe.cli.options.table import FETCHING
from wyoming_hayakoe.cli.progress import progress_on
from wyoming_hayakoe.errors import UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's flags."""
    parser.add_argument(
        "voice",
        nargs="*",
        metavar="VOICE",
        help="voice as NAME[=SOURCE] (default: those of HAYAKOE_VOICE and the --config file)",
    )
    parser.add_argument("--bert", action="store_true", help="fetch the BERT even where no named voice needs it")
    add_options(parser, [option for option in FETCHING if option.name != "voice"])


def run(flags: argparse.Namespace) -> int:
    """Fetch the named voices, or the configured ones where none is named."""
    # The positional VOICE stands for --voice: without it, HAYAKOE_VOICE and the --config file apply.
    flags.voice = flags.voice or None
    configured = configure(flags, FETCHING)
    configured.start_logging("%(message)s")
    wanted = configured.wanted
    voices = {name: source for name, source in wanted.sources.items() if name != wanted.preferred}
    if not voices and not flags.bert:
        raise UsageError("download: no voice is named or configured: name one, as NAME=hf://OWNER/REPO, or add --bert")
    tts = configured.make_tts()
    progress = progress_on(sys.stderr)
    for name, source in voices.items():
        tts.load(name, source)
    tts.pre_download(progress)
    if flags.bert:
        tts.pre_download_bert(progress)
    for name in [*voices, *(["the BERT"] if flags.bert else [])]:
        print(f"{name} is here")
    return 0
