"""`notify preview`: the messages as they will be."""

from __future__ import annotations

import json

import pytest

from tests.monitoring.alertmanager_server import NEEDS_ALERTMANAGER
from tests.pipemeter.conftest import Pipemeter


@NEEDS_ALERTMANAGER
def test_a_preview_shows_every_situation_of_both_services(pipemeter: Pipemeter) -> None:
    done = pipemeter("notify", "preview", "--json")
    assert done.code == 0, done.err
    messages = json.loads(done.out)["messages"]
    assert [(m["channel"], m["situation"]) for m in messages] == [
        (channel, situation)
        for channel in ("slack", "discord")
        for situation in ("firing", "resolved", "several", "test")
    ]
    assert messages[3]["title"] == "[TEST] [FIRING: critical] PipelineQualityScoreLow"
    assert (messages[0]["color"], messages[4]["color"]) == ("#c62828", None)
    text = pipemeter("notify", "preview", "--channel", "discord", "--alert", "PipelineDown").out
    assert (
        "--- discord, firing\n[FIRING: critical] PipelineDown (localhost:8000)\n**The exporter localhost:8000 is down**"
        in text
    )
    assert "slack" not in text.replace("slack,", "")


def test_a_preview_without_amtool_says_how_to_get_it(pipemeter: Pipemeter) -> None:
    done = pipemeter("notify", "preview", PATH="")
    assert done.code == 1
    assert "amtool is not installed" in done.err


@pytest.mark.parametrize("command", [("notify", "preview"), ("alerts", "test", "--url", "http://127.0.0.1:9")])
def test_an_unknown_alert_is_answered_with_the_nearest_name(pipemeter: Pipemeter, command: tuple[str, ...]) -> None:
    done = pipemeter(*command, "--alert", "PipelineDwn")
    assert done.code == 2
    assert "--alert: PipelineDwn: expected `PipelineDown`" in done.err
