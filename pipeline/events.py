"""The vocabulary: one small immutable type per kind of event that a pipeline can report.

Events are what travels: from a pipeline into its own process's metrics, or over HTTP to an exporter. Each is a
tagged struct (`"type": "item_finished"`); unknown fields and values out of range are refused when decoding, and by
`validate` for events made in Python. Each stands in the folder of its domain (`pipeline.domains`); here all of ours
are named. `pipeline.domains.catalogue.event_types` adds those of other packages.
"""

from __future__ import annotations

from typing import TypeVar, get_args

import msgspec

from pipeline.domains.content.events import (
    ABANDON_REASONS,
    BYPASS_REASONS,
    PROCESSING_TYPES,
    SKIP_DECISIONS,
    SKIP_VERDICTS,
    AbandonReason,
    BypassReason,
    CallsSaved,
    CheckpointEvaluated,
    ConfigActivated,
    ContentEvent,
    ItemAbandoned,
    ItemFailed,
    ItemFinished,
    ProcessingType,
    QualityAssessed,
    ShadowJudged,
    SkipDecision,
    SkipVerdict,
    StageFault,
    StageFinished,
    StageSkipped,
)
from pipeline.domains.event import Count, Dollars, DomainEvent, Margin, Ratio, SavedShare, Seconds

__all__ = [
    "ABANDON_REASONS",
    "BYPASS_REASONS",
    "EVENT_TYPES",
    "PROCESSING_TYPES",
    "SKIP_DECISIONS",
    "SKIP_VERDICTS",
    "AbandonReason",
    "BypassReason",
    "CallsSaved",
    "CheckpointEvaluated",
    "ConfigActivated",
    "Count",
    "Dollars",
    "DomainEvent",
    "Event",
    "ItemAbandoned",
    "ItemFailed",
    "ItemFinished",
    "Margin",
    "ProcessingType",
    "QualityAssessed",
    "Ratio",
    "SavedShare",
    "Seconds",
    "ShadowJudged",
    "SkipDecision",
    "SkipVerdict",
    "StageFault",
    "StageFinished",
    "StageSkipped",
    "validate",
]

Event = ContentEvent
EVENT_TYPES: tuple[type[Event], ...] = get_args(Event)


_E = TypeVar("_E", bound=DomainEvent)


def validate(event: _E) -> _E:
    """Return the event if every field has its type and lies in its range, all numbers finite.

    Raises msgspec.ValidationError naming the field, what was expected and what was found.
    """
    return msgspec.convert(msgspec.to_builtins(event), type(event))
