"""Structured logs: JSON lines on standard error, at the level of `LOG_LEVEL` (default: warning)."""

from __future__ import annotations

import logging
import os
import sys

import structlog

from pipeline.errors import ConfigError, Problem

_LEVELS = ("debug", "info", "warning", "error", "critical")


def configure_logs() -> None:
    """Set up logging for a command. Raises ConfigError for a level that does not exist."""
    name = (os.environ.get("LOG_LEVEL") or "warning").lower()
    if name not in _LEVELS:
        raise ConfigError([Problem("environment", None, "LOG_LEVEL", name, f"one of: {', '.join(_LEVELS)}")])
    level = logging.getLevelNamesMapping()[name.upper()]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )
    # libraries log warnings that are ours to handle, such as yt-dlp's about pages it does not know
    logging.basicConfig(level=max(level, logging.ERROR), stream=sys.stderr, format="%(name)s: %(message)s")
