"""`alerts test`, through a real Alertmanager."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.app import create_app
from exporter.server.running import BackgroundServer
from exporter.settings import ExporterSettings
from pipeline.settings import Secret
from tests.monitoring.alertmanager_server import NEEDS_ALERTMANAGER, Alertmanager, eventually, free_port, write_config
from tests.monitoring.webhooks import Webhooks
from tests.pipemeter.conftest import Pipemeter, environment

SHORT = "notifications: {group_wait: 1s, group_interval: 1s}\n"


def test_a_severity_that_the_alert_does_not_have_is_refused(pipemeter: Pipemeter) -> None:
    done = pipemeter("alerts", "test", "--alert", "PipelineBypassRateHigh", "--severity", "critical")
    assert done.code == 2
    assert "--severity: critical: expected warning, which PipelineBypassRateHigh has" in done.err


def test_an_alertmanager_that_is_not_there_is_one_sentence_without_its_password(pipemeter: Pipemeter) -> None:
    done = pipemeter("alerts", "test", "--url", f"http://user:verysecret@127.0.0.1:{free_port()}")
    assert done.code == 1
    assert "does not answer: Connection refused\n" in done.err
    assert "secret" not in done.err


@NEEDS_ALERTMANAGER
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_whoever_does_not_want_to_wait_any_more_leaves_at_once(tmp_path: Path, number: signal.Signals) -> None:
    config = write_config(tmp_path, {}, group_wait=60.0)
    with Alertmanager(tmp_path, config) as alertmanager:
        command = [sys.executable, "-m", "pipemeter", "alerts", "test", "--wait", "--url", alertmanager.url]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment(), cwd=tmp_path) as process:
            assert process.stderr is not None
            assert "waiting for deliveries (group_wait is 60 s)" in process.stderr.readline()
            process.send_signal(number)
            assert process.wait(30) == 128 + number
            assert "Traceback" not in process.stderr.read()


@pytest.fixture
def webhooks() -> Iterator[Webhooks]:
    with Webhooks() as found:
        yield found


@pytest.fixture
def log() -> Iterator[tuple[str, list[str]]]:
    """An exporter with a token: its address and what its log channel wrote."""
    lines: list[str] = []
    app = create_app(settings=ExporterSettings(token=Secret("tokensecret")), environ={}, write_line=lines.append)
    with BackgroundServer(app, "127.0.0.1", 0) as server:
        yield server.url, lines


@pytest.fixture
def alertmanager(
    pipemeter: Pipemeter, tmp_path: Path, webhooks: Webhooks, log: tuple[str, list[str]]
) -> Iterator[Alertmanager]:
    """A real Alertmanager with what `render` wrote, and short times."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "monitoring.yaml").write_text(SHORT)
    done = pipemeter(
        "alertmanager",
        "render",
        "--out",
        "am",
        **webhooks.environ,
        DASHBOARD_API_URL=log[0],
        EXPORTER_TOKEN="tokensecret",
    )
    assert done.code == 0, done.err
    with Alertmanager(tmp_path / "am", tmp_path / "am" / "alertmanager.yml") as found:
        yield found


@NEEDS_ALERTMANAGER
def test_a_test_alert_reaches_every_channel_and_ends_by_itself(
    pipemeter: Pipemeter, alertmanager: Alertmanager, webhooks: Webhooks, log: tuple[str, list[str]]
) -> None:
    done = pipemeter("alerts", "test", "--wait", "--json", ALERTMANAGER_URL=alertmanager.url)
    assert done.code == 0, done.err
    report = json.loads(done.out)
    assert report["receivers"] == ["slack", "discord", "log"]
    assert report["delivered"] is True
    assert {row["integration"]: (row["sent"], row["failed"]) for row in report["deliveries"]} == {
        "slack": (1, 0), "discord": (1, 0), "webhook": (1, 0),
    }  # fmt: skip
    assert report["ends_at"] - report["starts_at"] == pytest.approx(61)
    (slack,) = webhooks.wait_for_title("slack", "[TEST] [FIRING: critical] PipelineQualityScoreLow")
    assert slack.title == webhooks.of("discord")[0].title
    assert "Mean quality is too low" in slack.text
    eventually(lambda: len(log[1]) == 1)
    assert json.loads(log[1][0])["labels"]["test"] == "true"
    assert webhooks.refused == []


@NEEDS_ALERTMANAGER
def test_a_test_alert_says_its_receivers_at_once_and_a_second_one_is_told_as_well(
    pipemeter: Pipemeter, alertmanager: Alertmanager, webhooks: Webhooks
) -> None:
    for _ in range(2):
        done = pipemeter("alerts", "test", "--alert", "PipelineStalled", "--url", alertmanager.url)
        assert done.code == 0, done.err
        assert "receivers: slack, discord, log" in done.out
        assert "after group_wait (1 s)" in done.out
    webhooks.wait_for_title("slack", "[TEST] [FIRING: warning] PipelineStalled", count=2)


@NEEDS_ALERTMANAGER
def test_a_channel_that_does_not_take_the_test_is_reported(
    pipemeter: Pipemeter, alertmanager: Alertmanager, webhooks: Webhooks
) -> None:
    webhooks.fail("slack", *[500] * 50)
    done = pipemeter("alerts", "test", "--wait", "--url", alertmanager.url)
    assert done.code == 3
    assert re.search(r"slack: 0 of 1 delivered, \d+ attempts? failed", done.out)
    assert "discord: 1 of 1 delivered\n" in done.out


@NEEDS_ALERTMANAGER
def test_a_silenced_test_says_that_nobody_is_told(
    pipemeter: Pipemeter, alertmanager: Alertmanager, webhooks: Webhooks
) -> None:
    alertmanager.silence(test="true")
    done = pipemeter("alerts", "test", "--wait", "--url", alertmanager.url)
    assert done.code == 1
    assert "it is suppressed" in done.out
    assert webhooks.received == []
