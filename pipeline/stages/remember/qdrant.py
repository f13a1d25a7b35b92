"""Vectors in a Qdrant server as well, for those who share one: what is stored, what is asked, what can go wrong."""

from __future__ import annotations

import uuid
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from pipeline.errors import ErrorType, StageError
from pipeline.retrying import LONGEST_WAIT_SECONDS, AttemptError, tried
from pipeline.settings import MemorySettings
from pipeline.stages.remember.values import Hit, RememberedItem
from pipeline.stages.remember.vectors import Vector

if TYPE_CHECKING:
    from qdrant_client import QdrantClient

TIMEOUT_SECONDS = 10
ATTEMPTS = 3
_NAMESPACE = uuid.UUID("6f1c1d5e-5a0b-5d0c-9d6e-2b7d6a3e7c11")  # of our point ids; must never change
_KINDS: dict[int, ErrorType] = {401: "auth", 403: "auth", 404: "not_found", 429: "rate_limited"}
_Answer = TypeVar("_Answer")


def point_id(content_hash: str) -> str:
    """Return the id of an item's point: always the same for the same content."""
    return str(uuid.uuid5(_NAMESPACE, content_hash))


def open_qdrant(settings: MemorySettings, *, first_backoff_seconds: float = 0.5) -> QdrantIndex | None:
    """Return the configured index, or None without `qdrant_url`. Nothing is sent yet.

    Raises StageError("unsupported") when the optional library is missing or the address is none.
    """
    if not settings.qdrant_url:
        return None
    host = _host(settings.qdrant_url)
    try:
        from qdrant_client import QdrantClient
    except ImportError:
        raise StageError(
            "unsupported", "memory.qdrant_url is set, but its client is not installed: pip install 'pipemeter[qdrant]'"
        ) from None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "insecure connection": whoever sets an http address knows
        client = QdrantClient(
            url=settings.qdrant_url,
            api_key=settings.qdrant_api_key.reveal(),
            timeout=TIMEOUT_SECONDS,
            check_compatibility=False,  # would ask the server before it is needed
        )
    return QdrantIndex(client, settings.qdrant_collection, host, first_backoff_seconds=first_backoff_seconds)


class QdrantIndex:
    """One collection. May be used from several threads; close it."""

    def __init__(self, client: QdrantClient, collection: str, host: str, *, first_backoff_seconds: float) -> None:
        self._client = client
        self._collection = collection
        self._host = host
        self._first_backoff = first_backoff_seconds
        self._ready = False

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def upsert(self, item: RememberedItem, vector: Vector) -> None:
        """Store an item's vector with title, source, type and summary; the collection is made if it is missing."""
        from qdrant_client import models

        payload = {
            "content_hash": item.content_hash,
            "title": item.title,
            "source": item.source,
            "content_type": item.content_type,
            "summary": item.summary,
        }
        point = models.PointStruct(id=point_id(item.content_hash), vector=vector.tolist(), payload=payload)

        def upsert() -> None:
            self._ensure_collection(vector.size)
            self._client.upsert(self._collection, [point], wait=True)

        self._tried(upsert)

    def nearest(self, vector: Vector, limit: int) -> list[Hit]:
        """Return the nearest items, best first; none while there is no collection."""
        if not self._tried(lambda: self._client.collection_exists(self._collection)):
            return []
        answer = self._tried(
            lambda: self._client.query_points(
                self._collection, query=vector.tolist(), limit=limit, with_payload=True, timeout=TIMEOUT_SECONDS
            )
        )
        return [_hit(point.payload or {}, point.score) for point in answer.points]

    def check(self) -> str:
        """Say whether the server answers and the collection is there. Raises StageError."""
        exists = self._tried(lambda: self._client.collection_exists(self._collection))
        return f"Qdrant at {self._host}: collection {self._collection} " + ("found" if exists else "not made yet")

    def _ensure_collection(self, dimension: int) -> None:
        from qdrant_client import models

        if not self._ready and not self._client.collection_exists(self._collection):
            parameters = models.VectorParams(size=dimension, distance=models.Distance.COSINE)
            self._client.create_collection(self._collection, vectors_config=parameters)
        self._ready = True

    def _tried(self, action: Callable[[], _Answer]) -> _Answer:
        return tried(lambda: self._translated(action), attempts=ATTEMPTS, first_backoff=self._first_backoff)

    def _translated(self, action: Callable[[], _Answer]) -> _Answer:
        from qdrant_client.common.client_exceptions import QdrantException, ResourceExhaustedResponse
        from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

        place = f"Qdrant at {self._host}"
        try:
            return action()
        except ResourceExhaustedResponse as error:
            after = float(error.retry_after_s)
            retryable = after <= LONGEST_WAIT_SECONDS
            raise AttemptError(
                "rate_limited", f"{place} has too much to do.", retryable=retryable, after=after
            ) from None
        except UnexpectedResponse as error:
            raise _unexpected(place, self._collection, error.status_code or 0) from None
        except ResponseHandlingException as error:
            raise _unreachable(place, error.source) from None
        except (QdrantException, ValueError, TypeError) as error:
            kind = type(error).__name__
            raise AttemptError(
                "http_status", f"{place} answered what is not understood ({kind}).", retryable=False
            ) from None


def _unexpected(place: str, collection: str, status: int) -> AttemptError:
    hints = {
        400: f": if {collection} holds vectors of another size, set another memory.qdrant_collection",
        401: ": check QDRANT_API_KEY",
        403: ": check QDRANT_API_KEY",
        409: ": it was being made by somebody else",
    }
    message = f"{place} answered {status}{hints.get(status, '')}."
    return AttemptError(_KINDS.get(status, "http_status"), message, retryable=status >= 500 or status in (408, 409))


def _unreachable(place: str, cause: Exception) -> AttemptError:
    import httpx

    if isinstance(cause, httpx.TimeoutException):
        return AttemptError("timeout", f"{place} did not answer in time.", retryable=True)
    if isinstance(cause, httpx.HTTPError):
        return AttemptError("network", f"{place} cannot be reached.", retryable=True)
    return AttemptError("http_status", f"{place} answered what is not understood.", retryable=False)


def _hit(payload: dict[str, Any], score: float) -> Hit:
    return Hit(
        content_hash=str(payload.get("content_hash", "")),
        title=payload.get("title"),
        source=str(payload.get("source", "")),
        content_type=payload.get("content_type"),
        summary=str(payload.get("summary", "")),
        score=score,
    )


def _host(url: str) -> str:
    """Return the host and port for messages: an address may carry a password."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        parts, port = urlsplit(""), ""
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise StageError("unsupported", "memory.qdrant_url is no http(s) address, such as http://host:6333.")
    return f"{parts.hostname}{port}"
