"""The routes of VOICEVOX's interface."""

import asyncio
import io
import zipfile
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from wyoming_hayakoe.errors import RequestError
from wyoming_hayakoe.narration import ReadSentence
from wyoming_hayakoe.server.http.bodies import json_body
from wyoming_hayakoe.server.http.caller import caller_of
from wyoming_hayakoe.server.http.failures import note_failure
from wyoming_hayakoe.server.http.fields import FieldError, Fields
from wyoming_hayakoe.server.http.services import Services
from wyoming_hayakoe.server.http.streaming import AudioResponse
from wyoming_hayakoe.server.http.voicevox import kept_presets, speakers, user_dict
from wyoming_hayakoe.server.http.voicevox.kept_presets import SCALES, Presets
from wyoming_hayakoe.server.http.voicevox.phrases import phrases_of
from wyoming_hayakoe.server.http.voicevox.queries import LONGEST_TEXT, Teller, Told, query_of
from wyoming_hayakoe.server.http.voicevox.query_string import flag_parameter, text_parameter, whole_parameter
from wyoming_hayakoe.server.http.voicevox.speakers import speaker_in, speaker_of
from wyoming_hayakoe.server.http.voicevox.synthesis import AudioQuery, header_of, sentences_to_speak, sound_of
from wyoming_hayakoe.server.http.voicevox.told import Memory
from wyoming_hayakoe.server.http.voicevox.waves import joined
from wyoming_hayakoe.speaker import Speaker
from wyoming_hayakoe.text import aquestalk

Handler = Callable[[Request], Awaitable[Response]]

# Bytes of sound that are held for a length in the header: a minute and a half at 48 kHz. More is streamed.
_WHOLE = 8 << 20
_MOST_QUERIES = 100
_MOST_ZIPPED = 32 << 20
_MOST_WAVES = 16 << 20

_KANA_ERRORS: Mapping[aquestalk.Kind, str] = {
    "unknown": "UNKNOWN_TEXT",
    "accent-at-top": "ACCENT_TOP",
    "two-accents": "ACCENT_TWICE",
    "no-accent": "ACCENT_NOTFOUND",
    "empty-phrase": "EMPTY_PHRASE",
    "question-inside": "INTERROGATION_MARK_NOT_AT_END",
}


