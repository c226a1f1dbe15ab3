"""Utterance → the ids that Piper's Japanese voices were trained with, and Open JTalk's prosody beside them.

Where the prosody marks stand is learnt from piper-tts 1.8.0 (``phonemize_japanese.py``) and piper-plus-g2p 0.3.1
(``japanese.py``), with what the latter does otherwise than it says: a voice knows what it was trained with.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

from wyoming_hayakoe.engine.piper.config import PiperConfig
from wyoming_hayakoe.engine.piper.labels import Label, Labels, Place, labels
from wyoming_hayakoe.engine.piper.notations import (
    BLANK,
    BOUNDARY,
    END,
    FALL,
    PAUSE,
    QUESTION,
    RISE,
    START,
    STOP,
    ids_of,
)
from wyoming_hayakoe.symbols import PAD
from wyoming_hayakoe.utterance import Utterance

LONGEST = 600
"""Ids of one line: some 25 s of speech. Attention takes memory by their square; piper-plus trains with 400 at most."""

_NO_PLACE: Place = (0, 0, 0)
_MARKS = frozenset({RISE, FALL, BOUNDARY})

_VOICED = {vowel.upper(): vowel for vowel in "aiueo"}
"""Devoiced vowel → what Piper writes for it."""

_QUOTATION_MARK = "'"
_NEUTRAL = re.compile(r"(?<!\.)\.\?$|\?\.$")
"""Marks of 。？ and ？。; three full stops are an ellipsis."""

_NASALS = {
    **dict.fromkeys(("m", "my", "b", "by", "p", "py"), "N_m"),
    **dict.fromkeys(("n", "ny", "t", "ty", "d", "dy", "ts", "ch"), "N_n"),
    **dict.fromkeys(("k", "ky", "kw", "g", "gy", "gw"), "N_ng"),
}
"""Next phone, also behind a pause → how piper-plus writes ン."""
_NASAL = "N_uvular"


@dataclass(frozen=True, slots=True)
class IdSpan:
    """One phone of the utterance, or one mark, and its place among the ids of a line."""

    phone: str
    """A JP-Extra phone; ``_`` at both ends of a line."""

    start: int
    """Index of its first id."""

    stop: int
    """Index behind its last id, and behind the blank and the prosody marks after it; ``start`` where it has none."""


@dataclass(frozen=True, slots=True)
class PiperLine:
    """What the network speaks in one go."""

    ids: tuple[int, ...]
    """Ids from start to end symbol."""

    prosody: tuple[Place, ...]
    """A1, A2 and A3 of Open JTalk's label for each id; zeros for blanks, marks and ends."""

    phones: tuple[IdSpan, ...]
    """The phones in order; their spans cover all ids, without gaps."""


Cell = tuple[int, Place]
"""An id with its prosody."""


@dataclass(frozen=True, slots=True)
class _Token:
    """One phone or mark."""

    cells: tuple[Cell, ...]
    """Its ids, and the blanks after them."""

    owner: int
    """Index of the utterance's phone that it belongs to."""

    rank: int
    """How well a line ends behind it: 3 at a pause, 2 at a word's end, 1 at a mora's, 0 not at all."""


def encode(utterance: Utterance, config: PiperConfig, longest: int = LONGEST) -> tuple[PiperLine, ...]:
    """Write a sentence as lines of at most ``longest`` ids (24 or more); none where nothing is spoken.

    A sentence that is too long is divided into lines of about one length: behind a pause where one is near, else
    behind a word, else behind a mora. The phones of all lines, without their ends, are those of the utterance.
    """
    spoken = labels(utterance)
    if not spoken.phones:
        return ()
    last = len(utterance.phones) - 1
    start = [*config.symbols[START], *(config.symbols[BLANK] if config.has_blanks else ())]
    end = ids_of(_end(spoken, config), config.kind, config.symbols)
    inner_end = config.symbols[END]
    room = max(1, longest - len(start) - max(len(end), len(inner_end)))
    parts = list(_divided(list(_tokens(spoken, config, last)), room))
    ends = [*(part[-1].owner + 1 for part in parts[:-1]), last]
    return tuple(
        _line(part, utterance.phones[first:stop], first, start, end if part is parts[-1] else inner_end)
        for part, (first, stop) in zip(parts, pairwise([1, *ends]), strict=True)
    )


def _line(
    part: Sequence[_Token], phones: Sequence[str], first: int, start: Sequence[int], end: Sequence[int]
) -> PiperLine:
    """Close a line at both ends; ``first`` is the index of the first of its phones in the utterance."""
    cells = _silent(start)
    starts: dict[int, int] = {}
    for token in part:
        starts.setdefault(token.owner, len(cells))
        cells += token.cells
    # What has no id begins where the next phone does; behind the last phone comes the end.
    edge = len(cells)
    edges = [edge := starts.get(first + index, edge) for index in range(len(phones), -1, -1)][::-1]
    cells += _silent(end)
    names = (PAD, *phones, PAD)
    return PiperLine(
        ids=tuple(number for number, _ in cells),
        prosody=tuple(place for _, place in cells),
        phones=tuple(
            IdSpan(phone, *span) for phone, span in zip(names, pairwise([0, *edges, len(cells)]), strict=True)
        ),
    )


