"""The content pipeline: does the work, takes the shortcuts, and says what happened.

For somebody else's pipeline: `record_pipeline_metrics` and the recorders with their `item(...)` form.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.recording.item_scope import ItemScope, current_item
    from pipeline.recording.recorder import (
        InProcessRecorder,
        NullRecorder,
        PushRecorder,
        Recorder,
        record_pipeline_metrics,
        recorder_from_environment,
    )

_HOMES = {"ItemScope": "pipeline.recording.item_scope", "current_item": "pipeline.recording.item_scope"}
__all__ = [
    "InProcessRecorder",
    "ItemScope",
    "NullRecorder",
    "PushRecorder",
    "Recorder",
    "current_item",
    "record_pipeline_metrics",
    "recorder_from_environment",
]


def __getattr__(name: str) -> Any:
    # imported on first use, so that `import pipeline.events` alone stays light
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES.get(name, "pipeline.recording.recorder")), name)
