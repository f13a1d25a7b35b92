from __future__ import annotations

import pytest
from starlette.routing import Route

from exporter.api.openapi import document
from tests.exporter.conftest import Running, total


def test_the_document_describes_every_route(running: Running) -> None:
    described = running.client.get("/openapi.json").json()
    assert described == document(described["info"]["version"])
    served = {route.path for route in running.server.app.routes if isinstance(route, Route)}
    assert set(described["paths"]) <= served
    undescribed = served - set(described["paths"]) - {"/api/performance", "/openapi.json"}
    assert not {path for path in undescribed if path.startswith("/api/")}


@pytest.mark.parametrize("path", ["", "metrics/summary", "content-types", "checkpoints", "quality-trends"])
def test_an_answer_holds_the_fields_that_the_document_says(running: Running, path: str) -> None:
    running.record(processing_type="full", content_type="news", quality_score=0.5).raise_for_status()
    running.record(processing_type="early_exit", exit_checkpoint="post_download").raise_for_status()
    paths = running.client.get("/openapi.json").json()["paths"]
    said = paths[f"/api/performance/{path}"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    answer = running.client.get(f"/api/performance/{path}").json()
    assert answer.keys() == said["properties"].keys()
    assert answer.keys() - {"since", "since_seconds"} == set(said["required"])
    for name, value in answer.items():
        for row in value if isinstance(value, list) else ():
            assert row.keys() == said["properties"][name]["items"]["properties"].keys()


def test_a_field_that_counts_with_one_way_alone_says_so(running: Running) -> None:
    record = running.client.get("/openapi.json").json()["components"]["schemas"]["Record"]["properties"]
    assert "lightweight alone" in record["bypass_reason"]["description"]
    running.record(processing_type="full", bypass_reason="low_quality").raise_for_status()
    assert total(running.text(), "pipeline_bypasses_total") == 0
