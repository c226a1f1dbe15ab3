"""Fits Kokoro's voices and writes wyoming_hayakoe/engine/kokoro/data/VOICE.npz.

Takes about ten minutes of one processor for each voice. What was collected stays in a folder, and is taken again.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from script.kokoro_fit.collect import collect, ranges
from script.kokoro_fit.corpus import held_out
from script.kokoro_fit.fit import fitted
from script.kokoro_fit.judge import Judge, figures
from script.kokoro_fit.model import Model, Whole, joined
from wyoming_hayakoe.engine.kokoro.fitted import FOLDER, GAIN_LUFS, arrays
from wyoming_hayakoe.engine.kokoro.harmonics import RATE
from wyoming_hayakoe.engine.kokoro.int8 import STAGES, Ranges
from wyoming_hayakoe.engine.kokoro.statistics import Predictor
from wyoming_hayakoe.engine.kokoro.voice_files import BUILT_IN, installed
from wyoming_hayakoe.engine.loudness import gain_for
from wyoming_hayakoe.engine.prepare.rehearsal import LEVEL

CACHE = Path("~/.cache/wyoming-hayakoe-kokoro-fit")

LARGEST = 1_000_000
"""Bytes of a voice's file."""


def parse() -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m script.kokoro_fit", description=__doc__)
    parser.add_argument("voices", nargs="*", default=list(BUILT_IN.values()), help="Kokoro's names (default: all)")
    parser.add_argument(
        "--cache", type=Path, default=CACHE.expanduser(), help=f"folder for what is collected ({CACHE})"
    )
    parser.add_argument("--sentences", type=int, default=10_000, help="the most to speak for each voice")
    parser.add_argument("--target", type=Path, default=FOLDER, help="folder of the files")
    parser.add_argument("--judge", action="store_true", help="only judge the files that are there")
    return parser.parse_args()


def main() -> None:
    """Fit and judge the voices that the command line names."""
    flags = parse()
    flags.cache.mkdir(parents=True, exist_ok=True)
    for voice in flags.voices:
        model = Model(installed(voice), flags.cache)
        if not flags.judge:
            _fit(model, voice, flags)
        _judge(model, voice, flags.target)


def _fit(model: Model, voice: str, flags: argparse.Namespace) -> None:
    """Write the file of a voice."""
    kept_ranges, kept = (flags.cache / f"{voice}-{part}.npz" for part in ("ranges", "statistics"))
    if not kept_ranges.exists():
        measured = ranges(model)
        parts: dict[str, Any] = {key: part for stage in STAGES for key, part in measured[stage].packed(stage).items()}
        np.savez(kept_ranges, **parts)
    packed = dict(np.load(kept_ranges, allow_pickle=False))
    plans = {stage: Ranges.unpacked(stage, packed) for stage in STAGES}
    collected = collect(model, plans, kept, flags.sentences)
    predictor = fitted(collected.features, collected.means, collected.squares, collected.points)
    whole = Whole(model, model.stages["generator"])
    level = joined([whole.speak(model.sentence(text))[0] for text in LEVEL])
    file = flags.target / f"{voice}.npz"
    np.savez_compressed(file, **predictor, **packed, gain=np.float32(gain_for(level, RATE, GAIN_LUFS)))
    print(f"{voice}: {len(collected.points)} sentences, {file.stat().st_size:,} bytes")
    if file.stat().st_size > LARGEST:
        raise SystemExit(f"{file} is larger than {LARGEST:,} bytes")


def _judge(model: Model, voice: str, target: Path) -> None:
    """Print what a voice's file does to sentences that were not fitted."""
    if (found := arrays(voice, target)) is None:
        raise SystemExit(f"{target}: has no file of {voice}: fit it without --judge")
    judge = Judge(model, held_out())
    for judgement in judge.predicted(Predictor(found, target)):
        print(f"{voice}: {judgement}")
    plans = Ranges.of_voice(voice, target)
    for stages, (quality, refusal) in judge.in_integers(plans).items():
        print(f"{voice}: {stages} in integers: {figures(quality)}; {refusal or 'passes'}")
    for stage, (before, after) in judge.times(plans).items():
        print(f"{voice}: {stage}: {before:.3f} s of the processor for a second in fp32, {after:.3f} s in integers")


if __name__ == "__main__":
    main()
