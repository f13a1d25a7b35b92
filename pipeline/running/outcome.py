"""What became of an item, as it is printed, remembered and compared."""

from __future__ import annotations

import msgspec

from pipeline.errors import error_type_of
from pipeline.events import ItemFailed, ItemFinished


class Outcome(msgspec.Struct, frozen=True):
    """One line of `pipemeter run --json`. Scores and confidences 0..1, times in seconds of wall time.

    `known`: the same content was processed before under the same configuration and is answered from memory; nothing
    was counted again. A failed item has `failed_stage` and `error`, no `processing_type`. `item_id`: the hash of the
    content, once it was fetched; exemplars carry it.
    """

    source: str
    processing_type: str | None = None
    content_type: str | None = None
    quality: float | None = None
    checkpoint: str | None = None
    reason: str | None = None
    confidence: float | None = None
    duration_seconds: float | None = None
    time_saved_seconds: float | None = None
    failed_stage: str | None = None
    error: str | None = None
    known: bool = False
    item_id: str | None = None

    @property
    def failed(self) -> bool:
        """Whether the item ended without having been processed."""
        return self.error is not None


def of_finished(source: str, event: ItemFinished) -> Outcome:
    """Return the outcome that an event describes."""
    share, spent = event.time_saved_pct, event.processing_time
    saved = None if share is None or spent is None else spent * share / (1 - share)
    return Outcome(
        source=source,
        processing_type=event.processing_type,
        content_type=event.content_type,
        quality=event.quality_score,
        checkpoint=event.exit_checkpoint,
        reason=event.exit_reason or event.bypass_reason,
        confidence=event.exit_confidence,
        duration_seconds=spent,
        time_saved_seconds=saved,
        item_id=event.item_id,
    )


def told(event: ItemFinished) -> dict[str, str | float | None]:
    """Return what the log says of a finished item. Seconds, ratios 0..1, to three places."""
    return {
        "item_id": event.item_id,
        "processing_type": event.processing_type,
        "content_type": event.content_type,
        "quality_score": _rounded(event.quality_score),
        "processing_time": _rounded(event.processing_time),
        "time_saved_pct": _rounded(event.time_saved_pct),
        "checkpoint": event.exit_checkpoint,
        "reason": event.exit_reason or event.bypass_reason,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def of_failed(source: str, event: ItemFailed, error: BaseException) -> Outcome:
    """Return the outcome of an item that failed."""
    return Outcome(
        source=source,
        content_type=event.content_type,
        failed_stage=event.pipeline_stage,
        error=describe(error),
        item_id=event.item_id,
    )


def describe(error: BaseException) -> str:
    """Return one line for a person: the kind of the error and its sentence."""
    text = " ".join(str(error).split()) or type(error).__name__
    kind = error_type_of(error)
    return f"{kind}: {text}" if kind != "internal" else f"internal: {type(error).__name__}: {text}"
