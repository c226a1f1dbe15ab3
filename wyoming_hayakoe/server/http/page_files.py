"""The files of the page, read once: no path of a request reaches the disk."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from wyoming_hayakoe.server.http.services import Services

_FOLDER = Path(__file__).parent / "page"
_INDEX = "index.html"

_TYPES: Mapping[str, str] = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class _File:
    content: bytes
    media_type: str
    tag: str


def routes(_: Services) -> list[BaseRoute]:
    """Return the page at ``/`` and its files below ``/page/``."""

    async def index(request: Request) -> Response:
        return _answer(request, _INDEX)

    async def file(request: Request) -> Response:
        return _answer(request, request.path_params["name"])

    return [Route("/", index), Route("/page/{name}", file)]


@cache
def _files() -> Mapping[str, _File]:
    files: dict[str, _File] = {}
    for path in sorted(_FOLDER.iterdir()):
        if (media_type := _TYPES.get(path.suffix)) is not None:
            content = path.read_bytes()
            files[path.name] = _File(content, media_type, f'"{blake2b(content, digest_size=12).hexdigest()}"')
    return files


def _answer(request: Request, name: str) -> Response:
    file = _files().get(name)
    if file is None:
        raise HTTPException(404, "there is no such page")
    # After an upgrade, no browser keeps an older script beside a newer page.
    headers = {"ETag": file.tag, "Cache-Control": "no-cache"}
    # Proxies that compress make the tag a weak one.
    if file.tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(file.content, headers=headers, media_type=file.media_type)
