"""Catalogue: the voices that a server offers, by the names that clients use."""

import dataclasses
import json
import logging
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

from wyoming_hayakoe.errors import RequestError, UsageError, counted, some_of
from wyoming_hayakoe.speaker import Speaker, check_style
from wyoming_hayakoe.utterance import SynthesisParams
from wyoming_hayakoe.voice import Credit

_LOGGER = logging.getLogger(__name__)

_MOST_INFO = 64 << 10
"""Bytes of one voice in the info event; a published voice takes one to ten thousand."""

# Of the same event in JSON, beside the texts: of an entry, and of a style in its list of speakers.
_ENTRY_BYTES = 170
_STYLE_BYTES = 12


@dataclass(frozen=True, slots=True)
class Preset:
    """A voice with parameters, under a name of its own."""

    name: str
    """The name that clients use."""

    voice: str
    """The voice that speaks."""

    params: SynthesisParams
    """How it speaks."""

    description: str | None = None
    """The label in lists of voices; None is the name."""

    origin: str = "preset"
    """Where it was defined, for error messages."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One name in the list of voices."""

    name: str
    description: str
    speaker: Speaker
    styles: tuple[str, ...]
    """What clients may choose further as "speaker"; empty where the name includes the style."""


@dataclass(frozen=True, slots=True)
class Requested:
    """Voice, language and style that a client requests; None is the server's default."""

    name: str | None = None
    language: str | None = None
    style: str | None = None


class Catalogue:
    """Every voice, each further style as NAME:STYLE, and every preset; the first entry is the default."""

    def __init__(
        self,
        speakers: Sequence[Speaker],
        presets: Sequence[Preset] = (),
        status: Callable[[str], str | None] = lambda _: None,
        *,
        unlisted: Collection[str] = (),
    ) -> None:
        """List ``speakers``, then ``presets``.

        Args:
            speakers: the voices.
            presets: further names for them.
            status: returns, for a name that is not here, what keeps a configured voice from speaking now; else None.
            unlisted: names of voices that are in no list, and speak for clients that name them.

        Raises:
            UsageError: two entries of one name, a preset of a voice that is not there, a style that a voice lacks.
        """
        by_name = {speaker.voice.name: speaker for speaker in speakers}
        self._entries: dict[str, Entry] = {}
        self._unlisted: dict[str, Entry] = {}
        for speaker in speakers:
            own, *further = _entries_of(speaker)
            # No style hides a voice, nor another's style.
            entries = self._unlisted if own.name in unlisted else self._entries
            entries[own.name] = own
            entries |= {each.name: each for each in further if each.name not in self._entries.keys() | by_name}
        for preset in presets:
            if preset.name in self._entries or preset.name in self._unlisted:
                raise UsageError(f"{preset.origin}: name: {preset.name!r} is another voice's: choose another name")
            self._entries[preset.name] = _entry_of(preset, by_name)
        self.status = status

    def put_first(self, names: Sequence[str]) -> None:
        """List the entries of these names before all others.

        Raises:
            UsageError: one of them is not there.
        """
        for name in reversed(names):
            if name not in self._entries:
                raise UsageError(f"no voice {name!r}: there is {some_of(self._entries)}")
            self._entries = {name: self._entries[name]} | self._entries

    @property
    def entries(self) -> list[Entry]:
        """All entries of the list, the default first."""
        return list(self._entries.values())

    @property
    def unlisted(self) -> list[Entry]:
        """Entries that are in no list, and speak for clients that name them."""
        return list(self._unlisted.values())

    @property
    def names(self) -> list[str]:
        """The names of all entries of the list, the default first."""
        return list(self._entries)

    @property
    def speakers(self) -> list[Speaker]:
        """One speaker for each voice behind the entries."""
        return list({entry.speaker.voice.name: entry.speaker for entry in self.entries}.values())

    def find(self, requested: Requested) -> Speaker:
        """Return the speaker for a client's request.

        Raises:
            RequestError: ``unknown-voice`` or ``unknown-style``, naming what exists; ``voice-not-ready``.
        """
        entry = self._find_entry(requested)
        if requested.style is None:
            return entry.speaker
        if requested.style not in entry.styles:
            if status := self.status(entry.name):  # another voice stands in for the one that may have it
                raise RequestError("voice-not-ready", status)
            raise RequestError(
                "unknown-style",
                f"voice {entry.name!r} has no style {_brief(requested.style)}: it has {some_of(entry.styles)}",
            )
        return with_style(entry.speaker, requested.style)

    def _find_entry(self, requested: Requested) -> Entry:
        if requested.name is not None:
            if entry := self._entries.get(requested.name) or self._unlisted.get(requested.name):
                return entry
            if status := self.status(requested.name):
                raise RequestError("voice-not-ready", status)
            raise RequestError("unknown-voice", f"no voice {_brief(requested.name)}: there is {some_of(self._entries)}")
        for entry in self._entries.values():
            if requested.language is None or _speaks(entry, requested.language):
                return entry
        languages = dict.fromkeys(tag for entry in self.entries for tag in entry.speaker.voice.languages)
        raise RequestError("unknown-voice", f"no voice for {_brief(requested.language)}: there is {some_of(languages)}")


