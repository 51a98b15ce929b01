"""The app: the table of routes on FastAPI, with the middleware around it.

Knows: how the pieces of this room fit together. Never does: make what they need; `WebDependencies` brings it.
Standards: OpenAPI 3.1, ASGI 3. Start reading: `create_app`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import uuid4

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.requests import Request
from starlette.responses import Response

from gateway.errors import GatewayError
from gateway.intake.create import offers
from gateway.web.catalogue.xzufi import ROUTES as CATALOGUE
from gateway.web.dependencies import WebDependencies
from gateway.web.http.asgi import RequestMiddleware
from gateway.web.http.metrics import Metrics
from gateway.web.http.problems import HANDLERS
from gateway.web.http.route import Route
from gateway.web.http.served import Served
from gateway.web.http.wire import TusWire
from gateway.web.login.figures import LoginCollector
from gateway.web.login.routes import routes as login_routes
from gateway.web.portal.caller import for_clients
from gateway.web.portal.description import openapi
from gateway.web.portal.description.shapes import EXAMPLE_UPLOAD
from gateway.web.portal.routes import UNDESCRIBED, all_routes
from gateway.web.status.routes import routes as status_routes


def create_app(dependencies: WebDependencies) -> FastAPI:
    """The whole HTTP service as an ASGI app; it holds no resources of its own and needs no lifespan events."""
    app = FastAPI(
        title=openapi.TITLE,
        version=dependencies.version,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        exception_handlers={**HANDLERS},
    )
    app.state.dependencies = dependencies
    app.state.metrics = Metrics(LoginCollector(dependencies.login.figures) if dependencies.login else None)
    app.state.streams = Counter()
    routes = all_routes(callbacks=dependencies.callback_secrets is not None)
    for route in routes:
        app.router.routes.append(Served(route.path, _handler(route), (route.method,)))
    open_to_all = (*UNDESCRIBED, *CATALOGUE)
    for path, handler in open_to_all:
        app.router.routes.append(Served(path, handler, ("GET",)))
    for path, read in (*((route.path, route.handler) for route in routes if route.for_anybody), *open_to_all):
        app.router.routes.append(Served(path, read, ("HEAD",)))
    for path, methods, asked in (*login_routes(dependencies.login), *status_routes(dependencies.status)):
        app.router.routes.append(Served(path, asked, methods))
    app.add_middleware(TusWire)
    app.add_middleware(RequestMiddleware, metrics=app.state.metrics, new_id=lambda: uuid4().hex)
    app.openapi = lambda: _document(app, dependencies, routes)  # type: ignore[method-assign]
    return app


def example_body(dependencies: WebDependencies) -> dict[str, Any]:
    """A body that create takes: the example of the first service that the first municipality offers."""
    for town in dependencies.municipalities:
        for service_id, service in dependencies.services.items():
            if offers(town, service_id):
                try:
                    body: dict[str, Any] = service.example(town.ars)
                except GatewayError:
                    continue
                for attachment in body.get("attachments", ()):
                    attachment["upload"] = EXAMPLE_UPLOAD
                return body
    return {"service": "hausnummer", "municipality": "150900546546", "record": {}}


def _handler(route: Route) -> Callable[[Request], Awaitable[Response]]:
    return for_clients(route.handler) if route.scope else route.handler


def _document(app: FastAPI, dependencies: WebDependencies, routes: Sequence[Route]) -> dict[str, Any]:
    """What OpenAPI says of the routes, made when somebody first asks: no request is answered by it."""
    if app.openapi_schema is None:
        examples = {**openapi.EXAMPLES, "NewSubmission": example_body(dependencies)}
        described = APIRouter()
        for route in routes:
            described.add_api_route(
                route.path,
                _handler(route),
                methods=[route.method],
                response_class=Response,
                response_model=None,
                **route.described(examples),
            )
        document = get_openapi(
            title=openapi.TITLE,
            version=dependencies.version,
            openapi_version="3.1.0",
            description=openapi.DESCRIPTION,
            routes=described.routes,
        )
        app.openapi_schema = openapi.complete(document, examples=examples)
    return app.openapi_schema
