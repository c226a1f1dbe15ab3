"""Open JTalk whose words are revised between its analysis and its accents.

The names' tables come first, then the second opinion, each on whole words only; what follows, accents of compounds
included, is Open JTalk's own. The words of the user stay as they are.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from wyoming_hayakoe.text import names, second_opinion
from wyoming_hayakoe.text.rows import Edit, applied

if TYPE_CHECKING:
    from pyopenjtalk.openjtalk import OpenJTalk
    from pyopenjtalk.types import MeCabMorph, NJDFeature


def revisions(rows: Sequence[str], free: Sequence[bool]) -> list[Edit]:
    """Return what is replaced in the rows of a text, in order; only rows that are ``free`` are."""
    first = list(names.revised(rows, free))
    named = {index for edit in first for index in range(edit.start, edit.end)}
    second = second_opinion.revised(rows, [is_free and index not in named for index, is_free in enumerate(free)])
    return sorted([*first, *second])


class Revised:
    """An Open JTalk with revised words, to be passed to pyopenjtalk in the place of ``jtalk``."""

    def __init__(self, jtalk: "OpenJTalk") -> None:
        """Revise the words of ``jtalk``."""
        self._jtalk = jtalk

    def __getattr__(self, name: str) -> Any:
        """Return what ``jtalk`` has and this object does not change."""
        return getattr(self._jtalk, name)

    def run_frontend(self, text: str, **options: bool) -> list["NJDFeature"]:
        """Analyse, revise and set accents."""
        rows = self._jtalk.run_mecab(text)
        return self._jtalk.run_njd_from_mecab(applied(rows, revisions(rows, [True] * len(rows))), **options)

    def run_frontend_detailed(self, text: str, **options: bool) -> tuple[list["NJDFeature"], list["MeCabMorph"]]:
        """Do the same with the words of the analysis."""
        rows, morphs = self.run_mecab_detailed(text)
        return self._jtalk.run_njd_from_mecab(rows, **options), morphs

    def run_mecab_detailed(self, text: str) -> tuple[list[str], list["MeCabMorph"]]:
        """Analyse and revise; the words of an edit become the words of its rows."""
        rows, morphs = self._jtalk.run_mecab_detailed(text)
        read = [index for index, morph in enumerate(morphs) if not morph["is_ignored"]]
        if len(read) != len(rows):
            return rows, morphs
        edits = revisions(rows, [not 0 < morphs[index]["dictionary_index"] < 255 for index in read])
        for edit in reversed(edits):
            first, last = read[edit.start], read[edit.end - 1]
            morphs[first : last + 1] = _morphs(edit.rows, morphs[first])
        return applied(rows, edits), morphs


def _morphs(rows: Sequence[str], first: "MeCabMorph") -> list["MeCabMorph"]:
    morphs = []
    start = first["char_span"][0]
    for row in rows:
        fields = row.split(",")
        morph = first.copy()
        morph["surface"], morph["features"] = fields[0], fields
        morph["char_span"] = (start, start + len(fields[0]))
        morphs.append(morph)
        start += len(fields[0])
    return morphs
