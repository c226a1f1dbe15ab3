"""The ASGI application: every route of the HTTP server, and its errors."""

from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from wyoming_hayakoe.errors import HayakoeError
from wyoming_hayakoe.server.http import health_pages, openai, page_api, page_files
from wyoming_hayakoe.server.http.caller import Callers
from wyoming_hayakoe.server.http.failures import json_failure, no_answer
from wyoming_hayakoe.server.http.guard import Guard
from wyoming_hayakoe.server.http.services import Services
from wyoming_hayakoe.server.http.voicevox import routes as voicevox

# Each has routes(services).
_ROUTERS = (health_pages, page_files, page_api, voicevox, openai)


def application(services: Services) -> ASGIApp:
    """Return the application for clients: programs that speak VOICEVOX's or OpenAI's HTTP, and the page."""
    app = _application(services, [route for router in _ROUTERS for route in router.routes(services)])
    return Guard(Callers(app, services.context), services.context.settings)


def monitoring(services: Services) -> ASGIApp:
    """Return the application for monitors alone, which call this machine by any name."""
    return Callers(_application(services, health_pages.routes(services)), services.context)


def _application(services: Services, routes: Sequence[BaseRoute]) -> ASGIApp:
    app = Starlette(
        routes=routes,
        exception_handlers={
            HTTPException: json_failure,
            HayakoeError: json_failure,
            ConnectionError: no_answer,
            Exception: json_failure,
        },
    )
    app.router.redirect_slashes = False
    app.state.services = services
    return app
