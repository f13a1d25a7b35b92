"""Loggers that cost nothing until they say something: structlog takes longer to load than all that records."""

from __future__ import annotations

from typing import Any


class Logger:
    """The structlog logger of a name, made with its first word."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._made: Any = None

    @property
    def _log(self) -> Any:
        if self._made is None:
            import structlog

            self._made = structlog.get_logger(self._name)
        return self._made

    def info(self, event: str, **fields: Any) -> None:
        """Say what went as it should."""
        self._log.info(event, **fields)

    def warning(self, event: str, **fields: Any) -> None:
        """Say what somebody may want to look at."""
        self._log.warning(event, **fields)

    def error(self, event: str, **fields: Any) -> None:
        """Say what somebody has to look at."""
        self._log.error(event, **fields)

    def exception(self, event: str, **fields: Any) -> None:
        """Say that something unforeseen happened, with its traceback."""
        self._log.exception(event, **fields)
