"""Numbers of voices and styles, by which VOICEVOX's clients name them: made from the names alone, so that they stay."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

from wyoming_hayakoe.server.catalogue import Catalogue, Entry, with_style
from wyoming_hayakoe.speaker import Speaker

_MOST = 0x7FFFFFFF
_SEPARATOR = "\0"


def style_id(voice: str, style: str) -> int:
    """Return a number from 0 to 2³¹ − 1 for a style of a voice.

    >>> style_id("mei", "normal") == style_id("mei", "normal") != style_id("mei", "happy")
    True
    """
    return _number(_SEPARATOR.join((voice, style)))


@dataclass(frozen=True, slots=True)
class Talker:
    """One name of the catalogue with its styles, each of which has a number."""

    entry: Entry

    styles: Mapping[str, int]
    """Number by style, in their order, the default first."""

    def speaker(self, style: str) -> Speaker:
        """Return the speaker with one of the styles."""
        return with_style(self.entry.speaker, style)


def talkers(catalogue: Catalogue) -> tuple[Talker, ...]:
    """Return what a catalogue offers, the default first: each voice with its styles, and each preset.

    Of two that have one number, which among a thousand styles happens once in 4,000 catalogues, the name that sorts
    first keeps it.
    """
    return _talkers(catalogue)


@lru_cache(maxsize=2)
def _talkers(catalogue: Catalogue) -> tuple[Talker, ...]:
    styles = {entry.name: _styles_of(entry) for entry in catalogue.entries if not _is_style_alone(entry, catalogue)}
    numbers = _numbers((name, style) for name, own in styles.items() for style in own)
    entries = {entry.name: entry for entry in catalogue.entries}
    return tuple(Talker(entries[name], {style: numbers[name, style] for style in own}) for name, own in styles.items())


def _is_style_alone(entry: Entry, catalogue: Catalogue) -> bool:
    """Return whether an entry is one style of a voice that has an entry of its own."""
    voice = entry.speaker.voice.name
    style = entry.speaker.params.style
    return not entry.styles and entry.name == f"{voice}:{style}" and voice in catalogue.names


def _styles_of(entry: Entry) -> list[str]:
    default = entry.speaker.params.style or entry.speaker.voice.styles[0]
    return [default, *(style for style in entry.styles if style != default)]


def _numbers(styles: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
    numbers: dict[tuple[str, str], int] = {}
    taken: set[int] = set()
    for key in sorted(styles):
        text = _SEPARATOR.join(key)
        number = _number(text)
        while number in taken:
            text += _SEPARATOR
            number = _number(text)
        taken.add(number)
        numbers[key] = number
    return numbers


def _number(text: str) -> int:
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=4).digest(), "big") & _MOST
