from __future__ import annotations

from pathlib import Path

import pytest

from exporter.api.openapi import document
from exporter.settings import ENV, ExporterSettings, settings_from
from pipeline.errors import ConfigError
from pipeline.settings import Secret
from tests.exporter.conftest import ROOT


def test_settings_come_from_the_environment_and_the_command_line_goes_before_it(tmp_path: Path) -> None:
    environ = {"EXPORTER_TOKEN": "t", "EXPORTER_SYNC": "full", "EXPORTER_ALLOW_RESET": "yes", "MONITORING_HOME": str(tmp_path),
               "EXPORTER_SERIES_EXPIRY_SECONDS": "60", "EXPORTER_MAX_BODY_BYTES": "5"}  # fmt: skip
    settings = settings_from(environ, sync="normal")
    assert settings == ExporterSettings(
        token=Secret("t"), sync="normal", allow_reset=True, journal=tmp_path / "journal.sqlite",
        series_expiry_seconds=60.0, max_body_bytes=5,
    )  # fmt: skip
    assert "t" not in repr(settings.token).replace("Secret", "")
    assert settings_from({"EXPORTER_JOURNAL": "off"}).journal is None


def test_a_wrong_setting_is_named_with_what_was_expected() -> None:
    with pytest.raises(ConfigError) as caught:
        settings_from({"EXPORTER_SYNC": "sometimes", "EXPORTER_MAX_BODY_BYTES": "-1", "EXPORTER_ACCESS_LOG": "perhaps"})
    assert [(p.key, p.value, p.expected) for p in caught.value.problems] == [
        ("EXPORTER_SYNC", "sometimes", "normal or full"),
        ("EXPORTER_MAX_BODY_BYTES", "-1", "a number above 0"),
        ("EXPORTER_ACCESS_LOG", "perhaps", "true or false"),
    ]


def test_every_setting_and_route_is_documented() -> None:
    page = (ROOT / "docs" / "exporter.md").read_text()
    for variable in ENV:
        assert f"| `{variable}` |" in page
    for path in document("1")["paths"]:
        assert path.removeprefix("/api/performance").rstrip("/") in page
    defaults = ExporterSettings()
    for name in (
        "max_body_bytes",
        "max_decoded_bytes",
        "max_waiting_bytes",
        "max_waiting_requests",
        "max_pushed_series",
    ):
        assert str(getattr(defaults, name)) in page


@pytest.mark.parametrize("token", ["two\nlines", "end\n", "bell\x07", "\u00fc", "   "])
def test_a_token_that_no_header_can_carry_is_refused_without_being_shown(token: str) -> None:
    with pytest.raises(ConfigError) as caught:
        settings_from({"EXPORTER_TOKEN": token})
    assert str(caught.value) == "environment: EXPORTER_TOKEN: (not shown): expected one line of ASCII characters"


def test_a_token_keeps_its_inner_spaces_and_loses_those_that_a_header_loses() -> None:
    assert settings_from({"EXPORTER_TOKEN": " open sesame $#' "}).token.reveal() == "open sesame $#'"
