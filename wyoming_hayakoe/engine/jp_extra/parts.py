"""Division of long utterances, and the blanks between phones with which a voice was trained."""

from collections.abc import Sequence
from itertools import accumulate, pairwise

from wyoming_hayakoe.utterance import Utterance

_REST_MARKS = frozenset(",.!?…")


def divide(utterance: Utterance, longest: int) -> list[Utterance]:
    """Return an utterance of more than ``longest`` phones as several of about one length, a shorter one as it is.

    The cuts are behind a mark where one is near, else behind a word, else behind a character.
    """
    phones = len(utterance.phones) - 2
    count = -(-phones // longest)
    if count <= 1 or len(utterance.bert_text) < count:
        return [utterance]
    ends = [end - 1 for end in accumulate(utterance.word2ph[:-1])]
    word_ends = set(accumulate(len(word.surface) for word in utterance.words if word.phones))
    step = phones / count

    def cost(index: int, target: float) -> float:
        is_mark = utterance.bert_text[index - 1] in _REST_MARKS
        return abs(ends[index] - target) + (0.0 if is_mark else step / 4 if index in word_ends else step / 2)

    cuts = [0]
    for part in range(1, count):
        last = len(utterance.bert_text) - (count - part)
        cuts.append(min(range(cuts[-1] + 1, last + 1), key=lambda index: cost(index, part * step)))
    cuts.append(len(utterance.bert_text))
    return [_part(utterance, first, last, ends) for first, last in pairwise(cuts)]


def _part(utterance: Utterance, first: int, last: int, ends: Sequence[int]) -> Utterance:
    """Return characters ``first`` to ``last`` as an utterance of its own."""
    phones = slice(1 + ends[first], 1 + ends[last])
    return Utterance(
        text=utterance.bert_text[first:last],
        phones=(utterance.phones[0], *utterance.phones[phones], utterance.phones[-1]),
        tones=(utterance.tones[0], *utterance.tones[phones], utterance.tones[-1]),
        word2ph=(1, *utterance.word2ph[1 + first : 1 + last], 1),
        bert_text=utterance.bert_text[first:last],
        words=(),
    )


def with_blanks(ids: Sequence[int], blank: int = 0) -> list[int]:
    """Return ``ids`` with ``blank`` between and around them: n become 2n+1 (``add_blank`` in config.json)."""
    spaced = [blank] * (2 * len(ids) + 1)
    spaced[1::2] = ids
    return spaced


def counts_with_blanks(word2ph: Sequence[int]) -> list[int]:
    """Return the phones per character after :func:`with_blanks`: each count doubles, the first gets one more."""
    doubled = [2 * count for count in word2ph]
    if doubled:
        doubled[0] += 1
    return doubled
