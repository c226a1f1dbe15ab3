"""The text within SSML, without its tags, as it arrives."""

import re
from html import unescape

_LIMIT = 4096

_COMPLETE = re.compile(
    r"<!--.*?-->|<!\[CDATA\[(?P<verbatim>.*?)\]\]>|<\?.*?\?>|<[!/]?(?P<tag>[A-Za-z][\w:.-]*+)[^<>]*+>", re.DOTALL
)
# The beginning of one of these, which the next chunk may complete.
_INCOMPLETE = re.compile(r"<(?:!--.*|!\[CDATA\[.*|\?.*|[!/]?[A-Za-z][^<>]*+|!-?|!\[[A-Z]{0,5}|/)?\Z", re.DOTALL)
_INCOMPLETE_ENTITY = re.compile(r"&#?\w{0,10}\Z")
# A paragraph, a sentence or a break ends a line, so that two of them are not read as one.
_BREAKS = frozenset({"break", "p", "s", "speak"})


class SsmlError(ValueError):
    """SSML that cannot be parsed."""


class SsmlText:
    """Extracts the text of SSML that arrives in chunks; what only looks like a tag is text too."""

    def __init__(self) -> None:
        self._pending = ""

    def take(self, chunk: str) -> str:
        """Return the text that is certain once ``chunk`` has arrived.

        Raises:
            SsmlError: a tag does not end.
        """
        self._pending += chunk
        text = self._drain(at_end=False)
        if len(self._pending) > _LIMIT:
            raise SsmlError(f"SSML: a tag does not end within {_LIMIT} characters")
        return text

    def rest(self) -> str:
        """Return what is left at the end of the text; a tag that has not ended is left out."""
        return self._drain(at_end=True)

    def _drain(self, *, at_end: bool) -> str:
        """Take what is certain out of what is pending. Looks at each character once, whatever they are."""
        source, position, parts = self._pending, 0, []
        while (start := source.find("<", position)) >= 0:
            parts.append(_text(source[position:start]))
            if found := _COMPLETE.match(source, start):
                parts.append(_spoken(found))
                position = found.end()
            elif _INCOMPLETE.match(source, start):
                self._pending = "" if at_end else source[start:]
                return "".join(parts)
            else:
                parts.append("<")
                position = start + 1
        held = None if at_end else _INCOMPLETE_ENTITY.search(source, max(position, len(source) - 12))
        end = held.start() if held else len(source)
        self._pending = source[end:]
        return "".join([*parts, _text(source[position:end])])


def _spoken(found: re.Match[str]) -> str:
    if found["verbatim"] is not None:
        return found["verbatim"]
    return "\n" if found["tag"] in _BREAKS else ""


def _text(source: str) -> str:
    # Line ends are white space in XML, and only in plain text the end of a sentence.
    return unescape(source).replace("\n", " ")
