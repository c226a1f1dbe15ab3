"""How long to rest between two sentences: as long as the voice rests at the mark between them in one text."""

import numpy as np
import numpy.typing as npt

from wyoming_hayakoe.utterance import Utterance

MINIMUM = 0.08
"""Seconds between two sentences at the least, and where a voice does not tell."""

_ENDS = frozenset(".!?")


def joined(before: Utterance, after: Utterance) -> Utterance:
    """Return both sentences read as one text; where no mark ends the first, a full stop does."""
    stop = () if ends_with_mark(before) else (".",)
    return Utterance(
        text=before.text + "".join(stop) + after.text,
        phones=before.phones[:-1] + stop + after.phones[1:],
        tones=before.tones[:-1] + (0,) * len(stop) + after.tones[1:],
        word2ph=before.word2ph[:-1] + (1,) * len(stop) + after.word2ph[1:],
        bert_text=before.bert_text + "".join(stop) + after.bert_text,
        words=before.words + after.words,
    )


def ends_with_mark(utterance: Utterance) -> bool:
    """Tell whether the last thing in it is a mark at which sentences end."""
    return len(utterance.phones) > 2 and utterance.phones[-2] in _ENDS


def rest(durations: npt.NDArray[np.int64], before: Utterance, *, add_blank: bool) -> int:
    """Return the frames at the mark that ends ``before``, the blanks beside it included.

    Args:
        durations: frames of each phone of both sentences :func:`joined`, and of each blank if ``add_blank``.
        before: the first of the two.
        add_blank: whether there are blanks.
    """
    mark = len(before.phones) - (2 if ends_with_mark(before) else 1)
    return int(durations[2 * mark : 2 * mark + 3].sum() if add_blank else durations[mark])
