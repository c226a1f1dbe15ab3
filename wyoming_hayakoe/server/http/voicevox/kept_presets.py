"""VOICEVOX's presets: a style with scales, under a number; kept in ``presets.json`` in the data folder."""

import asyncio
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from wyoming_hayakoe.disk import locked, read_regular, write_whole
from wyoming_hayakoe.errors import HayakoeError, in_words
from wyoming_hayakoe.server.http.bodies import json_body
from wyoming_hayakoe.server.http.fields import FieldError, Fields
from wyoming_hayakoe.server.http.voicevox.query_string import whole_parameter
from wyoming_hayakoe.server.settings import ServerSettings

_MOST = 1_000
_MOST_BYTES = 1 << 20
_MOST_NUMBER = 2**31 - 1

Preset = Mapping[str, Any]

SCALES = ("speedScale", "pitchScale", "intonationScale", "volumeScale", "prePhonemeLength", "postPhonemeLength")
"""The scales that every preset has."""

_RANGE = -100.0, 100.0


class Presets:
    """The presets of one server; in memory alone where it has no data folder."""

    def __init__(self, settings: ServerSettings) -> None:
        """Read nothing yet."""
        self._path = settings.data_dir / "presets.json" if settings.data_dir else None
        self._kept: list[Preset] = []
        self._lock = threading.Lock()

    def all(self) -> list[Preset]:
        """Return the presets.

        Raises:
            HayakoeError: the file cannot be read; it stays as it is.
        """
        if self._path is None:
            return self._kept
        try:
            values = json.loads(read_regular(self._path, _MOST_BYTES))
            return [_preset_of(Fields.of(value)) for value in values]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, TypeError, RecursionError, FieldError) as error:
            reason = in_words(error) if isinstance(error, OSError) else "is not what it should be"
            raise HayakoeError(f"{self._path}: {reason}: repair or remove it") from None

    def find(self, number: int) -> Preset:
        """Return the preset of a number.

        Raises:
            FieldError: there is none.
        """
        for preset in self.all():
            if preset["id"] == number:
                return preset
        raise FieldError(("query", "preset_id"), f"there is no preset {number}: GET /presets lists them")

    def add(self, preset: Preset) -> int:
        """Add a preset and return its number: the next one where its own is taken or negative."""
        with self._changing() as presets:
            numbers = {each["id"] for each in presets}
            number: int = preset["id"]
            if number < 0 or number in numbers:
                number = max(numbers, default=0) + 1
            presets.append({**preset, "id": number})
        return number

    def update(self, preset: Preset) -> int:
        """Replace the preset of the same number.

        Raises:
            FieldError: there is none.
        """
        with self._changing() as presets:
            presets[_place(presets, preset["id"])] = preset
        return int(preset["id"])

    def delete(self, number: int) -> None:
        """Remove a preset.

        Raises:
            FieldError: there is none.
        """
        with self._changing() as presets:
            del presets[_place(presets, number)]

    @contextmanager
    def _changing(self) -> Iterator[list[Preset]]:
        """Yield the presets to be changed; they are kept at the end, unless that fails."""
        with self._locked():
            presets = list(self.all())
            yield presets
            self._write(presets)

    def _locked(self) -> AbstractContextManager[object]:
        if self._path is None:
            return self._lock
        self._path.parent.mkdir(parents=True, exist_ok=True)
        return locked(self._path.parent, f"{self._path}: waiting for another program that changes it")

    def _write(self, presets: list[Preset]) -> None:
        if len(presets) > _MOST:
            raise FieldError(("id",), f"there are {_MOST} presets already: delete some")
        if self._path is None:
            self._kept = presets
        else:
            write_whole(self._path, json.dumps(presets, ensure_ascii=False, indent=2).encode())


def _place(presets: list[Preset], number: int) -> int:
    for place, preset in enumerate(presets):
        if preset["id"] == number:
            return place
    raise FieldError(("id",), f"there is no preset {number}: GET /presets lists them")


def routes(presets: Presets) -> list[BaseRoute]:
    """Return the routes of presets."""

    async def show(_: Request) -> Response:
        return JSONResponse(await asyncio.to_thread(presets.all))

    async def add(request: Request) -> Response:
        return await _kept(presets.add, _preset_of(Fields.of(await json_body(request))))

    async def update(request: Request) -> Response:
        return await _kept(presets.update, _preset_of(Fields.of(await json_body(request))))

    async def delete(request: Request) -> Response:
        await _kept(presets.delete, whole_parameter(request, "id"))
        return Response(status_code=204)

    return [
        Route("/presets", show),
        Route("/add_preset", add, methods=["POST"]),
        Route("/update_preset", update, methods=["POST"]),
        Route("/delete_preset", delete, methods=["POST"]),
    ]


async def _kept(change: Any, value: Any) -> Response:
    try:
        return JSONResponse(await asyncio.to_thread(change, value))
    except OSError as error:
        raise HTTPException(500, f"presets.json: cannot be written ({in_words(error)}): repair the disk") from None


def _preset_of(fields: Fields) -> Preset:
    return {
        "id": fields.whole("id", -_MOST_NUMBER, _MOST_NUMBER),
        "name": fields.text("name", longest=200),
        "speaker_uuid": fields.text("speaker_uuid", longest=100),
        "style_id": fields.whole("style_id", -_MOST_NUMBER, _MOST_NUMBER),
        **{scale: fields.number(scale, *_RANGE) for scale in SCALES},
        "pauseLength": fields.number("pauseLength", *_RANGE, None),
        "pauseLengthScale": fields.number("pauseLengthScale", *_RANGE, 1.0),
    }
