"""VOICEVOX's user dictionary: the words of ``words.csv``, by UUIDs of their surfaces."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar
from unicodedata import normalize
from uuid import NAMESPACE_URL, uuid5

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from wyoming_hayakoe.errors import in_words
from wyoming_hayakoe.server.context import Context
from wyoming_hayakoe.server.http.bodies import json_body
from wyoming_hayakoe.server.http.fields import FieldError
from wyoming_hayakoe.server.http.voicevox.query_string import flag_parameter, text_parameter, whole_parameter
from wyoming_hayakoe.text import exchange, user_words
from wyoming_hayakoe.text.dictionary import UserDictionary
from wyoming_hayakoe.text.morae import as_katakana
from wyoming_hayakoe.text.user_words import DEFAULT_PRIORITY, UserWord

T = TypeVar("T")


class _Words:
    """The handlers of the user dictionary."""

    def __init__(self, context: Context) -> None:
        self._context = context

    @property
    def _dictionary(self) -> UserDictionary:
        return self._context.catalogue.speakers[0].front_end.dictionary

    async def show(self, _: Request) -> Response:
        path = self._dictionary.path
        words = await _done(lambda: user_words.read(path).entries if path else ())
        return JSONResponse(json.loads(await asyncio.to_thread(exchange.dump, words)))

    async def add(self, request: Request) -> Response:
        word = _word_of(request)
        await self._changed(lambda path: user_words.put(path, [word]))
        return JSONResponse(_uuid(word.surface))

    async def update(self, request: Request) -> Response:
        uuid, word = request.path_params["word_uuid"], _word_of(request)

        def replace(path: Path) -> None:
            before = _surface(path, uuid)
            user_words.put(path, [word])
            if before != word.surface:
                user_words.drop(path, [before])

        await self._changed(replace)
        return Response(status_code=204)

    async def delete(self, request: Request) -> Response:
        uuid = request.path_params["word_uuid"]
        await self._changed(lambda path: user_words.drop(path, [_surface(path, uuid)]))
        return Response(status_code=204)

    async def bring(self, request: Request) -> Response:
        overrides = flag_parameter(request, "override")
        value = await json_body(request, limit=user_words.MAX_BYTES)
        if not isinstance(value, dict):
            raise FieldError((), "is not an object of words")

        def add_all(path: Path) -> None:
            contents = exchange.parse(json.dumps(value), "import_user_dict")
            if contents.problems:
                raise ValueError(contents.problems[0].reason)
            known = set() if overrides else {word.surface for word in user_words.read(path).entries}
            user_words.put(path, [word for word in contents.entries if word.surface not in known])

        await self._changed(add_all)
        return Response(status_code=204)

    async def _changed(self, change: Callable[[Path], object]) -> None:
        """Change the file, and load it, so that the next text is read with it."""
        path = self._dictionary.path
        if path is None:
            raise HTTPException(422, "this server keeps no words: start it with --data-dir")
        await _done(lambda: change(path))
        await asyncio.to_thread(self._dictionary.refresh, wait=True)


def routes(context: Context) -> list[BaseRoute]:
    """Return the routes of the user dictionary."""
    words = _Words(context)
    one = "/user_dict_word/{word_uuid}"
    return [
        Route("/user_dict", words.show),
        Route("/user_dict_word", words.add, methods=["POST"]),
        Route(one, words.update, methods=["PUT"]),
        Route(one, words.delete, methods=["DELETE"]),
        Route("/import_user_dict", words.bring, methods=["POST"]),
    ]


def _uuid(surface: str) -> str:
    return str(uuid5(NAMESPACE_URL, surface))


def _surface(path: Path, uuid: str) -> str:
    """Return the surface of a word that the file holds."""
    for word in user_words.read(path).entries:
        if _uuid(word.surface) == uuid.lower():
            return word.surface
    raise FieldError(("path", "word_uuid"), "there is no such word: GET /user_dict lists them")


def _word_of(request: Request) -> UserWord:
    """Return the word that a request describes; its type is that of the dictionary's words of the same surface."""
    reading = as_katakana(normalize("NFKC", text_parameter(request, "pronunciation")[: user_words.MAX_FIELD + 1]))
    accent = whole_parameter(request, "accent_type")
    priority = whole_parameter(request, "priority", DEFAULT_PRIORITY)
    try:
        return user_words.entry(text_parameter(request, "surface"), reading, accent, priority)
    except ValueError as error:
        raise HTTPException(422, str(error)) from None


async def _done(work: Callable[[], T]) -> T:
    """Return what ``work`` returns, which reads or writes the file, in a thread."""
    try:
        return await asyncio.to_thread(work)
    except OSError as error:
        raise HTTPException(500, f"words.csv: {in_words(error)}: repair or replace it") from None
    except ValueError as error:
        raise HTTPException(422, str(error)) from None
