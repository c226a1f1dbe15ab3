"""What the routes of the HTTP server share."""

from collections.abc import Callable
from dataclasses import dataclass

from starlette.applications import Starlette

from wyoming_hayakoe.server.context import Context
from wyoming_hayakoe.server.voice_updater import VoiceUpdater


@dataclass(frozen=True, slots=True)
class Services:
    """The parts of the server that answer HTTP requests."""

    context: Context
    """Settings, voices, lanes and metrics."""

    updater: VoiceUpdater | None = None
    """Owner of the voices that are configured; None where they never change."""

    is_ready: Callable[[], bool] = lambda: True
    """Whether new clients can be served."""


def context_of(app: Starlette) -> Context:
    """Return the context of the server that runs ``app``, for what has no services of its own."""
    services: Services = app.state.services
    return services.context
