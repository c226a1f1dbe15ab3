"""Several prefixes of several sources at once: what is missing, and bringing it here."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from wyoming_hayakoe.errors import HayakoeError
from wyoming_hayakoe.sources.source import Progress, Source, SourceError


@dataclass(frozen=True, slots=True)
class Wanted:
    """A prefix of a source: a voice, the BERT."""

    source: Source
    prefix: str

    def __str__(self) -> str:
        return f"{self.source.uri}: {self.prefix}" if self.prefix else self.source.uri


def missing(wanted: Iterable[Wanted]) -> list[Wanted]:
    """Return what is not here; asks nobody."""
    return [each for each in wanted if each.source.cached(each.prefix) is None]


def require(wanted: Iterable[Wanted]) -> None:
    """Raise one SourceError that names all that is not here; asks nobody."""
    absent = [str(each) for each in missing(wanted)]
    if absent:
        raise SourceError(
            f"not here: {', '.join(absent)}: run `wyoming-hayakoe download` first, or leave out --offline"
        )


def download(wanted: Iterable[Wanted], progress: Progress | None = None) -> list[Path]:
    """Bring everything here, one after the other; a SourceError names all that failed, after the rest has come."""
    places, failures = [], []
    for each in wanted:
        try:
            places.append(each.source.fetch(each.prefix, progress))
        except HayakoeError as error:
            failures.append(str(error))
    if failures:
        raise SourceError("; ".join(failures))
    return places
