"""The rest behind a sentence, for voices whose network has none of its own between two sentences."""

from collections.abc import Mapping

from wyoming_hayakoe.symbols import PAD
from wyoming_hayakoe.utterance import SynthesisParams, Utterance

# Seconds at speed 1 by the mark that ends a sentence; the next one begins with 0.1 s of silence beside. In one text,
# Kokoro's voices rest for 0.25 to 0.6 s at a full stop.
_RESTS: Mapping[str, float] = {".": 0.35, "!": 0.35, "?": 0.4, "…": 0.4}
_REST = 0.25
_LEAST = 0.08


def rest_behind(sentence: Utterance, params: SynthesisParams) -> float:
    """Return the seconds of rest behind a sentence, which depend on the mark that ends it."""
    marks = [phone for phone in sentence.phones if phone not in {PAD, "'"}]
    return max(_LEAST, _RESTS.get(marks[-1] if marks else "", _REST) * params.speed)
