"""Proof that an .htsvoice file can be spoken with: it is checked, loaded and spoken with in a bounded process."""

from collections.abc import Sequence
from pathlib import Path

from wyoming_hayakoe.disk import nameless
from wyoming_hayakoe.engine.hts.distributions import with_intonation
from wyoming_hayakoe.engine.hts.engines import load, read_checked
from wyoming_hayakoe.utterance import RANGES

RUNTIME = "pyopenjtalk"
"""The module whose version a proof holds for."""

# Speech takes a twentieth of its duration to compute, and five times that at the slowest speed.
_SENTENCE = "あっ、ケーキとコーヒーが届いたよ！"
_WORD = "はい"


def prove_hts(path: Path) -> None:
    """Check a file, then speak with it at the ends of the ranges of parameters.

    Raises:
        HayakoeError: the file is not what it should be.
    """
    data = read_checked(path)
    import pyopenjtalk  # takes a quarter of a second

    sentence, word = (pyopenjtalk.extract_fullcontext(text) for text in (_SENTENCE, _WORD))
    # Both copies are of what was checked, whatever the file holds by now.
    with nameless(data) as same, nameless(with_intonation(data, RANGES["intonation_scale"][1])) as lively:
        _speak(same, [(sentence, 1.0)], half_tones=-12.0)
        _speak(lively, [(word, speed) for speed in RANGES["speed"]], half_tones=12.0)


def _speak(path: Path, lines: Sequence[tuple[Sequence[str], float]], *, half_tones: float) -> None:
    engine = load(path)
    for labels, speed in lines:
        engine.set_speed(1 / speed)
        engine.add_half_tone(half_tones)
        engine.synthesize(list(labels))
