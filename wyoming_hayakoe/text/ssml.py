"""The text within SSML, without its tags, as it arrives."""

import re
from html import unescape

_LIMIT = 4096

# What may begin markup; any other "<" is text.
_CANDIDATE = re.compile(r"<(?=[!/?A-Za-z]|\Z)")
_OPENING = re.compile(r"<!--|<!\[CDATA\[|<\?|<[!/]?(?P<tag>[A-Za-z][\w:.-]*+)[^<>]*+>")
# The beginning of one of these, which the next chunk may complete.
_INCOMPLETE = re.compile(r"<(?:!-?|!\[[A-Z]{0,5}|/|[!/]?[A-Za-z][^<>]*+)?\Z")
_VERBATIM = "]]>"
_SECTIONS = {"<!--": "-->", "<![CDATA[": _VERBATIM, "<?": "?>"}
# Python refuses to read a number of over 4,300 digits; one of over eight is no character's.
_ENTITY = re.compile(r"&(?:#[0-9]{1,8}|#[xX][0-9A-Fa-f]{1,8}|[A-Za-z][0-9A-Za-z]{1,31});")
_INCOMPLETE_ENTITY = re.compile(r"&(?:#[0-9]{0,8}|#[xX][0-9A-Fa-f]{0,8}|[A-Za-z][0-9A-Za-z]{0,31})?\Z")
_ENTITY_SIZE = 34
# A paragraph, a sentence or a break ends a line, so that two of them are not read as one.
_BREAKS = frozenset({"break", "p", "s", "speak"})


class SsmlError(ValueError):
    """SSML that cannot be parsed."""


class SsmlText:
    """Extracts the text of SSML that arrives in chunks; what only looks like a tag or an entity is text too."""

    def __init__(self) -> None:
        self._pending = ""
        self._section_end = ""
        """The end of the comment, the CDATA section or the instruction that is open; '' outside of them."""

    def take(self, chunk: str) -> str:
        """Return the text that is certain once ``chunk`` has arrived.

        Raises:
            SsmlError: a tag does not end.
        """
        text = self._drain(self._pending + chunk, at_end=False)
        if len(self._pending) > _LIMIT:
            raise SsmlError(f"SSML: a tag does not end within {_LIMIT} characters")
        return text

    def rest(self) -> str:
        """Return what is left at the end of the text; a tag that has not ended is left out."""
        return self._drain(self._pending, at_end=True)

    def _drain(self, source: str, *, at_end: bool) -> str:
        """Return the text of ``source``, and keep what is not certain. Looks at each character once."""
        parts = []
        position = 0
        while True:
            if self._section_end:
                text, position = self._section(source, position, at_end=at_end)
                parts.append(text)
                if self._section_end:
                    break
            if (candidate := _CANDIDATE.search(source, position)) is None:
                end = len(source) if at_end else _entity_start(source, position)
                parts.append(_text(source[position:end]))
                position = end
                break
            start = candidate.start()
            parts.append(_text(source[position:start]))
            position = start
            if found := _OPENING.match(source, start):
                self._section_end = _SECTIONS.get(found[0], "")
                parts.append("\n" if found["tag"] in _BREAKS else "")
                position = found.end()
            elif _INCOMPLETE.match(source, start):
                break
            else:
                parts.append("<")
                position = start + 1
        self._pending = "" if at_end else source[position:]
        return "".join(parts)

    def _section(self, source: str, position: int, *, at_end: bool) -> tuple[str, int]:
        """Return the text within the open section, and the index behind what of it has arrived."""
        is_verbatim = self._section_end == _VERBATIM
        end = source.find(self._section_end, position)
        if end >= 0:
            behind = end + len(self._section_end)
            self._section_end = ""
        else:
            # The next chunk may complete the end of the section.
            end = behind = max(position, len(source) - (0 if at_end else len(self._section_end) - 1))
        return source[position:end] if is_verbatim else "", behind


def _entity_start(source: str, position: int) -> int:
    """Return the index of the entity that the next chunk may complete, or the length of ``source``."""
    found = _INCOMPLETE_ENTITY.search(source, max(position, len(source) - _ENTITY_SIZE))
    return found.start() if found else len(source)


def _text(source: str) -> str:
    # Line ends are white space in XML, and only in plain text the end of a sentence.
    return _ENTITY.sub(lambda entity: unescape(entity[0]), source).replace("\n", " ")
