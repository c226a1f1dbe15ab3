"""Compares a voice's sound on a board with this machine's, and int8 with fp32."""

from collections.abc import Sequence

import numpy as np

from script.arm64.boards import BOARDS
from script.arm64.markdown import table
from script.arm64.say import SentenceRunner, Sound, Voice
from wyoming_hayakoe.engine.prepare.quality import compare, refusal

TOLERANCE = 1e-3
"""The largest difference that is accepted, as a share of full scale."""


def check(runner: SentenceRunner, voices: Sequence[Voice]) -> bool:
    """Print the differences between sounds, and return whether all are within the tolerance."""
    rows = [["voice", "board", "audio", "next to", "difference", "integers", ""]]
    for voice in voices:
        here = None if voice.precision == "int8" else runner.say(voice, None)
        for board in BOARDS:
            said = runner.say(voice, board)
            if here is None:
                reference, (difference, good) = "fp32 there", _in_int8(runner.say(voice.in_fp32, board), said)
            else:
                reference, (difference, good) = "here", _as_here(here, said)
            integers = ", ".join(said.facts["integers"])
            seconds = f"{said.facts['seconds']:.2f} s"
            rows.append([voice.label, board.name, seconds, reference, difference, integers, "" if good else "FAILED"])
    print(table(rows))
    return not any(row[-1] for row in rows)


def _as_here(here: Sound, there: Sound) -> tuple[str, bool]:
    if here.sound.shape != there.sound.shape:
        return f"{len(there.sound)} samples, not {len(here.sound)}", False
    most = float(np.abs(here.sound - there.sound).max())
    return f"{most:.1e} of full scale", most <= TOLERANCE


def _in_int8(fp32: Sound, int8: Sound) -> tuple[str, bool]:
    if fp32.sound.shape != int8.sound.shape:
        return f"{len(int8.sound)} samples, not {len(fp32.sound)}", False
    quality = compare(fp32.sound, int8.sound, int8.facts["sample_rate"])
    verdict = int8.facts["choice"]["plans"][-1]
    is_good = refusal(quality) is None and not verdict["refused"]
    # ARM processors multiply signed integers fastest.
    is_signed = int8.facts["integers"] == ["int8"]
    noise = f"noise to mask {quality.noise_to_mask:.1f} dB, of 95 % {quality.noise_to_mask_95:.1f} dB"
    return noise, is_good and is_signed