class _Voicevox:
    """The handlers that speak and tell how a text is spoken."""

    def __init__(self, services: Services, kept: Presets) -> None:
        self._context = services.context
        self._memory = Memory()
        self._presets = kept

    def routes(self) -> list[BaseRoute]:
        def post(path: str, handler: Handler) -> Route:
            return Route(path, handler, methods=["POST"])

        return [
            post("/audio_query", self.audio_query),
            post("/audio_query_from_preset", self.audio_query_from_preset),
            post("/accent_phrases", self.accent_phrases),
            post("/mora_data", self.mora_data),
            post("/mora_length", self.mora_length),
            post("/mora_pitch", self.mora_pitch),
            post("/synthesis", self.synthesis),
            post("/cancellable_synthesis", self.synthesis),
            post("/multi_synthesis", self.multi_synthesis),
            post("/connect_waves", connect_waves),
            post("/validate_kana", validate_kana),
        ]

    async def audio_query(self, request: Request) -> Response:
        teller = self._teller(*speaker_of(self._context, request))
        told = await _spoken(request, teller.of_text(_text(request)))
        return await _json(lambda: query_of(told, teller.speaker))

    async def audio_query_from_preset(self, request: Request) -> Response:
        number = whole_parameter(request, "preset_id")
        preset = await asyncio.to_thread(self._presets.find, number)
        teller = self._teller(speaker_in(self._context, preset["style_id"]), preset["style_id"])
        told = await _spoken(request, teller.of_text(_text(request)))
        changes = {name: preset[name] for name in (*SCALES, "pauseLength", "pauseLengthScale")}
        return await _json(lambda: {**query_of(told, teller.speaker), **changes})

    async def accent_phrases(self, request: Request) -> Response:
        teller = self._teller(*speaker_of(self._context, request))
        if flag_parameter(request, "is_kana", default=False):
            told = await _spoken(request, teller.of_phrases(_kana(_text(request))))
        else:
            told = await _spoken(request, teller.of_text(_text(request)))
        return await _json(lambda: told.json)

    async def mora_data(self, request: Request) -> Response:
        _, told = await self._told_again(request)
        return await _json(lambda: told.json)

    async def mora_length(self, request: Request) -> Response:
        sent, told = await self._told_again(request)
        return await _json(lambda: _with(sent, told.json, ("consonant_length", "vowel_length")))

    async def mora_pitch(self, request: Request) -> Response:
        sent, told = await self._told_again(request)
        return await _json(lambda: _with(sent, told.json, ("pitch",)))

    async def synthesis(self, request: Request) -> Response:
        speaker, style = speaker_of(self._context, request)
        upspeak = flag_parameter(request, "enable_interrogative_upspeak", default=True)
        fields = Fields.of(await json_body(request))
        query = await asyncio.to_thread(AudioQuery.of, fields)
        sound = await self._sound(request, speaker, style, query, upspeak=upspeak)
        if "audio/wav" in request.headers.get("accept", ""):
            return AudioResponse(_streamed(query, [], sound), "audio/wav")
        begun, is_whole = await _gathered(sound, _WHOLE)
        if not is_whole:
            return AudioResponse(_streamed(query, begun, sound), "audio/wav")
        pcm = b"".join(begun)
        return Response(header_of(query, len(pcm)) + pcm, media_type="audio/wav")

    async def multi_synthesis(self, request: Request) -> Response:
        speaker, style = speaker_of(self._context, request)
        upspeak = flag_parameter(request, "enable_interrogative_upspeak", default=True)
        listed = _listed(await json_body(request)).objects("queries", _MOST_QUERIES)
        queries = await asyncio.to_thread(lambda: [AudioQuery.of(each) for each in listed])
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as writer:
            for number, query in enumerate(queries, start=1):
                sound = await self._sound(request, speaker, style, query, upspeak=upspeak)
                begun, is_whole = await _gathered(sound, _MOST_ZIPPED - archive.tell())
                if not is_whole:
                    await sound.aclose()
                    raise HTTPException(413, f"the sounds take more than {_MOST_ZIPPED >> 20} MiB: send fewer")
                pcm = b"".join(begun)
                wav = header_of(query, len(pcm)) + pcm
                await asyncio.to_thread(writer.writestr, f"{number:03}.wav", wav)
        return Response(archive.getvalue(), media_type="application/zip")

    async def _sound(
        self, request: Request, speaker: Speaker, style: int, query: AudioQuery, *, upspeak: bool
    ) -> AsyncGenerator[bytes, None]:
        def read() -> list[ReadSentence]:
            own_speed = speaker.params.speed
            return sentences_to_speak(query, self._memory, style, own_speed=own_speed, upspeak=upspeak)

        return await sound_of(self._context, request, speaker, query, await asyncio.to_thread(read))

    async def _told_again(self, request: Request) -> tuple[Any, Told]:
        """Return the accent phrases as a client sent them, and with the voice's own lengths and pitches."""
        teller = self._teller(*speaker_of(self._context, request))
        sent = await json_body(request)
        spoken = await asyncio.to_thread(phrases_of, _listed(sent), "queries")
        phrases = [each.phrase for each in spoken]
        return sent, await _spoken(request, teller.of_phrases(phrases))

    def _teller(self, speaker: Any, style: int) -> Teller:
        return Teller(self._context, self._memory, speaker, style)


def routes(services: Services) -> list[BaseRoute]:
    """Return all routes of VOICEVOX's interface."""
    kept = Presets(services.context.settings)
    found = [
        *speakers.routes(services.context),
        *kept_presets.routes(kept),
        *user_dict.routes(services.context),
        *_Voicevox(services, kept).routes(),
    ]
    return [_answering(route) for route in found if isinstance(route, Route)]