def _silent(ids: Iterable[int]) -> list[Cell]:
    return [(number, _NO_PLACE) for number in ids]


def _tokens(spoken: Labels, config: PiperConfig, last: int) -> Iterator[_Token]:
    """Yield phones and marks in order; ``last`` is the index of the utterance's last phone."""
    is_plus = config.kind == "piper-plus"
    marks = _kurihara_marks if is_plus else _ipa_marks
    phones = _with_nasals(spoken.phones) if is_plus else spoken.phones
    for label, following in pairwise([*phones, Label(PAUSE, last)]):
        phone = label.phone if is_plus else _VOICED.get(label.phone, label.phone)
        *inner, final = (phone, *marks(label, following))
        for token in inner:
            yield _token(token, label, 0, config)
        yield _token(final, label, _rank(label), config)
    if not is_plus:
        mark, owner = _stop(spoken, last)
        yield _token(mark, Label(mark, owner), 0, config)


def _token(name: str, label: Label, rank: int, config: PiperConfig) -> _Token:
    place = label.place if label.place is not None and name not in _MARKS else _NO_PLACE
    blank = config.symbols[BLANK] if config.has_blanks else ()
    cells: list[Cell] = []
    for number in ids_of(name, config.kind, config.symbols):
        cells.append((number, place))
        if number not in blank:
            cells += _silent(blank)
    return _Token(tuple(cells), label.owner, rank)


def _rank(label: Label) -> int:
    if label.place is None:
        return 3
    return 2 if label.ends_word else int(label.ends_mora)


def _ipa_marks(label: Label, following: Label) -> Iterator[str]:
    """Yield Piper's mark behind a phone: the end of a phrase, the accent nucleus, or the rise to the second mora."""
    if label.place is None or following.place is None or not label.ends_mora:
        return
    from_nucleus, number, from_end = label.place
    following_number = following.place[1]
    if from_end == 1 and following_number == 1:
        yield BOUNDARY
    elif from_nucleus == 0 and following_number == number + 1:
        yield FALL
    elif number == 1 and following_number == 2:
        yield RISE


def _kurihara_marks(label: Label, following: Label) -> Iterator[str]:
    """Yield the marks behind a phone in piper-plus's notation.

    A boundary is written only where a phrase of one mora ends, since A2 is compared with A3, and then behind each of
    its phones; a rise is also written behind the nucleus of a phrase that is accented on its first mora.
    """
    if label.place is None or following.place is None:
        return
    from_nucleus, number, from_end = label.place
    following_number = following.place[1]
    if from_nucleus == 0 and following_number == number + 1:
        yield FALL
    if number == from_end and following_number == 1:
        yield BOUNDARY
    if number == 1 and following_number == 2:
        yield RISE


def _with_nasals(phones: Iterable[Label]) -> list[Label]:
    """Return phones with ン as it sounds before the next phone, also one behind a pause."""
    found: list[Label] = []
    following = ""
    for label in reversed(list(phones)):
        phone = _NASALS.get(following, _NASAL) if label.phone == "N" else label.phone
        found.append(replace(label, phone=phone))
        if phone != PAUSE:
            following = phone
    return found[::-1]


def _stop(spoken: Labels, last: int) -> tuple[str, int]:
    """Return the mark with which Piper ends a sentence, and the index of the phone that it belongs to."""
    questions = [index for mark, index in spoken.ending if mark == "?"]
    if questions:
        return QUESTION, questions[0]
    marks = [index for mark, index in spoken.ending if mark != _QUOTATION_MARK]
    return STOP, marks[0] if marks else last


def _end(spoken: Labels, config: PiperConfig) -> str:
    """Return the end symbol: of a question in piper-plus one of its own."""
    marks = "".join(mark for mark, _ in spoken.ending if mark != _QUOTATION_MARK)
    if config.kind == "piper" or "?" not in marks:
        return END
    if config.has_blanks:
        # With blanks, no other question is trained: piper-plus does not find its ids.
        return "?"
    if marks.endswith(("?!", "!?")):
        return "?!"
    return "?." if _NEUTRAL.search(marks) else "?"


def _divided(tokens: Sequence[_Token], longest: int) -> Iterator[Sequence[_Token]]:
    """Cut tokens into parts of at most ``longest`` ids."""
    ends = list(accumulate(len(token.cells) for token in tokens))
    while ends[-1] > longest and len(tokens) > 1:
        cut = _cut(tokens, ends, longest)
        yield tokens[:cut]
        tokens = tokens[cut:]
        ends = [end - ends[cut - 1] for end in ends[cut:]]
    yield tokens


def _cut(tokens: Sequence[_Token], ends: Sequence[int], longest: int) -> int:
    """Return how many tokens become the first part; ``ends`` are their ids, summed up."""
    ideal = ends[-1] / -(-ends[-1] // longest)

    def cost(index: int) -> float:
        return abs(ends[index] - ideal) + (3 - tokens[index].rank) * ideal / 4

    fitting = (index for index, end in enumerate(ends) if end <= longest and tokens[index].rank)
    return min(fitting, key=cost, default=0) + 1
