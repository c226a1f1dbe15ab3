"""Heights of the morae that are spoken in one breath, in the Tokyo accent.

Low and high are the front end's. What speakers do besides, as the phonetics of Japanese describes it, is added: each
phrase behind an accented one is lower (downstep); a low beginning is higher than what is low behind a fall, and nearly
high where the first syllable is long. The values keep accents apart by several semitones in the range of each voice.
"""

from collections.abc import Sequence

from wyoming_hayakoe.engine.kokoro.phonemes import SpokenMora

_DOWNSTEP = 0.75
"""Height of a phrase behind an accented one, of the height of that one."""

_LOWEST_STEP = 0.5
"""Least height that downstep leaves."""

_ONSET, _HEAVY_ONSET, _DIP = 0.4, 0.65, 0.3
"""Height of a low first mora: of a breath, of a long syllable, and after a phrase without a fall."""


def heights(morae: Sequence[SpokenMora]) -> list[float]:
    """Return the height of each mora of a breath, 0 for low and 1 for high: tones, downstep and low beginnings."""
    found: list[float] = []
    level = 1.0
    has_fallen = False
    for index, mora in enumerate(morae):
        previous = morae[index - 1] if index else None
        is_first = previous is None or previous.phrase != mora.phrase
        if is_first and has_fallen:
            level = max(level * _DOWNSTEP, _LOWEST_STEP)
        if mora.high:
            found.append(level)
        elif is_first:
            found.append(level * _onset(morae[index : index + 2], opens=previous is None, has_fallen=has_fallen))
        else:
            found.append(0.0)
        if is_first:
            has_fallen = False
        elif previous is not None and previous.high and not mora.high:
            has_fallen = True
    return found


def _onset(morae: Sequence[SpokenMora], *, opens: bool, has_fallen: bool) -> float:
    """Return the height of a phrase's low first mora, of the height of its high ones."""
    if has_fallen:
        return 0.0
    if len(morae) > 1 and morae[1].kana in "ーンッ":
        return _HEAVY_ONSET
    return _ONSET if opens else _DIP
