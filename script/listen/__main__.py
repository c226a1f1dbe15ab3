"""Writes a page for comparing sentences with the word accent and without: `python -m script.listen FOLDER`.

The folder gets index.html and two WAV files for each sentence; it can be sent as it is. The order of the two is
shuffled, the same each time, and the answers stand at the end of the page.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Protocol

from script.listen.page import Pair, page
from script.listen.sentences import SENTENCES
from wyoming_hayakoe import TTS, Audio, HayakoeError

_SEED = 16


class AccentSpeaker(Protocol):
    """What speaks with the word accent and without: a :class:`wyoming_hayakoe.Speaker`."""

    def generate(self, text: str, *, accent: bool) -> Audio:
        """Return a text as audio."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the page and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m script.listen", description=(__doc__ or "").split(": `")[0])
    parser.add_argument("folder", metavar="FOLDER", type=Path, help="where the page goes; it is made if it is missing")
    parser.add_argument("--voice", metavar="NAME", default="kokoro-alpha", help="the voice (default: %(default)s)")
    options = parser.parse_args(arguments)
    try:
        speaker = TTS().load(options.voice).prepare().speakers[options.voice]
        write(options.folder, options.voice, speaker)
    except HayakoeError as error:
        print(error, file=sys.stderr)
        return 1
    print(options.folder / "index.html")
    return 0


def write(folder: Path, voice: str, speaker: AccentSpeaker, sentences: Sequence[str] = SENTENCES) -> None:
    """Write the sounds of all sentences and the page, in the order of ``sentences``."""
    folder.mkdir(parents=True, exist_ok=True)
    random = Random(_SEED)  # noqa: S311 - the order is no secret
    # As many pairs begin with the accent as without, or a listener who always prefers A would decide.
    orders = [index % 2 == 0 for index in range(len(sentences))]
    random.shuffle(orders)
    pairs = []
    for number, (text, accent_first) in enumerate(zip(sentences, orders, strict=True), 1):
        names = f"{number:02}-a.wav", f"{number:02}-b.wav"
        for name, accent in zip(names, (accent_first, not accent_first), strict=True):
            speaker.generate(text, accent=accent).save(folder / name)
        print(f"{number} of {len(sentences)}", file=sys.stderr, flush=True)
        pairs.append(Pair(text, *names, accented="A" if accent_first else "B"))
    (folder / "index.html").write_text(page(voice, pairs), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
