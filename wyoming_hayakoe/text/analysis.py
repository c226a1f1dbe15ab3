"""Open JTalk, held safely: text → NJD features, whatever the text is.

pyopenjtalk-plus is imported on first use only: it takes a third of a second.
"""

import logging
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

from wyoming_hayakoe.text.acronyms import accented
from wyoming_hayakoe.text.plain import plain
from wyoming_hayakoe.text.readings import reread
from wyoming_hayakoe.text.revision import Revised

if TYPE_CHECKING:
    from pyopenjtalk.openjtalk import OpenJTalk
    from pyopenjtalk.types import NJDFeature

_LOGGER = logging.getLogger(__name__)

MAX_BYTES = 8000
"""UTF-8 bytes in one call, as Open JTalk counts them (it widens ASCII first): more kills or fails it."""

_BREAKS = (re.compile("[。！？!?\n]"), re.compile("[、，,. 　]"))


def analyse(text: str, jtalk: "OpenJTalk | None" = None) -> list["NJDFeature"]:
    """Read ``text`` (already cleaned) with ``jtalk``, or with pyopenjtalk's own instance.

    Never raises: what the reading rules fail on is read without them, and what fails even then is left out.
    """
    return [feature for piece in pieces(text) for feature in accented(list(reread(_analyse_piece(piece, jtalk))))]


def pieces(text: str, limit: int = MAX_BYTES) -> Iterator[str]:
    """Cut ``text`` into parts of at most ``limit`` bytes: after a sentence, else a comma, else anywhere."""
    start = 0
    while (end := _end(text, start, limit)) < len(text):
        for pattern in _BREAKS:
            last = max((found.end() for found in pattern.finditer(text, (start + end) // 2, end)), default=0)
            if last:
                end = last
                break
        yield text[start:end]
        start = end
    if start < len(text):
        yield text[start:]


def _end(text: str, start: int, limit: int) -> int:
    """Return where ``limit`` bytes from ``start`` end, after ASCII has become full width (three bytes each)."""
    if 4 * (len(text) - start) <= limit:
        return len(text)
    size = 0
    for index in range(start, len(text)):
        size += 4 if text[index] > "\uffff" else 3
        if size > limit:
            return index
    return len(text)


def _analyse_piece(piece: str, jtalk: "OpenJTalk | None") -> list["NJDFeature"]:
    import pyopenjtalk  # see the module's docstring

    for vanilla in (False, True):
        try:
            known = jtalk if jtalk is not None else plain()
            revised = known if vanilla else cast("OpenJTalk", Revised(known))
            # pyopenjtalk's own use of Sudachi is off: on single kanji it is as often for the worse.
            return pyopenjtalk.run_frontend(piece, use_vanilla=vanilla, use_sudachi_kanji_yomi=False, jtalk=revised)
        except Exception:  # thousands of rules over any text: speech must go on
            # What was to be read is the user's and stays out of the log.
            _LOGGER.warning("a text could not be read%s", " at all" if vanilla else " by rule", exc_info=True)
    return []
