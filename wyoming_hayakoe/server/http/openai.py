"""OpenAI's HTTP interface for speech.

Source of paths, fields and events: OpenAI's API reference, "Audio: Create speech" and "Models".
"""

import asyncio
import base64
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, cast, get_args

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from wyoming_hayakoe.errors import HayakoeError, RequestError
from wyoming_hayakoe.extras import pip_install
from wyoming_hayakoe.server.catalogue import Catalogue, Requested
from wyoming_hayakoe.server.http.bodies import check_length, json_body
from wyoming_hayakoe.server.http.encodings import Encoding, Format, encoding
from wyoming_hayakoe.server.http.failures import failure_of, note_failure
from wyoming_hayakoe.server.http.fields import FieldError, Fields
from wyoming_hayakoe.server.http.services import Services
from wyoming_hayakoe.server.http.speech import SpokenPCM, speak
from wyoming_hayakoe.server.http.streaming import AudioResponse
from wyoming_hayakoe.server.settings import TEXT_LIMIT
from wyoming_hayakoe.speaker import Speaker
from wyoming_hayakoe.text.passage_cutter import cut
from wyoming_hayakoe.utterance import in_range

_VOICES = frozenset(
    "alloy ash ballad cedar coral echo fable marin nova onyx sage shimmer verse".split()  # noqa: SIM905 - a list of names
)
"""OpenAI's own voices, in whose place the default voice speaks."""

_MODELS = ("hayakoe", "tts-1", "tts-1-hd", "gpt-4o-mini-tts")
_FORMATS = get_args(Format)
_SPEEDS = 0.25, 4.0
_NAME = 300

Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a client asks for."""

    text: str
    speaker: Speaker
    encoding: Encoding
    as_events: bool


def routes(services: Services) -> list[BaseRoute]:
    """Return the routes of OpenAI's interface."""
    context = services.context

    async def speech(request: Request) -> Response:
        wanted = _wanted(context.catalogue, Fields.of(await json_body(request)))
        own = context.settings.rate or wanted.speaker.voice.sample_rate
        passages = cut(wanted.text, code=wanted.speaker.front_end.code)
        spoken = await speak(
            context,
            request,
            wanted.speaker,
            passages,
            rate=wanted.encoding.rate(own),
            characters=len(wanted.text),
        )
        encoded = _encoded(spoken, wanted.encoding)
        if wanted.as_events:
            return AudioResponse(_events(encoded), "text/event-stream")
        return AudioResponse(encoded, wanted.encoding.media_type)

    async def voices(_: Request) -> Response:
        return JSONResponse({"voices": [{"id": name, "name": name} for name in context.catalogue.names]})

    async def models(_: Request) -> Response:
        return JSONResponse({"object": "list", "data": list(map(_model, _MODELS))})

    async def model(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in _MODELS:
            raise HTTPException(404, "there is no such model: GET /v1/models lists them")
        return JSONResponse(_model(name))

    return [
        Route("/v1/audio/speech", _answering(speech), methods=["POST"]),
        Route("/v1/audio/voices", voices),
        Route("/v1/models", models),
        Route("/v1/models/{name}", _answering(model)),
    ]


def _model(name: str) -> Mapping[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "wyoming-hayakoe"}


def _wanted(catalogue: Catalogue, fields: Fields) -> _Wanted:
    fields.text("model", longest=_NAME)
    text = check_length(fields.text("input", longest=10 * TEXT_LIMIT))
    speed = fields.number("speed", *_SPEEDS, 1.0)
    speaker = _speaker(catalogue, fields)
    params = replace(speaker.params, speed=in_range("speed", speaker.params.speed / speed))
    return _Wanted(text, replace(speaker, params=params), _encoding(fields), _as_events(fields))


def _speaker(catalogue: Catalogue, fields: Fields) -> Speaker:
    named = fields.values.get("voice")
    name = fields.object("voice") if isinstance(named, dict) else None
    voice = name.text("id", longest=_NAME) if name else fields.text("voice", None, longest=_NAME)
    known = {entry.name for entry in (*catalogue.entries, *catalogue.unlisted)}
    return catalogue.find(Requested(None if voice in _VOICES - known else voice))


def _encoding(fields: Fields) -> Encoding:
    named = fields.text("response_format", None, longest=_NAME)
    if named is not None and named not in _FORMATS:
        raise FieldError(("response_format",), f"is none of {', '.join(_FORMATS)}")
    found = encoding(cast("Format", named or "mp3"))
    if found is None and named is None:
        found = encoding("wav")
    if found is None:
        raise FieldError(("response_format",), f"{named} needs PyAV: {pip_install('av')}; wav and pcm always work")
    return found


def _as_events(fields: Fields) -> bool:
    named = fields.text("stream_format", "audio", longest=_NAME)
    if named not in {"audio", "sse"}:
        raise FieldError(("stream_format",), "is none of audio, sse")
    return named == "sse"


async def _encoded(spoken: SpokenPCM, wanted: Encoding) -> AsyncGenerator[bytes, None]:
    """Yield the sound in a format, each window as it comes; threads encode it."""
    encoder = await asyncio.to_thread(wanted.open, spoken.rate)
    async with aclosing(spoken.pcm) as windows:
        async for pcm in windows:
            if data := await asyncio.to_thread(encoder.feed, pcm):
                yield data
    if data := await asyncio.to_thread(encoder.finish):
        yield data


async def _events(encoded: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """Yield a sound as server-sent events."""
    async with aclosing(encoded):
        async for data in encoded:
            yield _event({"type": "speech.audio.delta", "audio": base64.b64encode(data).decode("ascii")})
        usage = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
        yield _event({"type": "speech.audio.done", "usage": usage})


def _event(value: Mapping[str, Any]) -> bytes:
    return b"data: " + json.dumps(value).encode("ascii") + b"\n\n"


def _answering(handler: Handler) -> Handler:
    """Return a handler whose errors are in OpenAI's form."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except (HTTPException, HayakoeError) as error:
            note_failure(request.app.state.services.context, request, error)
            status, line, headers = failure_of(error)
            kind = "invalid_request_error" if status < 500 else "server_error"
            told = {
                "message": line.encode("utf-8", "replace").decode("utf-8"),
                "type": kind,
                "param": ".".join(map(str, error.place)) if isinstance(error, FieldError) else None,
                "code": error.code if isinstance(error, RequestError) else None,
            }
            return JSONResponse({"error": told}, status, headers)

    return answer