def with_style(speaker: Speaker, style: str) -> Speaker:
    """Return a speaker of the same voice in another style."""
    return dataclasses.replace(speaker, params=dataclasses.replace(speaker.params, style=style))


def _entries_of(speaker: Speaker) -> list[Entry]:
    voice = speaker.voice
    check_style(voice, speaker.params.style)
    offered, listed = _offered_by(speaker)
    return [
        Entry(voice.name, voice.description, speaker, offered),
        *(
            Entry(f"{voice.name}:{style}", f"{voice.description}: {style}", with_style(speaker, style), ())
            for style in listed
        ),
    ]


def _offered_by(speaker: Speaker) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the styles of a voice that clients may choose, and those of them that are entries of their own."""
    voice = speaker.voice
    default = speaker.params.style or voice.styles[0]
    return _fitting(voice.name, voice.description, voice.credit, default, tuple(voice.styles))


# Voices stay while catalogues come and go; the line in the log comes once for each.
@lru_cache(maxsize=1024)
def _fitting(
    name: str, description: str, credit: Credit, default: str, styles: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what of a voice's styles fits into its share of the info event, as :func:`_offered_by` does."""
    ordered = [default, *(style for style in styles if style != default)]
    entry = _ENTRY_BYTES + sum(map(_bytes, (name, description, credit.author, credit.licence, credit.url)))
    room = _MOST_INFO - entry
    chosen = [_STYLE_BYTES + _bytes(style) for style in ordered]
    count = max(1, _fits(chosen, room))
    room -= sum(chosen[:count])
    listed = ordered[1:count]
    listed = listed[: _fits((entry + 2 * _bytes(style) for style in listed), room)]
    if len(listed) < len(ordered) - 1:
        _LOGGER.warning(
            "voice %s: of %s, left out of the list of voices: %d; to be chosen as a speaker only: %d",
            name,
            counted(len(ordered), "style"),
            len(ordered) - count,
            count - 1 - len(listed),
        )
    offered = set(ordered[:count])
    return tuple(style for style in styles if style in offered), tuple(listed)


def _fits(sizes: Iterable[int], room: int) -> int:
    """Return how many of ``sizes``, from the first, fit into ``room``."""
    return sum(1 for total in accumulate(sizes) if total <= room)


def _bytes(text: str) -> int:
    """Return the size of a text in JSON."""
    return len(json.dumps(text, ensure_ascii=False).encode("utf-8", "replace"))


def _entry_of(preset: Preset, speakers: dict[str, Speaker]) -> Entry:
    speaker = speakers.get(preset.voice)
    if speaker is None:
        raise UsageError(f"{preset.origin}: voice: no voice {preset.voice!r}: there is {some_of(speakers)}")
    try:
        check_style(speaker.voice, preset.params.style)
    except UsageError as error:
        raise UsageError(f"{preset.origin}: style: {error}") from None
    styles = () if preset.params.style else _offered_by(speaker)[0]
    speaking = dataclasses.replace(speaker, params=preset.params)
    return Entry(preset.name, preset.description or preset.name, speaking, styles)


def _speaks(entry: Entry, language: str) -> bool:
    """Whether the entry speaks ``language``: ja, ja-JP and ja_JP are one."""
    primary = language.replace("_", "-").split("-")[0].lower()
    return any(primary == tag.split("-")[0].lower() for tag in entry.speaker.voice.languages)


def _brief(text: str | None) -> str:
    """Return a client's text in quotes, cut to 60 characters."""
    return repr(text if text is None or len(text) <= 60 else f"{text[:60]}…")
