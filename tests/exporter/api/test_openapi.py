from __future__ import annotations

from starlette.routing import Route

from exporter.api.openapi import document
from tests.exporter.conftest import Running


def test_the_document_describes_every_route(running: Running) -> None:
    described = running.client.get("/openapi.json").json()
    assert described == document(described["info"]["version"])
    served = {route.path for route in running.server.app.routes if isinstance(route, Route)}
    assert set(described["paths"]) <= served
    undescribed = served - set(described["paths"]) - {"/api/performance", "/openapi.json"}
    assert not {path for path in undescribed if path.startswith("/api/")}
