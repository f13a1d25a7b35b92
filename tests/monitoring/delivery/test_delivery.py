"""The whole way with a real Alertmanager: alerts in, messages at webhooks that check them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from exporter.app import create_app
from exporter.server.running import BackgroundServer
from exporter.settings import ExporterSettings
from monitoring.delivery.samples import Sample
from monitoring.targets.notifications import Heartbeat, Limits, Notifications
from pipeline.settings import Secret
from tests.monitoring.alertmanager_server import NEEDS_ALERTMANAGER, Alertmanager, eventually, write_config
from tests.monitoring.webhooks import Webhooks

pytestmark = NEEDS_ALERTMANAGER


@pytest.fixture
def webhooks() -> Iterator[Webhooks]:
    with Webhooks() as found:
        yield found
        assert found.refused == []


@pytest.fixture
def log() -> Iterator[tuple[str, list[str]]]:
    """A real exporter with a token: its address and the lines of its log channel."""
    lines: list[str] = []
    app = create_app(settings=ExporterSettings(token=Secret("exportersecret")), environ={}, write_line=lines.append)
    with BackgroundServer(app, "127.0.0.1", 0) as server:
        yield server.url, lines


@pytest.fixture
def alertmanager(tmp_path: Path, webhooks: Webhooks, log: tuple[str, list[str]]) -> Iterator[Alertmanager]:
    environ = {**webhooks.environ, "DASHBOARD_API_URL": log[0], "EXPORTER_TOKEN": "exportersecret"}
    with Alertmanager(tmp_path, write_config(tmp_path, environ)) as found:
        yield found


def alert(name: str, severity: str = "warning", *, ended: bool = False, **labels: str) -> Sample:
    now = time.time()
    texts = {"summary": f"{name} is <not> well & so on", "description": "It is 0.62 (target 0.75).",
             "runbook_url": f"http://localhost:8000/runbooks/{name}", "dashboard_url": "http://localhost:3000/d/x?var-a=b&c=d"}  # fmt: skip
    every = {"alertname": name, "severity": severity, "domain": "pipeline", **labels}
    return Sample(every, texts, now - 61, now - 0.001 if ended else None)


def titles(webhooks: Webhooks) -> list[str]:
    return [message.title for message in webhooks.of("slack")]


def passed(webhooks: Webhooks, alertmanager: Alertmanager, name: str) -> None:
    """Send an alert that nothing holds back, and wait for it: what came before it has had its chance."""
    alertmanager.post(alert(name))
    webhooks.wait_for_title("slack", name)


def test_slack_discord_and_the_log_are_told_of_an_alert_and_of_its_end(
    webhooks: Webhooks, alertmanager: Alertmanager, log: tuple[str, list[str]]
) -> None:
    alertmanager.post(alert("PipelineDown", "critical", instance="a:8000"))
    (slack,) = webhooks.wait_for_title("slack", "[FIRING: critical] PipelineDown (a:8000)")
    (discord,) = webhooks.wait_for_title("discord", "[FIRING: critical] PipelineDown (a:8000)")
    assert slack.color == "#c62828"
    assert "*PipelineDown is &lt;not&gt; well &amp; so on*\nIt is 0.62 (target 0.75).\nSince <!date^" in slack.text
    assert "**PipelineDown is <not\\> well & so on**" in discord.text
    for message in (slack, discord):
        assert "http://localhost:8000/runbooks/PipelineDown" in message.text
        assert "http://localhost:9093/#/silences/new?filter=%7Balertname%3D%22PipelineDown%22" in message.text
    eventually(lambda: len(log[1]) == 1, what="the log line")

    alertmanager.post(alert("PipelineDown", "critical", ended=True, instance="a:8000"))
    (slack,) = webhooks.wait_for_title("slack", "[RESOLVED: critical] PipelineDown (a:8000)")
    webhooks.wait_for_title("discord", "[RESOLVED: critical] PipelineDown (a:8000)")
    assert slack.color == "#2e7d32"
    assert "after 1m1s" in slack.text
    eventually(lambda: len(log[1]) == 2, what="the log line of the end")
    assert [json.loads(line)["status"] for line in log[1]] == ["firing", "resolved"]


def test_what_is_only_for_information_goes_to_the_log_alone(
    webhooks: Webhooks, alertmanager: Alertmanager, log: tuple[str, list[str]]
) -> None:
    alertmanager.post(alert("CacheCostSavingsLow", "info"))
    eventually(lambda: len(log[1]) == 1, what="the log line")
    passed(webhooks, alertmanager, "Marker")
    assert titles(webhooks) == ["[FIRING: warning] Marker"]


def test_a_warning_is_mute_while_the_critical_alert_of_the_same_name_fires_and_is_told_afterwards(
    webhooks: Webhooks, alertmanager: Alertmanager
) -> None:
    alertmanager.post(alert("PipelineQualityScoreLow", "critical", content_type="news"))
    webhooks.wait_for_title("slack", "[FIRING: critical] PipelineQualityScoreLow")
    alertmanager.post(alert("PipelineQualityScoreLow", "warning", content_type="news"))
    alertmanager.post(alert("PipelineQualityScoreLow", "warning", content_type="education"))
    webhooks.wait_for_title("slack", "[FIRING: warning] PipelineQualityScoreLow (education)")
    same = {"alertname": "PipelineQualityScoreLow", "severity": "warning", "content_type": "news"}
    eventually(lambda: alertmanager.state(**same) == "suppressed", what="inhibition")
    assert not any("[FIRING: warning]" in title and "news" in title for title in titles(webhooks))

    alertmanager.post(alert("PipelineQualityScoreLow", "critical", ended=True, content_type="news"))
    webhooks.wait_for("slack", lambda m: "warning" in m.title and "2 alerts" in m.title)
    assert alertmanager.state(**same) == "active"


def test_a_faster_burn_mutes_the_slower_ones_of_the_same_objective_only(
    webhooks: Webhooks, alertmanager: Alertmanager
) -> None:
    def burn(tier: str, severity: str, slo: str) -> Sample:
        return alert("PipelineErrorBudgetBurn", severity, slo=slo, burnrate_tier=tier)

    alertmanager.post(burn("medium", "critical", "errors"))
    webhooks.wait_for_title("slack", "(medium, errors)")
    alertmanager.post(burn("slow", "warning", "errors"), burn("long", "warning", "errors"))
    alertmanager.post(burn("slow", "warning", "uptime"), burn("fast", "critical", "errors"))
    webhooks.wait_for_title("slack", "(slow, uptime)")
    webhooks.wait_for("slack", lambda m: "(fast, errors)" in m.text or "fast" in m.title or "2 alerts" in m.title)
    eventually(lambda: alertmanager.state(slo="errors", burnrate_tier="medium") == "suppressed", what="inhibition")
    states = {tier: alertmanager.state(slo="errors", burnrate_tier=tier) for tier in ("fast", "slow", "long")}
    assert states == {"fast": "active", "slow": "suppressed", "long": "suppressed"}
    alertmanager.post(burn("long", "warning", "uptime"))
    eventually(lambda: alertmanager.state(slo="uptime", burnrate_tier="long") == "suppressed", what="inhibition")
    assert not any("(slow, errors)" in title or "(long" in title for title in titles(webhooks))


def test_a_test_alert_mutes_nothing_and_joins_no_group(webhooks: Webhooks, alertmanager: Alertmanager) -> None:
    alertmanager.post(alert("PipelineDown", "critical", test="true", test_id="1"))
    webhooks.wait_for_title("slack", "[TEST] [FIRING: critical] PipelineDown")
    alertmanager.post(alert("PipelineDown", "critical"), alert("PipelineDown", "warning", test="true", test_id="2"))
    webhooks.wait_for("slack", lambda m: m.title == "[FIRING: critical] PipelineDown")
    webhooks.wait_for_title("slack", "[TEST] [FIRING: warning] PipelineDown")


def test_a_silence_holds_a_message_back_until_it_expires(webhooks: Webhooks, alertmanager: Alertmanager) -> None:
    silence = alertmanager.silence(alertname="PipelineStalled", severity="warning")
    alertmanager.post(alert("PipelineStalled"))
    eventually(lambda: alertmanager.state(alertname="PipelineStalled") == "suppressed", what="the silence")
    passed(webhooks, alertmanager, "Marker")
    assert titles(webhooks) == ["[FIRING: warning] Marker"]
    alertmanager.expire(silence)
    webhooks.wait_for_title("slack", "PipelineStalled")


def test_after_a_restart_nothing_is_told_twice_and_the_end_is_told(
    webhooks: Webhooks, alertmanager: Alertmanager
) -> None:
    alertmanager.post(alert("PipelineStalled"))
    webhooks.wait_for_title("slack", "PipelineStalled")
    webhooks.wait_for_title("discord", "PipelineStalled")
    passed(webhooks, alertmanager, "Before")  # by now Alertmanager has noted that it told
    alertmanager.stop()
    alertmanager.start()
    alertmanager.post(alert("PipelineStalled"))  # Prometheus sends again what still fires
    passed(webhooks, alertmanager, "Marker")
    assert sum("PipelineStalled" in title for title in titles(webhooks)) == 1
    alertmanager.post(alert("PipelineStalled", ended=True))
    webhooks.wait_for_title("slack", "[RESOLVED: warning] PipelineStalled")
    webhooks.wait_for_title("discord", "[RESOLVED: warning] PipelineStalled")


def test_a_webhook_that_fails_is_tried_again_and_does_not_hold_up_the_other(
    webhooks: Webhooks, alertmanager: Alertmanager
) -> None:
    webhooks.fail("slack", 500, 503)
    alertmanager.post(alert("PipelineDown", "critical"))
    webhooks.wait_for_title("discord", "PipelineDown")
    webhooks.wait_for_title("slack", "PipelineDown")
    assert webhooks.attempts["slack"] == 3
    assert (len(webhooks.of("slack")), len(webhooks.of("discord"))) == (1, 1)


def test_many_long_alerts_stay_within_what_both_services_take(webhooks: Webhooks, alertmanager: Alertmanager) -> None:
    long = [
        msgspec.structs.replace(
            alert("AgentSlow", agent=f"{i:02}" + "*" * 200),
            annotations={"summary": "&" * 3000, "description": "_<" * 3000,
                         "runbook_url": "http://r/" + "x" * 230, "dashboard_url": "http://g/" + "x" * 140},
        )
        for i in range(40)
    ]  # fmt: skip
    alertmanager.post(*long)
    (slack,) = webhooks.wait_for_title("slack", "AgentSlow, 40 alerts")
    (discord,) = webhooks.wait_for_title("discord", "AgentSlow, 40 alerts")
    assert "and 37 more" in slack.text
    assert "and 37 more" in discord.text


def test_of_more_alerts_than_the_log_takes_at_once_most_are_logged_and_the_rest_is_counted(
    webhooks: Webhooks, alertmanager: Alertmanager, log: tuple[str, list[str]]
) -> None:
    alertmanager.post(*(alert("AgentSlow", "info", agent=f"a{i}") for i in range(1_003)))
    eventually(lambda: '"count":3,' in log[1][-1] if log[1] else False, what="the line about the rest")
    assert sum('"event":"alert"' in line for line in log[1]) >= 1_000
    assert webhooks.of("slack") == []


def test_the_watchdog_beats_at_the_outside_service_and_nowhere_else(tmp_path: Path, webhooks: Webhooks) -> None:
    often = msgspec.structs.replace(Notifications(), heartbeat=Heartbeat(every=1))
    with Alertmanager(tmp_path, write_config(tmp_path, webhooks.environ, often)) as alertmanager:
        alertmanager.post(alert("Watchdog", "none"))
        webhooks.wait_for_title("heartbeat", "Watchdog", count=2)
        passed(webhooks, alertmanager, "Marker")
    assert titles(webhooks) == ["[FIRING: warning] Marker"]


def test_a_limit_makes_one_message_of_many_and_lets_critical_alerts_pass(tmp_path: Path, webhooks: Webhooks) -> None:
    few = msgspec.structs.replace(Notifications(), limits=Limits(per_hour=3600))
    with Alertmanager(tmp_path, write_config(tmp_path, webhooks.environ, few)) as alertmanager:
        # an old alert does not wait for the others of its group
        new = [msgspec.structs.replace(alert(f"Different{i}"), starts_at=time.time()) for i in range(5)]
        alertmanager.post(*new, alert("PipelineDown", "critical"))
        webhooks.wait_for_title("slack", "[FIRING: warning] 5 alerts")
        webhooks.wait_for_title("slack", "[FIRING: critical] PipelineDown")
    assert len(webhooks.of("slack")) == 2
