"""Guard against other people's web pages, whose scripts run in browsers that reach this server.

- DNS rebinding: a page's own host name is made to resolve to this machine, so that its scripts count as of the same
  origin. Hence requests must name a host under which this server can be meant: an address, a name that no public DNS
  has, or one that the user gives.
- Cross-site requests: a page sends forms, or JSON as plain text, without being able to read the answer. Hence whatever
  may change something is refused where the browser reports another origin.
- Reading: without the headers of CORS, which only origins that the user gives are sent, browsers keep answers from
  other pages' scripts.

Programs that are no browsers send neither Origin nor Sec-Fetch-Site, and are not affected.
"""

import socket
from collections.abc import Mapping
from http import HTTPStatus
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wyoming_hayakoe.server.settings import ServerSettings

# Names of local networks: RFC 6761, RFC 6762, RFC 8375, ICANN's .internal, and .lan, as routers have it.
_LOCAL_SUFFIXES = (".localhost", ".local", ".home.arpa", ".internal", ".lan")

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

_HEADERS: Mapping[str, str] = {
    # Sounds and portraits are made into blob: and data: addresses by the page itself.
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data: blob:; media-src 'self' data: blob:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""Headers of every response that does not have its own."""

_PREFLIGHT: Mapping[str, str] = {
    "Access-Control-Allow-Methods": "GET, POST, PUT, DELETE",
    "Access-Control-Max-Age": "600",
    "Access-Control-Allow-Private-Network": "true",
}


class Guard:
    """ASGI application that lets through what may come, and gives every response the headers of a safe one."""

    def __init__(self, app: ASGIApp, settings: ServerSettings) -> None:
        """Guard ``app``, which is reached at ``http`` of the settings and under their ``http_hosts``."""
        self._app = app
        own = (socket.gethostname(), urlsplit(settings.http or "").hostname or "")
        self._hosts = {name.lower() for name in own} | set(settings.http_hosts)
        self._origins = frozenset(settings.http_origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        headers = Headers(scope=scope)
        origin = self._allowed_origin(headers)
        app = self._refusal(scope, headers, is_allowed=origin is not None) or self._app
        if origin is not None and app is self._app and _is_preflight(scope, headers):
            asked = headers.get("access-control-request-headers", "*")
            app = Response(status_code=204, headers={**_PREFLIGHT, "Access-Control-Allow-Headers": asked})

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                _add_headers(message, origin)
            await send(message)

        await app(scope, receive, send_safely)

    def _allowed_origin(self, headers: Headers) -> str | None:
        """Return the origin of the page that asks, if it is another one that may; else None."""
        origins = headers.getlist("origin")
        if len(origins) == 1 and not self._origins.isdisjoint({origins[0].lower(), "*"}):
            return origins[0]
        return None

    def _refusal(self, scope: Scope, headers: Headers, *, is_allowed: bool) -> Response | None:
        host = headers.get("host")
        # Every browser speaks HTTP/1.1, which demands the header.
        if host is None and scope["http_version"] != "1.0":
            return _refused("the request has no Host header")
        name = _name_of(host) if host is not None else ""
        if name is None or not (host is None or self._is_reached_as(name)):
            known = f"{name!r} is no name of this server" if name else "the Host header is no name of a host"
            return _refused(f"{known}: use its address, or start it with --http-host {name or 'NAME'}")
        if scope["method"] in _SAFE_METHODS or is_allowed or not _is_cross_site(headers, host):
            return None
        return _refused("another web page asks: start this server with --http-cors ORIGIN to allow that page's")

    def _is_reached_as(self, name: str) -> bool:
        is_local = "." not in name or name.endswith(_LOCAL_SUFFIXES) or _is_address(name)
        return is_local or not self._hosts.isdisjoint({name, "any"})


def _name_of(host: str) -> str | None:
    """Return the host in a Host header, in lower case and without the port; None where there is none."""
    try:
        parts = urlsplit(f"//{host}")
        name = parts.hostname
        is_plain = parts.netloc == host and "@" not in host and (parts.port is None or parts.port >= 0)
    except ValueError:
        return None
    return name.removesuffix(".") or None if name and is_plain else None


def _is_address(name: str) -> bool:
    try:
        ip_address(name.split("%", maxsplit=1)[0])
    except ValueError:
        return False
    return True


def _is_cross_site(headers: Headers, host: str | None) -> bool:
    """Return whether a browser says that a page of another origin asks.

    Where a proxy has changed the Host header, as Home Assistant's does, it says by which name the browser asked it. A
    page of another origin cannot: browsers ask first whether they may send headers that scripts have set.
    """
    if (site := headers.get("sec-fetch-site")) is not None:
        return site not in {"same-origin", "none"}
    own = {_authority(name) for name in (host, headers.get("x-forwarded-host")) if name}
    # Behind a proxy that speaks TLS, the scheme is another one.
    return any(_authority(_netloc_of(origin)) not in own for origin in headers.getlist("origin"))


def _netloc_of(origin: str) -> str:
    """Return host and port of an origin; nothing where it is none, such as ``null``."""
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


def _authority(host: str) -> str:
    """Return host and port as browsers write them: without the port that their scheme implies."""
    return host.lower().removesuffix(":80").removesuffix(":443")


def _is_preflight(scope: Scope, headers: Headers) -> bool:
    return scope["method"] == "OPTIONS" and "access-control-request-method" in headers


def _refused(line: str) -> Response:
    return JSONResponse({"detail": line}, HTTPStatus.FORBIDDEN)


def _add_headers(message: Message, origin: str | None) -> None:
    """Add the headers that every response has, and those of CORS for an origin that may read it."""
    headers = MutableHeaders(scope=message)
    for name, value in _HEADERS.items():
        headers.setdefault(name, value)
    if origin is not None:
        headers["Access-Control-Allow-Origin"] = origin
        headers["Access-Control-Expose-Headers"] = "*"
        headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        headers.add_vary_header("Origin")
