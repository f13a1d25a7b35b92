"""What records where the environment says: `ENABLE_DASHBOARD_METRICS`, `DASHBOARD_API_URL`, `EXPORTER_TOKEN`.

This is the first thing that somebody else's program imports of us, so that everything heavy is imported where it is
first needed.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pipeline import forks
from pipeline.configuration.flags import flags_from
from pipeline.events import ItemFinished
from pipeline.logger import Logger
from pipeline.recording import endings
from pipeline.state import state_dir

if TYPE_CHECKING:
    from pipeline.recording.push import PushRecorder
    from pipeline.recording.recorder import Recorder

_log = Logger("pipeline.recorder")
DEFAULT_URL = "http://localhost:8000"
_pushers: dict[tuple[str, str | None], PushRecorder] = {}
_pushers_lock = forks.Lock()


def recorder_from_environment() -> Recorder:
    """Return the recorder that the environment asks for.

    It records nothing unless `ENABLE_DASHBOARD_METRICS` is on, else it pushes to `DASHBOARD_API_URL` with
    `EXPORTER_TOKEN`. Use it as a context manager. Raises ConfigError for settings that are wrong.
    """
    from pipeline.configuration.config import default_directory, load_config

    config = load_config(default_directory(), os.environ)
    if not config.flags.dashboard_metrics:
        from pipeline.recording.recorder import NullRecorder

        return NullRecorder(config)
    from pipeline.recording.push import PushRecorder

    url, token = exporter_address()
    return PushRecorder.of_environment(url, token, config)


def exporter_address(url: str | None = None) -> tuple[str, str | None]:
    """Return which exporter is meant (the one named, else `DASHBOARD_API_URL`) and the token for it."""
    return url or os.environ.get("DASHBOARD_API_URL") or DEFAULT_URL, os.environ.get("EXPORTER_TOKEN") or None


async def record_pipeline_metrics(
    processing_type: str,
    content_type: str | None = None,
    quality_score: float | None = None,
    processing_time: float | None = None,
    exit_checkpoint: str | None = None,
    exit_reason: str | None = None,
    exit_confidence: float | None = None,
    time_saved_pct: float | None = None,
    bypass_reason: str | None = None,
) -> None:
    """Tell the exporter at `DASHBOARD_API_URL` that an item finished; fire and forget.

    Scores and confidences 0..1, `processing_time` in seconds, `time_saved_pct` a fraction 0 <= p < 1. `bypass_reason`:
    why an item is `lightweight`, `low_quality` or `content_type`; without it it counts as `unspecified`. Does nothing
    unless `ENABLE_DASHBOARD_METRICS` is on. Never raises and never waits for the network: delivery (5 s timeout,
    retried) happens in the background, failures are logged and counted.
    """
    try:
        if not flags_from(os.environ).dashboard_metrics:
            return
        event = ItemFinished(
            processing_type=processing_type,  # type: ignore[arg-type]  # checked by the recorder
            content_type=content_type,
            quality_score=quality_score,
            processing_time=processing_time,
            exit_checkpoint=exit_checkpoint,
            exit_reason=exit_reason,
            exit_confidence=exit_confidence,
            time_saved_pct=time_saved_pct,
            bypass_reason=bypass_reason,  # type: ignore[arg-type]  # checked by the recorder
            config_version=os.environ.get("CONFIG_VERSION") or None,
        )
        background_recorder(*exporter_address()).record(event)
    except Exception as error:  # noqa: BLE001 - see above: the caller must not notice
        _log.warning("metrics not recorded", error=str(error))


def background_recorder(url: str, token: str | None) -> PushRecorder:
    """Return this process's recorder for an exporter, started on first use and flushed when the process ends."""
    with _pushers_lock:
        if (url, token) not in _pushers:
            from pipeline.recording.push import PushRecorder

            _pushers[url, token] = PushRecorder(url, token=token)
        return _pushers[url, token]


class _Heir:
    """Delivers what children have left that were ended without notice, where this process itself records nothing."""

    def at_end(self) -> None:
        """Look, if there were children, into the spool of the exporter that the environment names."""
        if not endings.has_children() or endings.is_child() or not any((state_dir() / "spool").iterdir()):
            return
        if flags_from(os.environ).dashboard_metrics:
            background_recorder(*exporter_address()).at_end()


_heir = _Heir()
endings.watch(_heir)
