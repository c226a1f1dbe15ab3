"""The info event, which answers describe."""

import asyncio
from weakref import WeakKeyDictionary

from wyoming.info import Attribution, Info, TtsProgram, TtsVoice, TtsVoiceSpeaker

from wyoming_hayakoe.server.catalogue import Catalogue, Entry
from wyoming_hayakoe.server.wyoming.events import encode_event
from wyoming_hayakoe.version import __version__
from wyoming_hayakoe.voice import Credit

# Home Assistant makes the title of its entry and the entity's id from this name, which therefore never changes.
_PROGRAM = "hayakoe"
_URL = "https://www.home-assistant.io/integrations/wyoming/"

_ENCODED: WeakKeyDictionary[Catalogue, dict[tuple[bool, str | None], asyncio.Task[bytes]]] = WeakKeyDictionary()


async def encoded_info(catalogue: Catalogue, *, streaming: bool, server_name: str | None = None) -> bytes:
    """Return the info event of :func:`make_info` as bytes, encoded once for each catalogue.

    A thread encodes it: 64 voices of 256 styles take half a second.
    """
    encoded = _ENCODED.setdefault(catalogue, {})
    key = (streaming, server_name)
    if key not in encoded:
        encoded[key] = asyncio.create_task(asyncio.to_thread(_encode, catalogue, *key))
    return await asyncio.shield(encoded[key])


def _encode(catalogue: Catalogue, streaming: bool, server_name: str | None) -> bytes:
    return encode_event(make_info(catalogue, streaming=streaming, server_name=server_name).event())


def make_info(catalogue: Catalogue, *, streaming: bool, server_name: str | None = None) -> Info:
    """Return the info event's content: one program with every entry of the catalogue.

    Args:
        catalogue: the voices.
        streaming: whether text streams are advertised.
        server_name: the name of this server among others; it becomes part of the program's name.
    """
    program = TtsProgram(
        name=f"{_PROGRAM}-{server_name}" if server_name else _PROGRAM,
        description="Japanese text to speech",
        attribution=Attribution(name="wyoming-hayakoe", url=_URL),
        installed=True,
        version=__version__,
        voices=[_voice(entry) for entry in catalogue.entries],
        supports_synthesize_streaming=streaming,
    )
    return Info(tts=[program])


def _voice(entry: Entry) -> TtsVoice:
    voice = entry.speaker.voice
    return TtsVoice(
        name=entry.name,
        description=entry.description,
        attribution=Attribution(name=_author(voice.credit), url=voice.credit.url),
        installed=True,
        version=__version__,
        languages=list(voice.languages),
        speakers=[TtsVoiceSpeaker(name=style) for style in entry.styles] or None,
    )


def _author(credit: Credit) -> str:
    """Return the author with the licence, for which the protocol has no field."""
    return f"{credit.author}, {credit.licence}" if credit.licence != "unknown" else credit.author
