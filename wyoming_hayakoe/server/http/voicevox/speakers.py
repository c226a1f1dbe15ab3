"""Speakers and styles as VOICEVOX's clients see them: each voice and each preset is a speaker."""

import asyncio
import base64
from collections.abc import Callable, Mapping
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from wyoming_hayakoe.server.context import Context
from wyoming_hayakoe.server.http.fields import FieldError
from wyoming_hayakoe.server.http.style_ids import Talker, talkers
from wyoming_hayakoe.server.http.voicevox.pictures import picture
from wyoming_hayakoe.server.http.voicevox.query_string import text_parameter, whole_parameter
from wyoming_hayakoe.speaker import Speaker
from wyoming_hayakoe.version import __version__

_HOME = "https://pypi.org/project/wyoming-hayakoe/"
_PORTRAIT, _ICON = 500, 256

_FEATURES = {
    "adjust_mora_pitch": True,
    "adjust_phoneme_length": True,
    "adjust_speed_scale": True,
    "adjust_pitch_scale": True,
    "adjust_intonation_scale": True,
    "adjust_volume_scale": True,
    "adjust_pause_length": True,
    "interrogative_upspeak": True,
    "synthesis_morphing": False,
    "sing": False,
    "manage_library": False,
    "return_resource_url": True,
    "apply_katakana_english": True,
}


def routes(context: Context) -> list[BaseRoute]:
    """Return the routes that tell of the engine and its speakers."""

    def told(value: Callable[[], Any]) -> Callable[[Request], Any]:
        async def tell(_: Request) -> Response:
            return JSONResponse(value())

        return tell

    async def speaker_info(request: Request) -> Response:
        talker = _by_uuid(context, text_parameter(request, "speaker_uuid"))
        as_url = request.query_params.get("resource_format", "base64") == "url"
        base = str(request.base_url)

        def resource(key: str, size: int) -> str:
            return f"{base}_resources/{key}" if as_url else base64.b64encode(picture(key, size)).decode("ascii")

        return JSONResponse(await asyncio.to_thread(_info, talker, resource))

    async def resource(request: Request) -> Response:
        key = request.path_params["key"]
        known = {speaker_uuid(talker): _PORTRAIT for talker in talkers(context.catalogue)}
        known |= {str(number): _ICON for talker in talkers(context.catalogue) for number in talker.styles.values()}
        if key not in known:
            raise HTTPException(404, "there is no such picture")
        return Response(await asyncio.to_thread(picture, key, known[key]), media_type="image/png")

    async def manifest(_: Request) -> Response:
        return JSONResponse(await asyncio.to_thread(_manifest, context))

    async def initialize(request: Request) -> Response:
        speaker, _ = speaker_of(context, request)
        await context.make_ready(speaker)
        return Response(status_code=204)

    async def is_initialized(request: Request) -> Response:
        return JSONResponse(speaker_of(context, request)[0].voice.is_ready)

    origins = context.settings.http_origins
    return [
        Route("/version", told(lambda: __version__)),
        Route("/core_versions", told(lambda: [__version__])),
        Route("/engine_manifest", manifest),
        Route("/supported_devices", told(lambda: {"cpu": True, "cuda": False, "dml": False})),
        Route("/setting", told(lambda: {"cors_policy_mode": "localapps", "allow_origin": " ".join(origins) or None})),
        Route("/speakers", told(lambda: [_speaker(talker) for talker in talkers(context.catalogue)])),
        Route("/singers", told(list)),
        Route("/speaker_info", speaker_info),
        Route("/_resources/{key}", resource),
        Route("/initialize_speaker", initialize, methods=["POST"]),
        Route("/is_initialized_speaker", is_initialized),
    ]


def speaker_of(context: Context, request: Request) -> tuple[Speaker, int]:
    """Return the speaker in the style that a request names by its number, and that number.

    Raises:
        FieldError: there is no such style.
    """
    number = whole_parameter(request, "speaker")
    return speaker_in(context, number), number


def speaker_in(context: Context, number: int) -> Speaker:
    """Return the speaker in the style of a number.

    Raises:
        FieldError: there is no such style.
    """
    for talker in talkers(context.catalogue):
        for style, known in talker.styles.items():
            if known == number:
                return talker.speaker(style)
    raise FieldError(("query", "speaker"), f"there is no style {number}: GET /speakers lists them")


def speaker_uuid(talker: Talker) -> str:
    """Return the UUID of a speaker: it depends on its name alone."""
    return str(uuid5(NAMESPACE_URL, f"{_HOME}#{talker.entry.name}"))


def _by_uuid(context: Context, uuid: str) -> Talker:
    for talker in talkers(context.catalogue):
        if speaker_uuid(talker) == uuid.lower():
            return talker
    raise HTTPException(404, "there is no speaker of this speaker_uuid: GET /speakers lists them")


def _speaker(talker: Talker) -> Mapping[str, Any]:
    return {
        "name": talker.entry.name,
        "speaker_uuid": speaker_uuid(talker),
        "styles": [{"name": style, "id": number, "type": "talk"} for style, number in talker.styles.items()],
        "version": __version__,
        "supported_features": {"permitted_synthesis_morphing": "NOTHING"},
    }


def _info(talker: Talker, resource: Callable[[str, int], str]) -> Mapping[str, Any]:
    credit = talker.entry.speaker.voice.credit
    return {
        "policy": f"{talker.entry.description}\n{credit.author}\n{credit.licence}\n{credit.url}",
        "portrait": resource(speaker_uuid(talker), _PORTRAIT),
        "style_infos": [
            {"id": number, "icon": resource(str(number), _ICON), "voice_samples": []}
            for number in talker.styles.values()
        ],
    }


def _manifest(context: Context) -> Mapping[str, Any]:
    return {
        "manifest_version": "0.13.1",
        "name": "wyoming-hayakoe",
        "brand_name": "wyoming-hayakoe",
        "uuid": str(UUID(bytes=uuid5(NAMESPACE_URL, _HOME).bytes)),
        "url": _HOME,
        "icon": base64.b64encode(picture("wyoming-hayakoe", _ICON)).decode("ascii"),
        "default_sampling_rate": context.catalogue.speakers[0].voice.sample_rate,
        "frame_rate": 93.75,
        "terms_of_service": "The voices have licences of their own: GET /speaker_info tells them as policy.",
        "update_infos": [],
        "dependency_licenses": [],
        "supported_vvlib_manifest_version": None,
        "supported_features": _FEATURES,
    }
