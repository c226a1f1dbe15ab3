"""List the voices that this installation can speak."""

import argparse
import json

from wyoming_hayakoe.cli.options import add_options
from wyoming_hayakoe.cli.settings import SPEAKING, open_voices
from wyoming_hayakoe.server.catalogue import Entry
from wyoming_hayakoe.text.explain import columns

_COLUMNS = ("name", "description", "languages", "styles", "sample_rate", "licence", "attribution")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's flags."""
    add_options(parser, SPEAKING)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")


def run(flags: argparse.Namespace) -> int:
    """Print the voices."""
    voices = [_describe(entry) for entry in open_voices(flags, SPEAKING).entries]
    if flags.json:
        print(json.dumps(voices, ensure_ascii=False, indent=2))
    else:
        print(columns([_COLUMNS, *([_cell(voice[column]) for column in _COLUMNS] for voice in voices)]))
    return 0


def _describe(entry: Entry) -> dict[str, object]:
    voice = entry.speaker.voice
    params = entry.speaker.params
    return {
        "name": entry.name,
        "description": entry.description,
        "languages": list(voice.languages),
        "styles": list(entry.styles),
        "sample_rate": voice.sample_rate,
        "speed": params.speed,
        "pitch_scale": params.pitch_scale,
        "licence": voice.credit.licence,
        "attribution": voice.credit.author,
        "url": voice.credit.url,
    }


def _cell(value: object) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)
