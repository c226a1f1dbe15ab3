"""Pages for monitors and load balancers: /metrics, /healthz, /readyz."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from wyoming_hayakoe.server.http.services import Services
from wyoming_hayakoe.server.metrics import CONTENT_TYPE, Metrics


def routes(services: Services) -> list[BaseRoute]:
    """Return the three pages: the metrics, whether the process answers, whether it is ready for clients."""

    async def show_health(_: Request) -> Response:
        return _plain(HTTPStatus.OK)

    async def show_readiness(_: Request) -> Response:
        return _plain(HTTPStatus.OK if services.is_ready() else HTTPStatus.SERVICE_UNAVAILABLE)

    pages: list[BaseRoute] = [Route("/healthz", show_health), Route("/readyz", show_readiness)]
    if metrics := services.context.metrics:
        pages.append(_metrics_page(metrics))
    return pages


def _metrics_page(metrics: Metrics) -> Route:
    async def show_metrics(_: Request) -> Response:
        return _page(HTTPStatus.OK, await metrics.page(), CONTENT_TYPE)

    return Route("/metrics", show_metrics)


def _plain(status: HTTPStatus) -> Response:
    return _page(status, f"{status.phrase.lower()}\n".encode(), "text/plain; charset=utf-8")


def _page(status: HTTPStatus, body: bytes, content_type: str) -> Response:
    return Response(body, status, headers={"Content-Type": content_type, "Cache-Control": "no-store"})
