from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import structlog

from pipeline.errors import ConfigError
from pipemeter.logs import configure_logs


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before = structlog.get_config()
    yield
    structlog.configure(**before)


def log(level: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if level is not None:
        monkeypatch.setenv("LOG_LEVEL", level)
    configure_logs()
    logger = structlog.get_logger("x")
    for name in ("debug", "info", "warning", "error"):
        getattr(logger, name)(f"at {name}", number=7)


@pytest.mark.parametrize(
    ("level", "lines"), [(None, 2), ("", 2), ("DEBUG", 4), ("info", 3), ("warning", 2), ("error", 1), ("critical", 0)]
)
def test_a_level_lets_through_what_is_as_urgent(
    level: str | None, lines: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    log(level, monkeypatch)
    assert len(capsys.readouterr().err.splitlines()) == lines


def test_each_line_is_json_with_its_level_its_time_and_what_was_said(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    log("error", monkeypatch)
    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["level"], line["number"]) == ("at error", "error", 7)
    assert line["timestamp"].endswith("Z")


def test_a_level_that_there_is_not_is_refused_with_those_that_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", "loud")
    with pytest.raises(ConfigError, match="environment: LOG_LEVEL: loud: expected one of: debug, info, warning"):
        configure_logs()
