"""Prints how far the pitch of Kokoro's voices follows the word accent: `python -m script.kokoro_accent [VOICE…]`.

For each voice, without our accent and with it: the chance that a fall behind an accent nucleus is deeper than the
movement of morae that should be flat (0.5 is none), the same for the rise at the start of phrases, and the jumps of the
pitch that the model itself does not have. In brackets the chances without the edges of voiced stretches.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import onnx

from script.kokoro_accent.judge import Curve, Movements, Spoken, new_jumps
from script.kokoro_accent.sentences import SENTENCES
from wyoming_hayakoe.engine.kokoro.division import divide
from wyoming_hayakoe.engine.kokoro.melody import melody
from wyoming_hayakoe.engine.kokoro.phonemes import Line, line
from wyoming_hayakoe.engine.kokoro.voice_files import BUILT_IN, KokoroFiles, assembled, installed
from wyoming_hayakoe.engine.runtime.session import Execution, Session
from wyoming_hayakoe.text.frontend import japanese

EVERY = 4
"""Of the sentences, one in how many is kept for tests."""

Melody = Callable[[Spoken], Curve]


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge voices and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m script.kokoro_accent", description=(__doc__ or "").split("\n")[0])
    parser.add_argument(
        "voices", metavar="VOICE", nargs="*", help=f"one of {', '.join(BUILT_IN)}; all if none is named"
    )
    parser.add_argument("--keep", metavar="FILE", type=Path, help="keep the model's pitch, for tests/data")
    options = parser.parse_args(arguments)
    voices = options.voices or list(BUILT_IN)
    if unknown := set(voices) - set(BUILT_IN):
        parser.error(f"{', '.join(sorted(unknown))}: there is {', '.join(BUILT_IN)}")
    files = {voice: installed(BUILT_IN[voice]) for voice in voices}
    session = prosody_session(files[voices[0]])
    front_end = japanese()
    words = files[voices[0]].words()
    lines = [line(front_end.read(text), words) for text in SENTENCES]
    kept: dict[str, np.ndarray] = {}
    print(f"{len(lines)} sentences, {sum(len(each.morae) for each in lines)} morae")
    for voice in voices:
        spoken = list(prosody(session, files[voice], lines))
        for name, form in (("without", as_it_is), ("with", with_accent)):
            print(f"{voice:18}{name:9}{judged(spoken, form)}", flush=True)
        kept |= as_test_data(voice, spoken)
    if options.keep:
        np.savez_compressed(options.keep, **kept)
    return 0


def as_test_data(voice: str, spoken: Sequence[Spoken]) -> dict[str, np.ndarray]:
    """Return some sentences as tests/data/kokoro_curves.npz holds them."""
    data = {}
    for index in range(0, len(spoken), EVERY):
        data[f"{voice}/{index}/text"] = np.array(SENTENCES[index])
        data[f"{voice}/{index}/symbols"] = np.array(spoken[index].line.symbols)
        data[f"{voice}/{index}/durations"] = spoken[index].durations.astype(np.uint8)
        data[f"{voice}/{index}/f0"] = spoken[index].f0.astype(np.float16)
    return data


def as_it_is(spoken: Spoken) -> Curve:
    """Return the model's own pitch."""
    return spoken.f0


def with_accent(spoken: Spoken) -> Curve:
    """Return the pitch with the accent of Tokyo."""
    return melody(spoken.f0, spoken.durations, spoken.line)


def judged(voice: Sequence[Spoken], form: Melody) -> str:
    """Return the measures of a voice in one line."""
    plain, steady = Movements(), Movements()
    jumps = 0
    for spoken in voice:
        f0 = form(spoken)
        plain.add(spoken, f0, steady=False)
        steady.add(spoken, f0, steady=True)
        jumps += len(list(new_jumps(spoken.f0, f0)))
    return (
        f"fall {np.mean(plain.falls):5.1f} st, flat {np.mean(plain.flat):5.1f} st, AUC {plain.fall_auc:.3f} "
        f"({steady.fall_auc:.3f});  rise {np.mean(plain.low_high):4.1f} st, none {np.mean(plain.high_low):5.1f} st, "
        f"AUC {plain.rise_auc:.3f} ({steady.rise_auc:.3f});  new jumps {jumps}"
    )


def prosody_session(files: KokoroFiles) -> Session:
    """Load the first stage of the model, which is the same for all voices."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "kokoro.onnx"
        assembled(files, path)
        stage = divide(onnx.load(path)).prosody
    return Session(stage, files.model[0], Execution(threads=1))


def prosody(session: Session, files: KokoroFiles, lines: Sequence[Line]) -> Iterator[Spoken]:
    """Yield durations and pitch of each line, as a voice speaks it."""
    styles = files.styles()
    for each in lines:
        tokens = [files.vocabulary[symbol] for symbol in each.symbols]
        inputs = {
            "tokens": np.array([[0, *tokens, 0]], dtype=np.int64),
            "style": styles[len(tokens) - 1].reshape(1, 256),
            "speed": np.ones(1, dtype=np.float32),
        }
        durations, f0 = session.run(["durations", "f0"], inputs)
        yield Spoken(each, durations[0], f0[0])


if __name__ == "__main__":
    sys.exit(main())
