"""Catalogue: the voices that a server offers, by the names that clients use."""

import dataclasses
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import islice

from wyoming_hayakoe.errors import RequestError, UsageError
from wyoming_hayakoe.speaker import Speaker, check_style
from wyoming_hayakoe.utterance import SynthesisParams

# Names in an error message: a client's few bytes would fetch all names of hundreds of voices, again and again.
_NAMES_SHOWN = 50


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
    ) -> None:
        """List ``speakers``, then ``presets``.

        ``status`` returns, for a name that is not listed, what keeps a configured voice from speaking now; else None.

        Raises:
            UsageError: two entries of one name, a preset of a voice that is not there, a style that a voice lacks.
        """
        by_name = {speaker.voice.name: speaker for speaker in speakers}
        self._entries = {entry.name: entry for speaker in speakers for entry in _entries_of(speaker)}
        for preset in presets:
            if preset.name in self._entries:
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
                raise UsageError(f"no voice {name!r}: there is {_names(self._entries)}")
            self._entries = {name: self._entries[name]} | self._entries

    @property
    def entries(self) -> list[Entry]:
        """All entries, the default first."""
        return list(self._entries.values())

    @property
    def names(self) -> list[str]:
        """The names of all entries, the default first."""
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
                f"voice {entry.name!r} has no style {_brief(requested.style)}: it has {_names(entry.styles)}",
            )
        return _with_style(entry.speaker, requested.style)

    def _find_entry(self, requested: Requested) -> Entry:
        if requested.name is not None:
            if entry := self._entries.get(requested.name):
                return entry
            if status := self.status(requested.name):
                raise RequestError("voice-not-ready", status)
            raise RequestError("unknown-voice", f"no voice {_brief(requested.name)}: there is {_names(self._entries)}")
        for entry in self._entries.values():
            if requested.language is None or _speaks(entry, requested.language):
                return entry
        languages = dict.fromkeys(tag for entry in self.entries for tag in entry.speaker.voice.languages)
        raise RequestError("unknown-voice", f"no voice for {_brief(requested.language)}: there is {_names(languages)}")


def _with_style(speaker: Speaker, style: str) -> Speaker:
    return dataclasses.replace(speaker, params=dataclasses.replace(speaker.params, style=style))


def _entries_of(speaker: Speaker) -> list[Entry]:
    voice = speaker.voice
    check_style(voice, speaker.params.style)
    default = speaker.params.style or voice.styles[0]
    further = [style for style in voice.styles if style != default]
    return [
        Entry(voice.name, voice.description, speaker, tuple(voice.styles)),
        *(
            Entry(f"{voice.name}:{style}", f"{voice.description}: {style}", _with_style(speaker, style), ())
            for style in further
        ),
    ]


def _entry_of(preset: Preset, speakers: dict[str, Speaker]) -> Entry:
    speaker = speakers.get(preset.voice)
    if speaker is None:
        raise UsageError(f"{preset.origin}: voice: no voice {preset.voice!r}: there is {_names(speakers)}")
    try:
        check_style(speaker.voice, preset.params.style)
    except UsageError as error:
        raise UsageError(f"{preset.origin}: style: {error}") from None
    styles = () if preset.params.style else tuple(speaker.voice.styles)
    speaking = dataclasses.replace(speaker, params=preset.params)
    return Entry(preset.name, preset.description or preset.name, speaking, styles)


def _speaks(entry: Entry, language: str) -> bool:
    """Whether the entry speaks ``language``: ja, ja-JP and ja_JP are one."""
    primary = language.replace("_", "-").split("-")[0].lower()
    return any(primary == tag.split("-")[0].lower() for tag in entry.speaker.voice.languages)


def _brief(text: str | None) -> str:
    """Return a client's text in quotes, cut to 60 characters."""
    return repr(text if text is None or len(text) <= 60 else f"{text[:60]}…")


def _names(names: Collection[str]) -> str:
    """Return a list of names for an error message; of many, the first."""
    left_out = len(names) - _NAMES_SHOWN
    shown = ", ".join(islice(names, _NAMES_SHOWN)) or "none"
    return f"{shown} and {left_out} more" if left_out > 0 else shown
