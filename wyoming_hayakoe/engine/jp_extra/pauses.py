"""The rest between two sentences: as long as the voice rests at the mark between them in one text."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from wyoming_hayakoe.utterance import Utterance, Word

MINIMUM = 0.08
"""Least seconds between two sentences, and those where a voice's durations are unknown."""

_ENDS = frozenset(".!?…")
_BRACKET = "'"
_FULL_STOP = "."


def joined(before: Utterance, after: Utterance) -> Utterance:
    """Return both sentences read as one text; where no mark ends the first, a full stop does."""
    if _mark(before) is None:
        before = _with_full_stop(before)
    return Utterance(
        text=before.text + after.text,
        phones=before.phones[:-1] + after.phones[1:],
        tones=before.tones[:-1] + after.tones[1:],
        word2ph=before.word2ph[:-1] + after.word2ph[1:],
        bert_text=before.bert_text + after.bert_text,
        words=before.words + after.words,
    )


def rest(durations: npt.NDArray[np.int64], before: Utterance, *, add_blank: bool) -> int:
    """Return the frames at the mark that ends ``before``, the blanks beside it included.

    Of several marks in a row the last one counts, as in HayaKoe.

    Args:
        durations: frames of each phone of both sentences :func:`joined`, and of each blank if ``add_blank``.
        before: the first of the two.
        add_blank: whether there are blanks.
    """
    mark = _mark(before)
    if mark is None:
        mark = len(before.phones) - 1  # the full stop stands where the end was
    return int(durations[2 * mark : 2 * mark + 3].sum() if add_blank else durations[mark])


def _mark(utterance: Utterance) -> int | None:
    """Return which phone is the mark that ends a sentence, None if none does; closing brackets may follow it."""
    for index in range(len(utterance.phones) - 2, 0, -1):
        if utterance.phones[index] in _ENDS:
            return index
        if utterance.phones[index] != _BRACKET:
            break
    return None


def _with_full_stop(utterance: Utterance) -> Utterance:
    """Return a sentence with a full stop at its end, as the front end reads one."""
    return replace(
        utterance,
        text=utterance.text + _FULL_STOP,
        phones=(*utterance.phones[:-1], _FULL_STOP, utterance.phones[-1]),
        tones=(*utterance.tones, 0),
        word2ph=(*utterance.word2ph, 1),
        bert_text=utterance.bert_text + _FULL_STOP,
        words=(*utterance.words, Word(_FULL_STOP, "", (_FULL_STOP,), (), None, "mark")),
    )
