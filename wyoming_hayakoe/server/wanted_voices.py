"""What the user wants to be served, and the list of voices that it makes of those that are here."""

import contextlib
import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from wyoming_hayakoe.errors import UsageError
from wyoming_hayakoe.server.catalogue import Catalogue, Preset
from wyoming_hayakoe.speaker import Speaker, check_style
from wyoming_hayakoe.tts import BUILT_IN
from wyoming_hayakoe.utterance import SynthesisParams


@dataclass(frozen=True, slots=True)
class Wishes:
    """The voices and ways of speaking that the user asked for; the built-in voice is always one of them."""

    sources: Mapping[str, str | None] = field(default_factory=dict)
    """Where each voice comes from, as :meth:`TTS.load` takes it."""

    first: Sequence[str] = ()
    """Names of voices, NAME:STYLEs and presets that are listed before all others; the first is the default."""

    presets: Sequence[Preset] = ()
    """Ways of speaking with a name."""

    params: SynthesisParams = field(default_factory=SynthesisParams)
    """How all speak otherwise."""

    where_voice: str = "voice"
    """Where the names were given, for error messages."""

    where_style: str = "speaker"
    """Where the style was given, for error messages."""

    @property
    def default_voice(self) -> str:
        """The voice that speaks for clients who name none, once it is here."""
        name = next(iter((*self.first, *self.sources)), BUILT_IN)
        of_presets = {preset.name: preset.voice for preset in self.presets}
        return of_presets.get(name, name.split(":")[0])

    def catalogue(self, speakers: Mapping[str, Speaker]) -> Catalogue:
        """List those of ``speakers`` that are wanted, and what can be made of them.

        Raises:
            UsageError: something names a voice or style that nobody has; what a voice that is not here may still
                bring is no error.
        """
        wanted = [*self.sources, *([BUILT_IN] if BUILT_IN not in self.sources else [])]
        coming = {name for name in wanted if name not in speakers}
        with named(self.where_style):
            here = self._styled([speakers[name] for name in wanted if name in speakers], is_whole=not coming)
        catalogue = Catalogue(here, [preset for preset in self.presets if preset.voice not in coming])
        coming |= {preset.name for preset in self.presets if preset.voice in coming}
        with named(self.where_voice):
            catalogue.put_first([name for name in self.first if name.split(":")[0] not in coming])
        return catalogue

    def _styled(self, speakers: Sequence[Speaker], *, is_whole: bool) -> list[Speaker]:
        """Have all speak by ``params``; those that lack the style keep to their own, if one of them has it."""
        if is_whole and not any(self.params.style in speaker.voice.styles for speaker in speakers):
            check_style(speakers[0].voice, self.params.style)
        plain = dataclasses.replace(self.params, style=None)
        return [
            dataclasses.replace(speaker, params=self.params if self.params.style in speaker.voice.styles else plain)
            for speaker in speakers
        ]


@contextlib.contextmanager
def named(where: str) -> Iterator[None]:
    """Say where a value was given that turns out wrong."""
    try:
        yield
    except UsageError as error:
        raise UsageError(str(error) if str(error).startswith(where) else f"{where}: {error}") from None
