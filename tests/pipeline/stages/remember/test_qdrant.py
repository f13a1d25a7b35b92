from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from pipeline.errors import StageError
from pipeline.settings import MemorySettings, Secret
from pipeline.stages.remember import Memory, QdrantIndex, RememberedItem, open_qdrant
from tests.servers import Answer, LocalServer

KEY = "qdrant-key-5d1"


class QdrantServer(LocalServer):
    """Speaks the part of Qdrant's REST protocol that is used, keeps the points, and is as strict as Qdrant is."""

    protocol = "HTTP/1.1"

    def __init__(self) -> None:
        self.collections: dict[str, dict[str, Any]] = {}
        self.points: dict[str, dict[str, Any]] = {}
        self.failures: list[tuple[int, dict[str, str]]] = []
        self.paths: list[str] = []
        super().__init__()

    def answer(self, request: BaseHTTPRequestHandler, body: Any) -> Answer:
        self.paths.append(f"{request.command} {request.path}")
        status, headers, result = self._result(request.path, request.headers["api-key"], body)
        said = {"result": result, "status": "ok" if status == 200 else {"error": "no"}, "time": 0.001}
        return status, {"Content-Type": "application/json", **headers}, said

    def _result(self, path: str, key: str | None, body: Any) -> Answer:
        if key != KEY:
            return 401, {}, None
        if self.failures:
            status, headers = self.failures.pop(0)
            return status, headers, None
        match = re.fullmatch(r"/collections/(\w+)(/exists|/points\?wait=true|/points/query\?timeout=10)?", path)
        assert match, path
        name, rest = match.groups()
        if rest == "/exists":
            return 200, {}, {"exists": name in self.collections}
        if rest is None:
            if name in self.collections:
                return 409, {}, None
            self.collections[name] = body["vectors"]
            return 200, {}, True
        if name not in self.collections:
            return 404, {}, None
        vector = body["query"]["nearest"] if "query" in body else body["points"][0]["vector"]
        if len(vector) != self.collections[name]["size"]:
            return 400, {}, None
        return 200, {}, self._query(body) if "query" in body else self._upsert(body)

    def _upsert(self, body: Any) -> Any:
        for point in body["points"]:
            UUID(point["id"])
            self.points[point["id"]] = point
        return {"operation_id": 1, "status": "completed"}

    def _query(self, body: Any) -> Any:
        wanted = np.array(body["query"]["nearest"])
        nearest = sorted(self.points.items(), key=lambda entry: -float(np.dot(entry[1]["vector"], wanted)))
        return {
            "points": [
                {
                    "id": id_,
                    "version": 1,
                    "payload": point["payload"] if body["with_payload"] else None,
                    "score": float(np.dot(point["vector"], wanted)),
                }
                for id_, point in nearest[: body["limit"]]
            ]
        }


@pytest.fixture
def server() -> Iterator[QdrantServer]:
    qdrant = QdrantServer()
    yield qdrant
    qdrant.close()


def opened(server: QdrantServer, key: str = KEY) -> QdrantIndex:
    settings = MemorySettings(qdrant_url=server.origin, qdrant_api_key=Secret(key), qdrant_collection="items")
    index = open_qdrant(settings, first_backoff_seconds=0.001)
    assert index is not None
    return index


@pytest.fixture
def memory(tmp_path: Path, server: QdrantServer) -> Iterator[Memory]:
    with Memory(tmp_path / "memory.sqlite", opened(server)) as memory:
        yield memory


def item(name: str, *embedding: float) -> RememberedItem:
    return RememberedItem(
        name, f"/{name}", "text", "summary", title=name.title(), content_type="news", embedding=embedding
    )


def refusal(memory: Memory) -> StageError:
    with pytest.raises(StageError) as raised:
        memory.remember(item("a", 1.0, 0.0))
    return raised.value


def test_no_address_no_index() -> None:
    assert open_qdrant(MemorySettings()) is None


def test_the_collection_is_made_with_the_size_of_the_vectors(memory: Memory, server: QdrantServer) -> None:
    memory.remember(item("a", 3.0, 4.0))
    memory.remember(item("b", 1.0, 0.0))
    assert server.collections == {"items": {"size": 2, "distance": "Cosine"}}
    assert server.paths.count("PUT /collections/items") == 1


def test_a_point_has_the_unit_vector_and_what_a_hit_needs(memory: Memory, server: QdrantServer) -> None:
    memory.remember(item("a", 3.0, 4.0))
    (point,) = server.points.values()
    assert point["vector"] == pytest.approx([0.6, 0.8])
    assert point["payload"] == {
        "content_hash": "a", "title": "A", "source": "/a", "content_type": "news", "summary": "summary",
    }  # fmt: skip


