"""From URIs and paths to sources: the kind of source, and the speaker in it."""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from wyoming_hayakoe.errors import UsageError
from wyoming_hayakoe.sources import huggingface, local, s3
from wyoming_hayakoe.sources.cache import CachedSource
from wyoming_hayakoe.sources.huggingface import HuggingFace
from wyoming_hayakoe.sources.local import LocalSource
from wyoming_hayakoe.sources.s3 import S3
from wyoming_hayakoe.sources.source import Patience, Source

DEFAULT = "hf://lemondouble/hayakoe"
"""The repository of the voices and the BERT that HayaKoe publishes."""

FORMS = f"{huggingface.FORMS}; {s3.FORMS}; {local.FORMS}"


@dataclass(frozen=True, slots=True)
class Location:
    """A source and, where one is named, a speaker in it."""

    uri: str
    """As :attr:`Source.uri`."""

    speaker: str | None


def parse(text: str) -> Location:
    """Read ``URI[#SPEAKER]``; what follows the last ``#`` is percent-decoded.

    A path with a ``#`` in it is written ``file:///…%23…``.

    Raises:
        UsageError: it names no source; the line has the accepted forms.
    """
    place, mark, speaker = text.rpartition("#") if "#" in text else (text, "", "")
    if mark and not speaker:
        raise UsageError(f"{_shown(text)!r}: after # comes a speaker's name")
    uri = open_source(place, Path(), offline=True).uri
    return Location(uri, unquote(speaker) or None)


def open_source(
    uri: str, cache: Path, *, offline: bool = False, token: str | None = None, patience: Patience | None = None
) -> Source:
    """Return the source that a URI or bare path names; no request is sent yet.

    :func:`parse` takes a ``#SPEAKER`` off.

    Args:
        uri: URI or path.
        cache: the data directory.
        offline: send no request.
        token: token for Hugging Face; None is the one of the environment.
        patience: timeouts and attempts.

    Raises:
        UsageError: it names no source; the line has the accepted forms. It and all later lines hold no secret.
    """
    path = local.recognise(uri)
    if path is not None:
        return LocalSource(path)
    if (bucket := s3.recognise(uri)) is not None:
        return CachedSource(S3(*bucket, patience), cache, offline=offline, patience=patience)
    if (repository := huggingface.recognise(uri)) is not None:
        return CachedSource(HuggingFace(*repository, token, patience), cache, offline=offline, patience=patience)
    raise UsageError(f"{_shown(uri)!r} names no source of voices: write {FORMS}")


def _shown(text: str) -> str:
    """Return a URI without its password and signature."""
    return re.sub(r"//[^/]*@", "//…@", text).partition("?")[0]
