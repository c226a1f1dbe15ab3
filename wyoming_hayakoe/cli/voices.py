"""List the voices of this installation, or, with --source and without --voice, those of a source."""

import argparse
import json
import sys

from wyoming_hayakoe.cli.options.configured import configure, open_voices
from wyoming_hayakoe.cli.options.option import add_options
from wyoming_hayakoe.cli.options.table import SPEAKING
from wyoming_hayakoe.engine.prepare.pace import SENTENCE, forecast
from wyoming_hayakoe.errors import HayakoeError
from wyoming_hayakoe.paths import data_dir
from wyoming_hayakoe.server.catalogue import Entry
from wyoming_hayakoe.sources.inventory import voices_in
from wyoming_hayakoe.sources.left_out import left_out, lines_of
from wyoming_hayakoe.sources.location import open_source
from wyoming_hayakoe.text.explain import columns

_KINDS = {
    "repository": "HayaKoe repository",
    "folder": "Style-Bert-VITS2 folder",
    "aivmx": "AivisSpeech file",
    "kokoro": "Kokoro",
    "piper": "Piper",
    "hts": "HTS voice",
}
_HELD_COLUMNS: tuple[str, ...] = ("name", "kind", "path")
_COLUMNS: tuple[str, ...] = ("name", "description", "languages", "styles", "sample_rate", "licence", "attribution")

_PACE = {"first_audio": "{:.2f} s", "realtime": "{:.2f}", "waste": "{:.2f}"}
"""The figures of a forecast that are shown, and how."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's flags."""
    add_options(parser, SPEAKING)
    what = f"show also each voice's precision, and its pace in a sentence of {SENTENCE:g} s"
    parser.add_argument("--verbose", action="store_true", help=what)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")


def run(flags: argparse.Namespace) -> int:
    """Print the voices."""
    if flags.source and not flags.voice:
        voices, shown = _held(flags), _HELD_COLUMNS
    else:
        catalogue = open_voices(flags, SPEAKING, built_in=True)
        entries = [*catalogue.entries, *catalogue.unlisted]
        voices, shown = [_describe(entry) for entry in entries], _COLUMNS
        if flags.verbose:
            voices = [voice | _precision(entry) | _pace(entry) for voice, entry in zip(voices, entries, strict=True)]
            shown = (*shown, "precision", *_PACE, "why")
    if flags.json:
        print(json.dumps(voices, ensure_ascii=False, indent=2))
    else:
        print(columns([shown, *([_cell(column, voice[column]) for column in shown] for voice in voices)]))
    return 0


def _held(flags: argparse.Namespace) -> list[dict[str, object]]:
    """Return the voices of the source by its list of files; no file is fetched."""
    given = configure(flags, SPEAKING).settings
    source = open_source(flags.source, data_dir(given.data_dir), offline=given.offline)
    paths = source.list()
    found = voices_in(paths)
    for line in lines_of(left_out(paths)):
        print(line, file=sys.stderr)
    if not found:
        raise HayakoeError(f"{source.uri}: holds no voice that this program can speak: name another --source")
    return [{"name": voice.name or "(any)", "kind": _KINDS[voice.kind], "path": voice.prefix or "."} for voice in found]


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


def _precision(entry: Entry) -> dict[str, object]:
    """Return the precision and its reason from the voice's report, which a voice not yet prepared lacks."""
    voice = entry.speaker.voice
    report = voice.report
    if report is None:
        why = (
            "needs no preparing" if voice.is_compiled else "is prepared at its first use, or by wyoming-hayakoe compile"
        )
        return {"precision": "", "why": why}
    choice = report.get("choice", {"chosen": "fp32", "reason": report.get("uncut", "")})
    return {"precision": choice["chosen"], "why": choice["reason"]}


def _pace(entry: Entry) -> dict[str, float | None]:
    """Return what was measured when the voice was prepared; None for a voice that needs no preparing, or has none."""
    found = forecast(entry.speaker.voice.report or {})
    return {name: round(getattr(found, name), 3) if found else None for name in _PACE}


def _cell(column: str, value: object) -> str:
    if value is None:
        return ""
    return ", ".join(value) if isinstance(value, list) else _PACE.get(column, "{}").format(value)
