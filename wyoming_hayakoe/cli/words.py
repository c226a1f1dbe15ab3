"""Add, list, remove, import and export the words of the user's dictionary.

A running server sees a change within two seconds.
"""

import argparse
import json
import sys
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from wyoming_hayakoe.disk import read_regular
from wyoming_hayakoe.errors import HayakoeError, UsageError, counted
from wyoming_hayakoe.paths import data_dir, words_file
from wyoming_hayakoe.text import exchange, user_words
from wyoming_hayakoe.text.explain import columns
from wyoming_hayakoe.text.morae import as_katakana
from wyoming_hayakoe.text.refused_rows import Problem


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the subcommands and their flags."""
    place = argparse.ArgumentParser(add_help=False)
    place.add_argument("--data-dir", metavar="DIR", help="folder of words.csv (default: the user's data folder)")
    subparsers = parser.add_subparsers(dest="words_command", required=True, metavar="COMMAND", title="commands")

    def command(name: str, what: str, example: str) -> argparse.ArgumentParser:
        text = f"example:\n  wyoming-hayakoe words {name} {example}"
        return subparsers.add_parser(
            name, parents=[place], help=what, description=f"{what[0].upper()}{what[1:]}.", epilog=text.rstrip()
        )

    add = command("add", "add a word, or replace it", "七海 ナナミ 1")
    add.add_argument("surface", metavar="SURFACE", help="word as it is written in a text: HACS")
    add.add_argument(
        "reading", metavar="READING", help="pronunciation in katakana or hiragana, ー for a long vowel: ハックス"
    )
    add.add_argument(
        "accent",
        metavar="ACCENT",
        nargs="?",
        default="0",
        help="accent nucleus: number of the mora after which the pitch falls, 0 for none (default: 0)",
    )
    add.add_argument(
        "--priority",
        metavar="NUMBER",
        default=str(user_words.DEFAULT_PRIORITY),
        help="precedence over other words (0 to 10; default: 8)",
    )
    add.set_defaults(words_run=_add)

    show = command("list", "show the words", "")
    show.add_argument("--json", action="store_true", help="one JSON object a line")
    show.set_defaults(words_run=_list)

    remove = command("remove", "remove words", "七海")
    remove.add_argument("surface", metavar="SURFACE", nargs="+", help="word as the list shows it")
    remove.set_defaults(words_run=_remove)

    bring = command("import", "add the words of a file", "user_dict.json")
    bring.add_argument(
        "file",
        metavar="FILE",
        help="words.csv, user_dict.json of VOICEVOX or AivisSpeech, or HayaKoe's words as JSON; - is standard input",
    )
    bring.set_defaults(words_run=_import)

    export = command("export", "write the words to a file", "words.csv")
    export.add_argument(
        "file", metavar="FILE", nargs="?", default="-", help="file to write; - is standard output (default: -)"
    )
    export.add_argument(
        "--format", choices=("csv", "voicevox"), help="format of the file (default: voicevox for *.json, else csv)"
    )
    export.set_defaults(words_run=_export)


def run(args: argparse.Namespace) -> int:
    """Run the chosen subcommand and return its exit code.

    Raises:
        HayakoeError: a file cannot be read or written, or its content cannot be used.
        UsageError: an argument is out of its range.
    """
    try:
        code: int = args.words_run(args, words_file(data_dir(args.data_dir)))
    except OSError as error:
        raise HayakoeError(f"{error.filename or 'words'}: {error.strerror or error}: repair or replace it") from error
    return code


def _add(args: argparse.Namespace, path: Path) -> int:
    try:
        word = user_words.entry(args.surface, as_katakana(args.reading), args.accent, args.priority)
    except ValueError as error:
        raise UsageError(f"words add: {error}") from None
    user_words.put(path, [word])
    print(f"{word.surface} → {word.reading} (accent {word.accent})")
    return 0


def _list(args: argparse.Namespace, path: Path) -> int:
    contents = user_words.read(path)
    _complain(contents.problems)
    if args.json:
        for word in contents.entries:
            print(json.dumps(asdict(word), ensure_ascii=False))
    elif contents.entries:
        rows = [(word.surface, word.reading, str(word.accent), str(word.priority)) for word in contents.entries]
        print(columns([("surface", "reading", "accent", "priority"), *rows]))
    else:  # not on standard output: it is no word
        print(f"{path}: holds no words yet: add one with: wyoming-hayakoe words add", file=sys.stderr)
    return 0


def _remove(args: argparse.Namespace, path: Path) -> int:
    if missing := user_words.drop(path, args.surface):
        raise HayakoeError(f"{path}: has no word {', '.join(missing)}; see wyoming-hayakoe words list")
    return 0


def _import(args: argparse.Namespace, path: Path) -> int:
    name = "stdin" if args.file == "-" else args.file
    raw = _stdin() if args.file == "-" else read_regular(Path(args.file), user_words.MAX_BYTES)
    try:
        contents = exchange.parse(user_words.decode(raw), name)
    except ValueError as error:
        raise HayakoeError(f"{name}: {error}") from None
    _complain(contents.problems)
    if not contents.entries:
        raise HayakoeError(f"{name}: holds no word that can be used: see wyoming-hayakoe words import --help")
    user_words.put(path, contents.entries)
    print(f"{counted(len(contents.entries), 'word')} added to {path}")
    return 0


def _stdin() -> bytes:
    raw = sys.stdin.buffer.read(user_words.MAX_BYTES + 1)
    if len(raw) > user_words.MAX_BYTES:
        raise HayakoeError(f"stdin: larger than {user_words.MAX_BYTES >> 20} MiB: split it")
    return raw


def _export(args: argparse.Namespace, path: Path) -> int:
    contents = user_words.read(path)
    _complain(contents.problems)
    form = args.format or ("voicevox" if args.file.endswith(".json") else "csv")
    text = exchange.dump(contents.entries) + "\n" if form == "voicevox" else user_words.dump(contents.entries)
    if args.file == "-":
        sys.stdout.write(text)
    else:
        Path(args.file).write_text(text, encoding="utf-8")
    return 0


def _complain(problems: Iterable[Problem]) -> None:
    for problem in problems:
        print(problem, file=sys.stderr)
