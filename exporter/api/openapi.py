"""The API's description (OpenAPI 3.1), made from the very types that decode requests."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from exporter.api.performance import MAX_HOURS, TRENDS_OF
from exporter.intake.requests import MAX_KEY
from exporter.settings import ALERT_SEVERITIES
from pipeline.domains.catalogue import any_event, event_types
from pipeline.events import ItemFinished

_REF = "#/components/schemas/{name}"
_READ_ERRORS = (401,)
_WRITE_ERRORS = (400, 401, 408, 413, 415, 422, 503)
_MEANING = {
    400: "malformed: with the position",
    401: "the token is missing or wrong",
    403: "not allowed by the settings",
    404: "there is nothing",
    408: "the request took too long to arrive",
    413: "too large",
    415: "a media type or encoding that is not taken here",
    422: "a field that breaks a rule: with index, field, value and expectation",
    502: "Prometheus did not answer",
    503: "behind or failing: come back after Retry-After seconds",
}
_NUMBER_OR_NULL = {"type": ["number", "null"]}


def _time(name: str, text: str = "", *, null: bool = False) -> dict[str, Any]:
    """Return the two fields of a time (`moments.told`)."""
    iso: dict[str, Any] = {"type": ["string", "null"] if null else "string", "format": "date-time"}
    return {
        name: iso | ({"description": text} if text else {}),
        f"{name}_seconds": {**(_NUMBER_OR_NULL if null else {"type": "number"}), "description": "Unix seconds"},
    }


_SOURCE = {
    "source": {"enum": ["process", "prometheus"]},
    "hours": {"type": "integer", "description": "the window that was asked for"},
    "window_hours": {"type": "number", "description": "the window that is answered, window_start to window_end"},
    **_time("window_start", "begin of the window that is answered (source process: of a whole hour)"),
    **_time("window_end"),
    **_time("since", "the first record ever counted (source process)", null=True),
}
_ONLY_OF = {
    "bypass_reason": "lightweight",
    "exit_checkpoint": "early_exit",
    "exit_reason": "early_exit",
    "exit_confidence": "early_exit",
}
_OF_PROCESS = ("since", "since_seconds")  # other sources do not say it
_ALWAYS = tuple(name for name in _SOURCE if name not in _OF_PROCESS)
_SUMMARY = {
    "total_processed": {"type": "integer"},
    "quality_bypassed": {"type": "integer"},
    "early_exits": {"type": "integer"},
    "full_processing": {"type": "integer"},
    "bypass_rate": _NUMBER_OR_NULL,
    "early_exit_rate": _NUMBER_OR_NULL,
    "avg_time_savings": _NUMBER_OR_NULL,
    "total_time_saved_hours": {"type": "number"},
}
_CONTENT_TYPE = {
    "content_type": {"type": "string"},
    "count": {"type": "integer"},
    "bypass_rate": _NUMBER_OR_NULL,
    "avg_quality_score": {**_NUMBER_OR_NULL, "description": "mean overall score of all scored items"},
    "avg_quality_score_full": {**_NUMBER_OR_NULL, "description": "the same of items processed in full"},
    "avg_processing_time": _NUMBER_OR_NULL,
}
_REASON = {"reason": {"type": "string"}, "count": {"type": "integer"}}
_TREND = {
    **_time("timestamp", "start of the hour"),
    "avg_quality_score": _NUMBER_OR_NULL,
    "coherence_score": _NUMBER_OR_NULL,
    "completeness_score": _NUMBER_OR_NULL,
    "informativeness_score": _NUMBER_OR_NULL,
    "items_processed": {"type": "integer"},
}


_ABOUT_TRENDS = {
    "quality_trends_of": {"const": TRENDS_OF, "description": "the items whose scores these are means of"},
    **_time("quality_trends_start", "from when on there are rows"),
}


def _object(properties: Mapping[str, Any], required: tuple[str, ...] | None = None) -> dict[str, Any]:
    return {"type": "object", "properties": dict(properties), "required": list(required or properties)}


def _rows(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": _object(properties)}


_CHECKPOINT = {
    "checkpoint_name": {"type": "string"},
    "exit_count": {"type": "integer"},
    "exit_rate": _NUMBER_OR_NULL,
    "top_exit_reasons": _rows(_REASON),
    "avg_confidence": _NUMBER_OR_NULL,
}
_OVERVIEW = {
    "overall_metrics": _object(_SUMMARY),
    "content_type_breakdown": _rows(_CONTENT_TYPE),
    "checkpoint_analytics": _rows(_CHECKPOINT),
    **_ABOUT_TRENDS,
    "quality_trends": _rows(_TREND),
}
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Makes a repeat harmless: it is answered `duplicate`. Kept for seven days.",
    "schema": {"type": "string", "minLength": 1, "maxLength": MAX_KEY},
}
_HOURS = {
    "name": "hours",
    "in": "query",
    "schema": {"type": "integer", "minimum": 1, "maximum": MAX_HOURS, "default": 24},
}


def document(version: str) -> dict[str, Any]:
    """Return the whole document."""
    kinds = event_types()
    _, schemas = msgspec.json.schema_components([*kinds, any_event()], ref_template=_REF)
    _explain(schemas["ItemFinished"]["properties"])
    schemas["Record"] = _strict(schemas["ItemFinished"], without_type=True)
    schemas |= {kind.__name__: _strict(schemas[kind.__name__]) for kind in kinds}
    schemas["Event"] = {"oneOf": [{"$ref": _REF.format(name=kind.__name__)} for kind in kinds]}
    schemas["Error"] = _object(
        {
            "error": {
                **_object({"code": {"type": "string"}, "message": {"type": "string"}}),
                "additionalProperties": True,
            }
        }
    )
    return {
        "openapi": "3.1.0",
        "info": {"title": "pipemeter exporter", "version": version, "license": {"name": "Apache-2.0"}},
        "paths": _paths(),
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _explain(item: dict[str, Any]) -> None:
    """Say of which records a field is told, where that is not of all: with others it is taken, and counts nowhere."""
    for name, way in _ONLY_OF.items():
        item[name]["description"] = f"counts with processing_type {way} alone; with another it is taken and ignored"


def _strict(schema: dict[str, Any], *, without_type: bool = False) -> dict[str, Any]:
    """Say what the decoder insists on: no further fields, and the `type` where it is needed."""
    properties = {name: value for name, value in schema["properties"].items() if not (without_type and name == "type")}
    required = [name for name in schema.get("required", ()) if name in properties]
    return {**schema, "properties": properties, "required": required, "additionalProperties": False}


def _paths() -> dict[str, Any]:
    api = "/api/performance"
    overview = _get("Everything at once.", {**_SOURCE, **_OVERVIEW}, (*_ALWAYS, *_OVERVIEW))
    return {
        f"{api}/record": {"post": _post("Take one finished item.", _body("Record", lines=False), many=False)},
        f"{api}/record/batch": {"post": _post("Take many finished items.", _body("Record", many=True))},
        "/api/events": {"post": _post("Take any events.", _body("Event", many=True, one=True))},
        "/api/alerts": {"post": _alerts()},
        f"{api}/": {"get": overview},
        f"{api}/metrics/summary": {"get": _get("The totals.", {**_SOURCE, **_SUMMARY}, (*_ALWAYS, *_SUMMARY))},
        f"{api}/content-types": {"get": _get("By content type.", {**_SOURCE, "content_types": _rows(_CONTENT_TYPE)})},
        f"{api}/checkpoints": {"get": _get("By checkpoint.", {**_SOURCE, "checkpoints": _rows(_CHECKPOINT)})},
        f"{api}/quality-trends": {
            "get": _get("By the hour.", {**_SOURCE, **_ABOUT_TRENDS, "quality_trends": _rows(_TREND)})
        },
        f"{api}/reset": {"delete": _reset()},
        "/metrics": {"get": _text("Metrics, as text (classic or OpenMetrics).")},
        "/health": {"get": _status("Whether the last scrape and the journal are well.")},
        "/ready": {"get": _status("Whether requests can be taken.")},
    }


def _answer(schema: Mapping[str, Any], text: str = "done") -> dict[str, Any]:
    return {"description": text, "content": {"application/json": {"schema": dict(schema)}}}


def _errors(codes: tuple[int, ...]) -> dict[str, Any]:
    return {str(code): _answer({"$ref": _REF.format(name="Error")}, _MEANING[code]) for code in codes}


def _operation(summary: str, responses: dict[str, Any], **more: Any) -> dict[str, Any]:
    name = re.sub(r"[^a-z]+", "_", summary.lower()).strip("_")
    return {"summary": summary, "operationId": name, "security": [{"token": []}, {}], "responses": responses, **more}


def _body(name: str, *, many: bool = False, one: bool = False, lines: bool = True) -> dict[str, Any]:
    single = {"$ref": _REF.format(name=name)}
    several = {"type": "array", "items": single, "maxItems": 100_000}
    schema = {"oneOf": [single, several]} if one else several if many else single
    content: dict[str, Any] = {"application/json": {"schema": schema}}
    if lines:
        content["application/x-ndjson"] = {"schema": {"type": "string", "description": "one JSON object per line"}}
    return {"required": many, "content": content}


def _post(summary: str, body: dict[str, Any], *, many: bool = True) -> dict[str, Any]:
    properties = {"status": {"enum": ["recorded", "duplicate"]}, "count": {"type": "integer"}}
    answer = _answer(_object(properties, ("status",)))
    query = [] if many else _record_parameters()
    responses = {"200": answer, **_errors(_WRITE_ERRORS)}
    return _operation(summary, responses, requestBody=body, parameters=[_KEY, *query])


def _record_parameters() -> list[dict[str, Any]]:
    properties = msgspec.json.schema(ItemFinished)["$defs"]["ItemFinished"]["properties"]
    named = {name: schema for name, schema in properties.items() if name != "type"}
    text = "Instead of a body."
    return [{"name": name, "in": "query", "description": text, "schema": s} for name, s in named.items()]


def _get(summary: str, properties: Mapping[str, Any], required: tuple[str, ...] | None = None) -> dict[str, Any]:
    needed = required or tuple(name for name in properties if name not in _OF_PROCESS)
    responses = {"200": _answer(_object(properties, needed)), **_errors((*_READ_ERRORS, 422, 502))}
    return _operation(summary, responses, parameters=[_HOURS])


def _alerts() -> dict[str, Any]:
    alert = _object({"status": {"type": "string"}, "labels": _texts(), "annotations": _texts()}, ("status", "labels"))
    body = _object({"alerts": {"type": "array", "items": alert}})
    counts = {"count": {"type": "integer"}, "held_back": {"type": "integer"}}
    answer = _answer(_object({"status": {"const": "logged"}, **counts}, ("status", "count")))
    number, severity = {"type": "integer", "minimum": 1, "maximum": 999_999_999}, {"enum": list(ALERT_SEVERITIES)}
    limits = {"per_hour": number, "per_model_per_hour": number, "minimum_severity": severity}
    return _operation(
        "Write a notification of Alertmanager to the log.",
        {"200": answer, **_errors(_WRITE_ERRORS)},
        parameters=[{"name": name, "in": "query", "schema": schema} for name, schema in limits.items()],
        requestBody={"required": True, "content": {"application/json": {"schema": body}}},
    )


def _texts() -> dict[str, Any]:
    return {"type": "object", "additionalProperties": {"type": "string"}}


def _reset() -> dict[str, Any]:
    answer = _answer(_object({"status": {"const": "reset"}}))
    return _operation("Start again from zero, for tests.", {"200": answer, **_errors((401, 403, 503))})


def _text(summary: str) -> dict[str, Any]:
    kinds = ("text/plain", "application/openmetrics-text")
    answer = {"description": "done", "content": {kind: {"schema": {"type": "string"}} for kind in kinds}}
    return _operation(summary, {"200": answer, **_errors(_READ_ERRORS)})


def _status(summary: str) -> dict[str, Any]:
    answer = _answer(_object({"status": {"type": "string"}}))
    return _operation(summary, {"200": answer, "503": answer})