def _answering(route: Route) -> Route:
    """Return a route that tells of a wrong value as VOICEVOX's engine does: where it is, and what is wrong."""
    handler = route.endpoint

    async def answer(request: Request) -> Response:
        try:
            response: Response = await handler(request)
        except FieldError as error:
            note_failure(request.app.state.services.context, request, error)
            place = error.place if error.place[:1] in {("query",), ("path",)} else ("body", *error.place)
            detail = [{"loc": list(place), "msg": error.message, "type": "value_error"}]
            return JSONResponse({"detail": detail}, error.status_code)
        except _KanaError as error:
            return JSONResponse({"detail": error.told}, error.status_code)
        return response

    return Route(route.path, answer, methods=list(route.methods or ()))


def _text(request: Request) -> str:
    text = text_parameter(request, "text")
    if len(text) > LONGEST_TEXT:
        raise RequestError("text-too-long", f"a text has at most {LONGEST_TEXT} characters here: send it in parts")
    return text


async def _json(value: Callable[[], Any]) -> Response:
    """Return a response of what may be many values, which are written in a thread."""
    return await asyncio.to_thread(lambda: JSONResponse(value()))


def _listed(value: Any) -> Fields:
    """Return a body that is a list, as the one field of an object."""
    return Fields({"queries": value if value is not None else 0})


def _kana(text: str) -> Sequence[Any]:
    try:
        return aquestalk.parse(text)
    except aquestalk.NotationError as error:
        args = {"position": error.part} if error.kind == "empty-phrase" else {"text": error.part}
        name = _KANA_ERRORS[error.kind]
        raise _KanaError({"text": str(error), "error_name": name, "error_args": args}) from None


class _KanaError(HTTPException):
    """A text is not in the AquesTalk-like notation: the detail of the response is an object."""

    def __init__(self, told: Mapping[str, Any]) -> None:
        super().__init__(400, told["text"])
        self.told = told


async def validate_kana(request: Request) -> Response:
    """Answer whether a text is in the AquesTalk-like notation, and where not."""
    _kana(_text(request))
    return JSONResponse(content=True)


async def _spoken(request: Request, told: Awaitable[Told]) -> Told:
    """Return what is told, unless the client leaves before."""
    try:
        return await caller_of(request).unless_left(told)
    except ValueError as error:
        raise FieldError((), str(error)) from None


def _with(sent: Any, told: Sequence[Mapping[str, Any]], names: Sequence[str]) -> Any:
    """Return the accent phrases that a client sent, with some values as they are told."""
    return [
        {
            **phrase,
            "moras": [
                {**mora, **{name: other[name] for name in names}}
                for mora, other in zip(phrase["moras"], fresh["moras"], strict=True)
            ],
            "pause_mora": phrase.get("pause_mora")
            and {
                **phrase["pause_mora"],
                **{name: (fresh["pause_mora"] or phrase["pause_mora"])[name] for name in names},
            },
        }
        for phrase, fresh in zip(sent, told, strict=True)
    ]


async def _gathered(sound: AsyncGenerator[bytes, None], most: int) -> tuple[list[bytes], bool]:
    """Return a sound, and whether it is whole: no more is taken once there are ``most`` bytes."""
    windows: list[bytes] = []
    size = 0
    async for window in sound:
        windows.append(window)
        size += len(window)
        if size > most:
            return windows, False
    return windows, True


async def _streamed(
    query: AudioQuery, begun: Sequence[bytes], sound: AsyncGenerator[bytes, None]
) -> AsyncGenerator[bytes, None]:
    async with aclosing(sound):
        yield header_of(query, None)
        for window in begun:
            yield window
        async for window in sound:
            yield window


async def connect_waves(request: Request) -> Response:
    """Answer WAV files, in base64, as one file."""
    waves = _listed(await json_body(request, limit=_MOST_WAVES)).items("queries", _MOST_QUERIES)
    return Response(await asyncio.to_thread(joined, waves), media_type="audio/wav")
