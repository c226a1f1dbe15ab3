"""Exchanges over HTTP as tests need them: byte by byte, and with a route that speaks."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser

import httpx
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from wyoming_hayakoe.server.catalogue import Requested
from wyoming_hayakoe.server.http.bodies import check_length, json_body
from wyoming_hayakoe.server.http.services import Services
from wyoming_hayakoe.server.http.speech import speak
from wyoming_hayakoe.server.http.streaming import AudioResponse
from wyoming_hayakoe.server.server import Server
from wyoming_hayakoe.text.passage_cutter import cut

HTTP = {"http": "tcp://127.0.0.1:0"}


def url_of(server: Server) -> str:
    assert server.http is not None
    host, port = server.http.endpoints[0]
    return f"http://{host}:{port}"


def client_of(server: Server) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=url_of(server), timeout=60.0)


@dataclass(frozen=True)
class Exchange:
    """What came back for some bytes: no status where nothing did."""

    status: int | None
    headers: Message
    body: bytes


async def exchanged(endpoint: tuple[str, int], request: bytes, *, source: str = "127.0.0.1") -> Exchange:
    """Send bytes and read to the end of the connection."""
    reader, writer = await asyncio.open_connection(*endpoint, local_addr=(source, 0))
    writer.write(request)
    try:
        answer = await reader.read()
    except ConnectionError:
        answer = b""
    writer.transport.abort()
    head, _, body = answer.partition(b"\r\n\r\n")
    line, _, fields = head.partition(b"\r\n")
    return Exchange(int(line.split()[1]) if line else None, BytesParser().parsebytes(fields), body)


class Saying:
    """A router whose /say speaks a JSON ``text`` as bare PCM; /echo answers with the body's value."""

    def routes(self, services: Services) -> Sequence[BaseRoute]:
        async def say(request: Request) -> Response:
            body = await json_body(request)
            text = check_length(body["text"])
            speaker = services.context.catalogue.find(Requested(body.get("voice"), style=body.get("style")))
            spoken = await speak(
                services.context, request, speaker, cut(text), rate=body.get("rate"), characters=len(text)
            )
            return AudioResponse(spoken.pcm, "audio/L16", headers={"X-Rate": str(spoken.rate)})

        async def echo(request: Request) -> Response:
            return Response(repr(await json_body(request, limit=200_000)))

        return [Route("/say", say, methods=["POST"]), Route("/echo", echo, methods=["POST"])]
