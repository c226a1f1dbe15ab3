"""Failures as HTTP responses: a status, and one line that says what is wrong and what to do."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import NamedTuple

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from wyoming_hayakoe.errors import Code, HayakoeError, RequestError, UsageError
from wyoming_hayakoe.server.context import Context
from wyoming_hayakoe.server.http.services import context_of

_LOGGER = logging.getLogger(__name__)

_STATUS: Mapping[Code, HTTPStatus] = {
    "bad-event": HTTPStatus.BAD_REQUEST,
    "busy": HTTPStatus.SERVICE_UNAVAILABLE,
    "synthesis-failed": HTTPStatus.INTERNAL_SERVER_ERROR,
    "text-too-long": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "timeout": HTTPStatus.REQUEST_TIMEOUT,
    "too-many-clients": HTTPStatus.SERVICE_UNAVAILABLE,
    "unknown-style": HTTPStatus.NOT_FOUND,
    "unknown-voice": HTTPStatus.NOT_FOUND,
    "voice-not-ready": HTTPStatus.SERVICE_UNAVAILABLE,
}

# Seconds after which a client may try again.
_RETRY_AFTER = {"Retry-After": "1"}


class Failure(NamedTuple):
    """What a client is answered for an error."""

    status: int
    line: str
    headers: Mapping[str, str]


def failure_of(error: Exception) -> Failure:
    """Return the answer for ``error``; what is no error for users is described by the log alone."""
    match error:
        case HTTPException():
            return Failure(error.status_code, error.detail, error.headers or {})
        case RequestError():
            return Failure(_STATUS[error.code], error.text, _RETRY_AFTER if error.code == "busy" else {})
        case UsageError():
            return Failure(HTTPStatus.BAD_REQUEST, str(error), {})
        case HayakoeError():
            return Failure(HTTPStatus.INTERNAL_SERVER_ERROR, str(error), {})
    return Failure(HTTPStatus.INTERNAL_SERVER_ERROR, "internal error: the server's log says why", {})


def note_failure(context: Context, request: Request, error: Exception) -> None:
    """Log and count ``error`` as it is done for Wyoming, without anything that the client has sent."""
    peer = request.client
    where = f"{peer.host}:{peer.port}" if peer else "http"
    if isinstance(error, RequestError):
        level = logging.DEBUG if error.code == "busy" else logging.WARNING
        _LOGGER.log(level, "%s: %s: %s", where, error.code, error.text)
        if context.metrics:
            context.metrics.count_error(error.code)
    elif isinstance(error, HayakoeError | HTTPException):
        _LOGGER.debug("%s: status %d", where, failure_of(error).status)
    else:
        _LOGGER.error("%s: internal error", where, exc_info=error)


def json_failure(request: Request, error: Exception) -> Response:
    """Return ``{"detail": LINE}`` for ``error``, after logging and counting it: an exception handler of Starlette."""
    note_failure(context_of(request.app), request, error)
    status, line, headers = failure_of(error)
    return JSONResponse({"detail": line.encode("utf-8", "replace").decode("utf-8")}, status, headers)


def no_answer(_request: Request, _error: Exception) -> Response:
    """Return a response that nobody reads: the client has left."""
    return Response(status_code=499)
