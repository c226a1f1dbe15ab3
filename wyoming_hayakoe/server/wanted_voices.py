"""The configured voices, and the catalogue that results from those of them that can speak."""

import contextlib
import dataclasses
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from wyoming_hayakoe.errors import UsageError
from wyoming_hayakoe.server.catalogue import Catalogue, Preset
from wyoming_hayakoe.server.default_voice import keeps_up
from wyoming_hayakoe.speaker import Speaker, check_style
from wyoming_hayakoe.utterance import SynthesisParams
from wyoming_hayakoe.voice_store import BUILT_IN

Status = Callable[[str], str | None]
"""Returns what keeps a configured voice from speaking at this moment, for clients; None for any other name."""


@dataclass(frozen=True, slots=True)
class WantedVoices:
    """The configured voices and ways of speaking; the built-in voice is always one of them."""

    sources: Mapping[str, str | None] = field(default_factory=dict)
    """The source of each voice, as :meth:`TTS.load` takes it."""

    implied: Collection[str] = ()
    """The names among ``sources`` that no option gives, such as those of the folder of voices.

    None of them is the default by itself.
    """

    preferred: str | None = None
    """The one of ``implied`` that is the default where this machine keeps up with it.

    Elsewhere it is in no list, since Home Assistant takes the first voice by label; it speaks for those who name it.
    """

    first: Sequence[str] = ()
    """Names of voices, NAME:STYLEs and presets that are listed before all others; the first is the default."""

    presets: Sequence[Preset] = ()
    """Named ways of speaking."""

    params: SynthesisParams = field(default_factory=SynthesisParams)
    """How all voices speak unless a preset says otherwise."""

    where_voice: str = "voice"
    """Where the names were given, for error messages."""

    where_style: str = "speaker"
    """Where the style was given, for error messages."""

    @property
    def order(self) -> list[str]:
        """The names of all voices in the order of the catalogue: configured ones, the built-in one, implied ones."""
        configured = [name for name in self.sources if name not in self.implied]
        implied = [name for name in self.sources if name in self.implied]
        return list(dict.fromkeys([*configured, BUILT_IN, *implied]))

    @property
    def default_voice(self) -> str:
        """The voice for clients that name none, as soon as it can speak."""
        return self.voice_of(next(iter((*self.first, *self.order))))

    def decided(self, paces: Mapping[str, float | None]) -> "WantedVoices":
        """Return this with the preferred voice first, where this machine keeps up with it.

        Args:
            paces: seconds of computing for a second of sound, by the voice's name; None where that is not known.
        """
        if self.preferred is None or not keeps_up(paces.get(self.preferred)):
            return self
        return dataclasses.replace(self, first=(self.preferred, *self.first))

    def voice_of(self, name: str) -> str:
        """Return the voice behind a name of the catalogue: a preset's, a style's, or the voice itself."""
        of_presets = {preset.name: preset.voice for preset in self.presets}
        return of_presets.get(name, name.split(":", maxsplit=1)[0])

    def catalogue(
        self, speakers: Mapping[str, Speaker], status: Status = lambda _: None, *, stand_ins: Collection[str] = ()
    ) -> Catalogue:
        """Return the catalogue of the wanted voices among ``speakers``.

        Args:
            speakers: the voices that can speak, by name.
            status: called for the other wanted voices when a client names one.
            stand_ins: the names among ``speakers`` under which another voice speaks until the wanted one can.

        Raises:
            UsageError: something names a voice or style that does not exist; what a missing voice may still bring is
                no error.
        """
        coming = {name for name in self.order if name not in speakers or name in stand_ins}
        with named(self.where_style):
            # The preferred voice brings no style that anybody has asked for.
            is_whole = not coming - {self.preferred}
            here = self._styled([speakers[name] for name in self.order if name in speakers], is_whole=is_whole)
        presets = [preset for preset in self.presets if preset.voice not in coming or _has(speakers, preset)]
        unlisted = [self.preferred] if self.preferred and self.preferred not in self.first else []
        catalogue = Catalogue(here, presets, lambda name: status(self.voice_of(name)), unlisted=unlisted)
        here_or_wrong = [name for name in self.first if name in catalogue.names or self.voice_of(name) not in coming]
        with named(self.where_voice):
            catalogue.put_first(here_or_wrong)
        return catalogue

    def without_faults(
        self, speakers: Mapping[str, Speaker], *, stand_ins: Collection[str] = ()
    ) -> tuple["WantedVoices", list[str]]:
        """Return what :meth:`catalogue` takes of this, without what the voices lack, and one line for each omission."""
        problems = []

        def is_possible(candidate: WantedVoices) -> bool:
            try:
                candidate.catalogue(speakers, stand_ins=stand_ins)
            except UsageError as error:
                problems.append(str(error))
                return False
            return True

        plain = dataclasses.replace(self.params, style=None)
        kept = dataclasses.replace(self, first=(), presets=(), params=plain)
        if is_possible(styled := dataclasses.replace(kept, params=self.params)):
            kept = styled
        for preset in self.presets:
            if is_possible(more := dataclasses.replace(kept, presets=(*kept.presets, preset))):
                kept = more
        for name in self.first:
            if is_possible(more := dataclasses.replace(kept, first=(*kept.first, name))):
                kept = more
        return kept, problems

    def _styled(self, speakers: Sequence[Speaker], *, is_whole: bool) -> list[Speaker]:
        """Apply ``params`` to all voices; one that lacks the style keeps its own, if another one has it."""
        if is_whole and not any(self.params.style in speaker.voice.styles for speaker in speakers):
            check_style(speakers[0].voice, self.params.style)
        plain = dataclasses.replace(self.params, style=None)
        return [
            dataclasses.replace(speaker, params=self.params if self.params.style in speaker.voice.styles else plain)
            for speaker in speakers
        ]


def _has(speakers: Mapping[str, Speaker], preset: Preset) -> bool:
    """Return whether the voice that speaks under the name of the preset's voice can speak the preset."""
    speaker = speakers.get(preset.voice)
    return speaker is not None and (preset.params.style is None or preset.params.style in speaker.voice.styles)


@contextlib.contextmanager
def named(where: str) -> Iterator[None]:
    """Add to a UsageError where the wrong value was given."""
    try:
        yield
    except UsageError as error:
        raise UsageError(str(error) if str(error).startswith(where) else f"{where}: {error}") from None
