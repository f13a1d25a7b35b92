"""Thousands of requests that nobody would write: never a 5xx, never more series than the contract allows."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from prometheus_client.parser import text_string_to_metric_families
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from exporter.api.openapi import document
from exporter.app import create_app
from exporter.server.running import BackgroundServer
from exporter.settings import ExporterSettings
from pipeline.configuration.config import Config
from pipeline.domains import catalogue
from pipeline.events import EVENT_TYPES

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "60"))  # for each operation; more by hand
CAPS = {"content_type": 7, "config_version": 4, "checkpoint": 6, "reason": 5, "pipeline_stage": 12, "error_type": 16,
        "feature": 6, "threshold": 4, "config_hash": 4}  # fmt: skip
QUIET = settings(max_examples=EXAMPLES * 4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def server() -> Iterator[BackgroundServer]:
    app_settings = ExporterSettings(allow_reset=True, max_pushed_series=200)  # no journal: this is about inputs
    app = create_app(settings=app_settings, config=Config(label_caps=CAPS), write_line=lambda line: None)
    with BackgroundServer(app, "127.0.0.1", 0) as running:
        yield running


@pytest.fixture(scope="module")
def client(server: BackgroundServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=30) as made:
        yield made


@pytest.fixture(scope="module")
def api(server: BackgroundServer) -> Any:
    return schemathesis.openapi.from_url(f"{server.url}/openapi.json")


OPERATIONS = [(path, method) for path, item in document("test")["paths"].items() for method in item]


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_every_answer_is_as_the_document_says(api: Any, path: str, method: str, mode: GenerationMode) -> None:
    checks = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
    if path == "/api/events":
        checks.append(negative_data_rejection)  # what the document forbids is refused

    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=api[path][method.upper()].as_strategy(generation_mode=mode))
    def check(case: Any) -> None:
        case.call_and_validate(checks=checks)

    try:
        check()
    except Unsatisfiable:
        pytest.skip("nothing can be wrong with a request that has no parameters")


TEXTS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["news", "other", "unspecified", "\x00", "a\nb", '"', "\\", "x" * 5000, "\u202e", "é", " padded "]),
)
NUMBERS = st.one_of(st.floats(), st.integers(-(10**20), 10**20), st.booleans(), st.none())
VALUES = st.one_of(TEXTS, NUMBERS, st.lists(NUMBERS, max_size=2), st.dictionaries(TEXTS, NUMBERS, max_size=3))
FIELDS = sorted({name for kind in EVENT_TYPES for name in kind.__struct_fields__} | {"type", "nonsense"})
TYPES = [str(kind.__struct_config__.tag) for kind in EVENT_TYPES]
RATIO = st.floats(0, 1, exclude_max=True)


def plausible(kind: Any) -> st.SearchStrategy[dict[str, Any]]:
    """An event that is mostly right, with label values that are not."""
    names = {"processing_type": st.sampled_from(["full", "lightweight", "early_exit"]), "llm_calls": st.integers(0, 9),
             "bypass_reason": st.sampled_from([None, "low_quality"]), "thresholds": st.dictionaries(TEXTS, RATIO, max_size=3),
             "features": st.dictionaries(TEXTS, st.booleans(), max_size=3)}  # fmt: skip
    numeric = ("quality_score", "processing_time", "exit_confidence", "time_saved_pct", "coherence", "completeness",
               "informativeness", "duration_seconds", "candidate_confidence", "margin", "cost_usd")  # fmt: skip
    fields = {name: names.get(name, RATIO if name in numeric else TEXTS) for name in kind.__struct_fields__}
    return st.fixed_dictionaries({"type": st.just(str(kind.__struct_config__.tag)), **fields})


EVENTS = st.one_of(
    *(plausible(kind) for kind in EVENT_TYPES),
    st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=8),
    st.builds(lambda kind, rest: {"type": kind, **rest}, st.sampled_from(TYPES), st.dictionaries(st.sampled_from(FIELDS), VALUES)),
)  # fmt: skip
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "Content-Type": st.sampled_from(["application/json", "application/x-ndjson", "text/plain", "application/json;x", ""]),
        "Content-Encoding": st.sampled_from(["gzip", "zstd", "identity", "br", ""]),
        "Idempotency-Key": st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=200),
        "Authorization": st.sampled_from(["Basic x", "Bearer", "Basic Og=="]),
        "Accept": st.sampled_from(["*/*;q=x", "application/openmetrics-text;version=99", ";", "text/plain;version"]),
    },
)  # fmt: skip


def allowed(response: httpx.Response) -> None:
    assert response.status_code < 500, response.text
    if response.status_code >= 400:
        assert response.json()["error"]["message"]


@QUIET
@given(event=EVENTS, many=st.booleans(), headers=HEADERS)
def test_no_event_whatever_its_content_is_answered_with_a_server_error(
    client: httpx.Client, event: Any, many: bool, headers: dict[str, str]
) -> None:
    body = json.dumps([event, event] if many else event)
    for path in ("/api/events", "/api/performance/record", "/api/performance/record/batch"):
        allowed(client.post(path, content=body, headers=headers))
        allowed(client.post(path, content=body, headers={"Content-Type": "application/json"}))


@QUIET
@given(body=st.binary(max_size=300), headers=HEADERS, path=st.sampled_from(
    ["/api/events", "/api/performance/record", "/api/performance/record/batch", "/api/alerts", "/metrics/job/a",
     "/metrics/job@base64/YQ", "/metrics/job/a/b"]), method=st.sampled_from(["POST", "PUT", "DELETE", "GET"]))  # fmt: skip
def test_no_bytes_whatever_are_answered_with_a_server_error(
    client: httpx.Client, body: bytes, headers: dict[str, str], path: str, method: str
) -> None:
    allowed(client.request(method, path, content=body, headers=headers))
    proto = {"Content-Type": "application/vnd.google.protobuf"}
    allowed(client.put("/metrics/job/a", content=body, headers=proto))


@QUIET
@given(query=st.dictionaries(st.sampled_from([*FIELDS, "hours", "name[]"]), st.text(max_size=20), max_size=5))
def test_no_query_whatever_is_answered_with_a_server_error(client: httpx.Client, query: dict[str, str]) -> None:
    allowed(client.post("/api/performance/record", params=query))
    allowed(client.get("/api/performance/", params=query))
    allowed(client.get("/metrics", params=query))


NAMES = st.text("abcd_:1", min_size=1, max_size=6)


@QUIET
@given(
    rows=st.lists(st.tuples(NAMES, st.dictionaries(NAMES, TEXTS, max_size=2), st.floats()), max_size=8),
    kind=st.sampled_from(["gauge", "counter", "histogram", "summary", "untyped", "nonsense"]),
    job=st.text(max_size=6),
    method=st.sampled_from(["PUT", "POST", "DELETE"]),
)
def test_pushes_whatever_they_hold_keep_the_exposition_valid(
    client: httpx.Client, rows: list[Any], kind: str, job: str, method: str
) -> None:
    from prometheus_client.openmetrics.exposition import ALLOWUTF8, _escape

    lines = []
    for name, labels, value in rows:
        pairs = ",".join(f'{k}="{_escape(v, ALLOWUTF8, lambda *_: True)}"' for k, v in labels.items())
        lines += [f"# TYPE {name} {kind}", f"{name}{{{pairs}}} {value}"]
    allowed(client.request(method, f"/metrics/job/{quote(job, safe='')}", content="\n".join([*lines, ""]).encode()))


def test_afterwards_no_label_has_more_values_than_its_cap(client: httpx.Client) -> None:
    """Runs last in this file: all of the above has been taken in by now."""
    for event in range(200):
        fields = {"type": "item_finished", "processing_type": "early_exit", "content_type": f"c{event}",
                  "config_version": f"v{event}", "exit_checkpoint": f"p{event}", "exit_reason": f"r{event}"}  # fmt: skip
        client.post("/api/events", json=fields).raise_for_status()
    response = client.get("/metrics")
    response.content.decode("utf-8")
    values: dict[tuple[str, str], set[str]] = defaultdict(set)
    pushed = 0
    for family in text_string_to_metric_families(response.text):
        for sample in family.samples:
            if not sample.name.startswith(("pipeline_", "exporter_")):
                pushed += 1
                continue
            for label, value in sample.labels.items():
                values[sample.name, label].add(value)
                assert value.isprintable()
                assert len(value) <= 128
    assert pushed <= 200
    by_name = {family.name: family for family in catalogue.FAMILIES}
    checked = 0
    for (name, label), found in values.items():
        declaration = by_name.get(name)
        if declaration is not None:
            declared = catalogue.label_of(declaration, label, Config().known_values(), CAPS)
            assert len(found - {"other", "unspecified"}) <= max(declared.cap, len(declared.values)), (name, label)
            checked += 1
    assert checked > 20
    overflow = [line for line in response.text.splitlines() if line.startswith("exporter_label_overflow_total")]
    assert sum(float(line.rsplit(" ", 1)[1]) for line in overflow) > 200
