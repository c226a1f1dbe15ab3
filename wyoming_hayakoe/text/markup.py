"""Markup as it arrives → text and tags. No parser of XML: no entity is defined, nothing is fetched, all is bounded."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import unescape

_LIMIT = 4096
"""Characters of a tag; what does not end within them is text."""

# What may begin markup; any other "<" is text.
_CANDIDATE = re.compile(r"<(?=[!/?A-Za-z]|\Z)")
_OPENING = re.compile(r"<!--|<!\[CDATA\[|<\?|<(?P<close>[!/]?)(?P<tag>[A-Za-z][\w:.-]*+)(?P<rest>[^<>]*+)>")
# The beginning of one of these, which the next chunk may complete.
_INCOMPLETE = re.compile(r"<(?:!-?|!\[[A-Z]{0,5}|/|[!/]?[A-Za-z][^<>]*+)?\Z")
_VERBATIM = "]]>"
_SECTIONS = {"<!--": "-->", "<![CDATA[": _VERBATIM, "<?": "?>"}
# Python refuses to read a number of over 4,300 digits; one of over eight is no character's.
_ENTITY = re.compile(r"&(?:#[0-9]{1,8}|#[xX][0-9A-Fa-f]{1,8}|[A-Za-z][0-9A-Za-z]{1,31});")
_INCOMPLETE_ENTITY = re.compile(r"&(?:#[0-9]{0,8}|#[xX][0-9A-Fa-f]{0,8}|[A-Za-z][0-9A-Za-z]{0,31})?\Z")
_ENTITY_SIZE = 34
_ATTRIBUTE = re.compile(r"""(?<![\w:.-])([A-Za-z_][\w:.-]*+)\s*+=\s*+(?:"([^"]*+)"|'([^']*+)')""")


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag: ``<break time="1s"/>``, ``<p>``, ``</p>``."""

    name: str
    """In lower case."""

    attributes: Mapping[str, str]
    """By name in lower case."""

    closes: bool
    """Whether it is an end tag."""

    is_empty: bool
    """Whether it ends with ``/>``."""


class Markup:
    """Text and tags of markup that arrives in chunks; what only looks like a tag or an entity is text too."""

    def __init__(self) -> None:
        self._pending = ""
        self._section_end = ""
        """The end of the comment, the CDATA section or the instruction that is open; '' outside of them."""

    def take(self, chunk: str) -> Iterator[str | Tag]:
        """Yield the text and the tags that are certain once ``chunk`` has arrived."""
        yield from self._drain(self._pending + chunk, at_end=False)
        while len(self._pending) > _LIMIT:
            source = self._pending
            yield source[0]
            yield from self._drain(source[1:], at_end=False)

    def rest(self) -> Iterator[str | Tag]:
        """Yield what is left at the end of the text; a tag that has not ended is left out."""
        yield from self._drain(self._pending, at_end=True)

    def _drain(self, source: str, *, at_end: bool) -> Iterator[str | Tag]:
        """Yield what ``source`` has, and keep what is not certain. Looks at each character once."""
        position = 0
        while True:
            if self._section_end:
                text, position = self._section(source, position, at_end=at_end)
                yield text
                if self._section_end:
                    break
            if (candidate := _CANDIDATE.search(source, position)) is None:
                end = len(source) if at_end else _entity_start(source, position)
                yield _text(source[position:end])
                position = end
                break
            start = candidate.start()
            yield _text(source[position:start])
            position = start
            if found := _OPENING.match(source, start):
                self._section_end = _SECTIONS.get(found[0], "")
                position = found.end()
                if found["tag"] and found["close"] != "!":
                    yield _tag(found)
            elif _INCOMPLETE.match(source, start):
                break
            else:
                yield "<"
                position = start + 1
        self._pending = "" if at_end else source[position:]

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


def _tag(found: re.Match[str]) -> Tag:
    attributes = {name.lower(): _text(double or single) for name, double, single in _ATTRIBUTE.findall(found["rest"])}
    return Tag(found["tag"].lower(), attributes, closes=found["close"] == "/", is_empty=found["rest"].endswith("/"))


def _entity_start(source: str, position: int) -> int:
    """Return the index of the entity that the next chunk may complete, or the length of ``source``."""
    found = _INCOMPLETE_ENTITY.search(source, max(position, len(source) - _ENTITY_SIZE))
    return found.start() if found else len(source)


def _text(source: str) -> str:
    # Line ends are white space in XML, and only in plain text the end of a sentence.
    return _ENTITY.sub(lambda entity: unescape(entity[0]), source).replace("\n", " ")
