"""See what a content pipeline's shortcuts save, and what they cost in quality.

For somebody else's pipeline: `from pipemeter import record_pipeline_metrics`, and the recorders with their `item(...)`
form. They live in `pipeline`, a name that other packages have too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline import (
        InProcessRecorder,
        ItemScope,
        NullRecorder,
        PushRecorder,
        Recorder,
        current_item,
        record_pipeline_metrics,
        recorder_from_environment,
    )

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
    # on first use, as in `pipeline`: the command line needs none of them
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import pipeline

    if not hasattr(pipeline, "HOMES"):
        from pipemeter.clashes import clashes

        raise ImportError("; ".join(map(str, clashes())) or "`import pipeline` does not give pipemeter's package")
    return getattr(pipeline, name)
