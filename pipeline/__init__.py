"""The content pipeline: does the work, takes the shortcuts, and says what happened.

For somebody else's pipeline: `record_pipeline_metrics` and the recorders with their `item(...)` form.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.recording.environment import record_pipeline_metrics, recorder_from_environment
    from pipeline.recording.in_process import InProcessRecorder
    from pipeline.recording.item_scope import ItemScope, current_item
    from pipeline.recording.push import PushRecorder
    from pipeline.recording.recorder import NullRecorder, Recorder

HOMES = {
    "InProcessRecorder": "pipeline.recording.in_process",
    "ItemScope": "pipeline.recording.item_scope",
    "NullRecorder": "pipeline.recording.recorder",
    "PushRecorder": "pipeline.recording.push",
    "Recorder": "pipeline.recording.recorder",
    "current_item": "pipeline.recording.item_scope",
    "record_pipeline_metrics": "pipeline.recording.environment",
    "recorder_from_environment": "pipeline.recording.environment",
}
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
    # imported on first use, so that whoever needs one name does not wait for what the others need
    if name not in HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(HOMES[name]), name)
