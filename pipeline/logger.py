"""Loggers that cost nothing until they say something: structlog takes longer to load than all that records."""

from __future__ import annotations

import sys
from typing import Any

from pipeline import forks


class Logger:
    """The structlog logger of a name, made with its first word.

    Where nobody has configured structlog, it speaks to standard error: standard output is the program's own. No fork
    happens while it speaks: a child would find the lock on that file taken, or half of structlog.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._made: Any = None

    def _say(self, level: str, event: str, fields: dict[str, Any]) -> None:
        with forks.undisturbed():
            import structlog

            if not structlog.is_configured():
                logger: Any = structlog.wrap_logger(structlog.PrintLogger(sys.stderr))
            else:
                logger = self._made = self._made or structlog.get_logger(self._name)
            getattr(logger, level)(event, **fields)

    def info(self, event: str, **fields: Any) -> None:
        """Say what went as it should."""
        self._say("info", event, fields)

    def warning(self, event: str, **fields: Any) -> None:
        """Say what somebody may want to look at."""
        self._say("warning", event, fields)

    def error(self, event: str, **fields: Any) -> None:
        """Say what somebody has to look at."""
        self._say("error", event, fields)

    def exception(self, event: str, **fields: Any) -> None:
        """Say that something unforeseen happened, with its traceback."""
        self._say("exception", event, fields)