def test_remembering_again_replaces_the_same_point(memory: Memory, server: QdrantServer) -> None:
    memory.remember(item("a", 1.0, 0.0))
    memory.remember(item("a", 0.0, 1.0))
    assert [point["vector"] for point in server.points.values()] == [[0.0, 1.0]]


def test_the_nearest_are_asked_of_qdrant(memory: Memory, tmp_path: Path, server: QdrantServer) -> None:
    memory.remember(item("a", 1.0, 0.0))
    with Memory(tmp_path / "other.sqlite", opened(server)) as other:
        other.remember(item("b", 1.0, 1.0))
    hits = memory.nearest((1.0, 0.0), 2)
    assert [(hit.content_hash, hit.title, hit.source, round(hit.score, 3)) for hit in hits] == [
        ("a", "A", "/a", 1.0), ("b", "B", "/b", 0.707),
    ]  # fmt: skip


def test_without_a_collection_nothing_is_near(memory: Memory) -> None:
    assert memory.nearest((1.0, 0.0)) == []


def test_an_item_without_a_vector_does_not_go_there(memory: Memory, server: QdrantServer) -> None:
    memory.remember(item("a"))
    assert server.paths == []


@pytest.mark.parametrize(("status", "headers"), [(500, {}), (503, {}), (429, {"Retry-After": "0"})])
def test_a_passing_fault_is_tried_again(
    memory: Memory, server: QdrantServer, status: int, headers: dict[str, str]
) -> None:
    server.failures = [(status, headers)] * 2
    memory.remember(item("a", 1.0, 0.0))
    assert len(server.points) == 1


def test_a_collection_that_somebody_else_makes_first_is_used(memory: Memory, server: QdrantServer) -> None:
    made = server.answer

    def slow(request: BaseHTTPRequestHandler, body: Any) -> Answer:
        if request.command == "PUT" and request.path == "/collections/items":
            server.collections["items"] = {"size": 2, "distance": "Cosine"}
        return made(request, body)

    server.answer = slow  # type: ignore[method-assign]
    memory.remember(item("a", 1.0, 0.0))
    assert len(server.points) == 1


@pytest.mark.parametrize(
    ("status", "headers", "kind"),
    [
        (403, {}, "auth"),
        (404, {}, "not_found"),
        (500, {}, "http_status"),
        (429, {"Retry-After": "120"}, "rate_limited"),
    ],
)
def test_every_fault_has_its_kind_and_the_file_is_written_all_the_same(
    memory: Memory, server: QdrantServer, status: int, headers: dict[str, str], kind: str
) -> None:
    server.failures = [(status, headers)] * 9
    assert refusal(memory).error_type == kind
    assert len(memory.search("text")) == 1


def test_vectors_of_another_size_are_explained(memory: Memory, server: QdrantServer) -> None:
    server.collections["items"] = {"size": 7, "distance": "Cosine"}
    assert "memory.qdrant_collection" in str(refusal(memory))


def test_a_wrong_key_is_an_auth_error_that_does_not_show_it(tmp_path: Path, server: QdrantServer) -> None:
    with Memory(tmp_path / "memory.sqlite", opened(server, "wrong-key-77")) as memory:
        error = refusal(memory)
    assert error.error_type == "auth"
    assert "wrong-key-77" not in str(error)


def test_a_server_that_is_gone_is_a_network_error(tmp_path: Path) -> None:
    gone = QdrantServer()
    gone.close()
    with Memory(tmp_path / "memory.sqlite", opened(gone)) as memory:
        assert refusal(memory).error_type == "network"


def test_the_check_names_server_and_collection(memory: Memory, server: QdrantServer) -> None:
    assert "collection items not made yet" in memory.check()
    memory.remember(item("a", 1.0, 0.0))
    assert "1 items, 1 vectors" in memory.check()
    assert "collection items found" in memory.check()


def test_a_missing_client_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "qdrant_client", None)
    with pytest.raises(StageError, match=re.escape("pip install 'pipemeter[qdrant]'")) as raised:
        open_qdrant(MemorySettings(qdrant_url="http://127.0.0.1:6333"))
    assert raised.value.error_type == "unsupported"


@pytest.mark.parametrize("url", ["qdrant:6333", "ftp://host", "http://", "http://[::1", "http://host:port"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(StageError) as raised:
        open_qdrant(MemorySettings(qdrant_url=url))
    assert raised.value.error_type == "unsupported"
