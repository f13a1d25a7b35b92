"""`alertmanager render`, `notify preview` and `alerts test`, as processes of their own."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import httpx
import pytest
import yaml

from exporter.app import create_app
from exporter.server.running import BackgroundServer
from exporter.settings import ExporterSettings
from monitoring.servers.alertmanager import AlertmanagerClient, AlertmanagerError
from pipeline.errors import PipemeterError
from pipeline.settings import Secret
from pipemeter.addresses import server_address
from pipemeter.private_files import refuse_tracked
from tests.monitoring.alertmanager_server import NEEDS_ALERTMANAGER, Alertmanager, eventually, free_port, write_config
from tests.monitoring.webhooks import Webhooks
from tests.pipemeter.conftest import Pipemeter, environment

SLACK = "https://hooks.slack.com/services/T/B/verysecret"
DISCORD = "https://discord.com/api/webhooks/1/verysecret"
SHORT = "notifications: {group_wait: 1s, group_interval: 1s}\n"


def rendered(folder: Path) -> dict[str, dict[str, object]]:
    """The receivers that were written, by name."""
    config = yaml.safe_load((folder / "alertmanager.yml").read_text())
    return {receiver["name"]: receiver for receiver in config["receivers"]}


def test_without_any_secret_the_log_channel_is_written_and_the_rest_is_noted(
    pipemeter: Pipemeter, tmp_path: Path
) -> None:
    done = pipemeter("alertmanager", "render", "--out", "am")
    assert done.code == 0, done.err
    assert done.out == "wrote am/alertmanager.yml (channels: log)\n"
    assert "channel slack is left out: SLACK_WEBHOOK_URL is not set" in done.err
    assert list(rendered(tmp_path / "am")) == ["heartbeat", "log"]
    assert (tmp_path / "am" / "alertmanager.yml").stat().st_mode & 0o777 == 0o600
    assert sorted(p.name for p in (tmp_path / "am" / "templates").iterdir()) == [
        "discord.tmpl",
        "message.tmpl",
        "slack.tmpl",
    ]


def test_secrets_are_filled_in_and_never_printed(pipemeter: Pipemeter, tmp_path: Path) -> None:
    (tmp_path / "discord").write_text(DISCORD + "\n")
    done = pipemeter("alertmanager", "render", "--out", "am", "--alertmanager", "v0.34.0", SLACK_WEBHOOK_URL=SLACK,
                     DISCORD_WEBHOOK_URL_FILE=str(tmp_path / "discord"), EXPORTER_TOKEN="tokensecret",
                     DASHBOARD_API_URL="http://exporter:8000", HEARTBEAT_URL="https://beat.example.com/verysecret")  # fmt: skip
    assert done.code == 0, done.err
    assert done.out.endswith("(channels: slack, discord, log)\n")
    assert "secret" not in done.out + done.err
    text = (tmp_path / "am" / "alertmanager.yml").read_text()
    assert all(
        one in text for one in (SLACK, DISCORD, "tokensecret", "http://exporter:8000/api/alerts", "beat.example.com")
    )
    assert not list((tmp_path / "am").glob(".alert*"))


def test_rendering_again_changes_nothing_and_takes_away_what_is_no_longer_made(
    pipemeter: Pipemeter, tmp_path: Path
) -> None:
    pipemeter("alertmanager", "render", "--out", "am")
    first = (tmp_path / "am" / "alertmanager.yml").stat().st_mtime_ns
    left = tmp_path / "am" / "templates" / "old.tmpl"
    left.write_text((tmp_path / "am" / "templates" / "slack.tmpl").read_text())
    own = tmp_path / "am" / "templates" / "own.tmpl"
    own.write_text('{{ define "own" }}{{ end }}')
    assert pipemeter("alertmanager", "render", "--out", "am").out.startswith("wrote")
    assert pipemeter("alertmanager", "render", "--out", "am").out.startswith("unchanged:")
    assert (tmp_path / "am" / "alertmanager.yml").stat().st_mtime_ns == first
    assert (left.exists(), own.exists()) == (False, True)


def test_a_malformed_address_is_named_by_its_variable_and_nothing_is_written(
    pipemeter: Pipemeter, tmp_path: Path
) -> None:
    done = pipemeter("alertmanager", "render", "--out", "am", SLACK_WEBHOOK_URL="hooks.slack.com/verysecret")
    assert done.code == 2
    assert "SLACK_WEBHOOK_URL" in done.err
    assert "secret" not in done.err
    assert not (tmp_path / "am").exists()


@pytest.mark.parametrize("version", ["latest", "0.24"])
def test_a_version_that_is_none_or_too_old_is_bad_usage(pipemeter: Pipemeter, version: str) -> None:
    done = pipemeter("alertmanager", "render", "--out", "am", "--alertmanager", version)
    assert done.code == 2
    assert "0.25" in done.err


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(folder), "-c", "user.name=t", "-c", "user.email=t@example.com", *arguments],
                   check=True, capture_output=True)  # fmt: skip


def test_a_folder_that_git_keeps_files_of_is_refused(pipemeter: Pipemeter, tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "alertmanager.yml").write_text("ours")
    (tmp_path / ".gitignore").write_text("ignored/\n")
    git(tmp_path, "add", ".")
    (tmp_path / "link").symlink_to("kept")
    for folder in ("kept", "link", ".", "kept/../kept"):
        with pytest.raises(PipemeterError, match="git tracks"):
            refuse_tracked(tmp_path / folder)
    assert refuse_tracked(tmp_path / "ignored" / "deep") is None
    assert "git does not ignore" in str(refuse_tracked(tmp_path / "loose"))
    done = pipemeter("alertmanager", "render", "--out", "link", SLACK_WEBHOOK_URL=SLACK)
    assert done.code == 1
    assert "git tracks" in done.err
    assert (tmp_path / "kept" / "alertmanager.yml").read_text() == "ours"


def test_in_a_work_tree_without_git_to_ask_nothing_is_written(pipemeter: Pipemeter, tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    done = pipemeter("alertmanager", "render", "--out", "am", PATH="")
    assert done.code == 1
    assert "git does not say what it tracks" in done.err
    assert not (tmp_path / "am").exists()


def test_a_folder_that_cannot_be_written_is_one_sentence(pipemeter: Pipemeter, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = pipemeter("alertmanager", "render", "--out", "file/am")
    assert done.code == 1
    assert "cannot be written" in done.err


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


def test_a_severity_that_the_alert_does_not_have_is_refused(pipemeter: Pipemeter) -> None:
    done = pipemeter("alerts", "test", "--alert", "PipelineBypassRateHigh", "--severity", "critical")
    assert done.code == 2
    assert "--severity: critical: expected warning, which PipelineBypassRateHigh has" in done.err


@pytest.mark.parametrize(("verb", "option"), [("alerts test", "--url"), ("status", "--prometheus")])
def test_an_address_that_is_none_is_bad_usage(pipemeter: Pipemeter, verb: str, option: str) -> None:
    done = pipemeter(*verb.split(), option, "http://[::1")
    assert done.code == 2
    assert "has to begin with http:// or https:// and to name a host" in done.err


@pytest.mark.parametrize(
    "address", ["localhost:9093", "http://[::1", "http://a:99999", "http://", "http:// x", "ftp://a"]
)
def test_an_address_has_a_scheme_a_host_and_a_port_that_can_be(address: str) -> None:
    with pytest.raises(click.UsageError, match="such as http://usual:1"):
        server_address(address, "NO_SUCH_VARIABLE", "http://usual:1", "Alertmanager")
    assert server_address(None, "NO_SUCH_VARIABLE", "http://usual:1", "Alertmanager") == "http://usual:1"


def test_an_alertmanager_that_is_not_there_is_one_sentence_without_its_password(pipemeter: Pipemeter) -> None:
    done = pipemeter("alerts", "test", "--url", f"http://user:verysecret@127.0.0.1:{free_port()}")
    assert done.code == 1
    assert "does not answer: Connection refused\n" in done.err
    assert "secret" not in done.err


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (httpx.Response(404, html="<p>not\nfound</p>"), "HTTP 404 and a page instead of an answer"),
        (httpx.Response(400, json="bad\nlabels"), 'HTTP 400: "bad\\nlabels"'),
        (httpx.Response(500, text="first\nsecond"), "HTTP 500: first second"),
        (httpx.Response(502), "HTTP 502"),
    ],
    ids=["page", "json", "text", "empty"],
)
def test_what_an_alertmanager_refuses_is_said_on_one_line(answer: httpx.Response, said: str) -> None:
    with (
        AlertmanagerClient("http://a:9093", transport=httpx.MockTransport(lambda _: answer)) as client,
        pytest.raises(AlertmanagerError) as found,
    ):
        client.setup()
    assert said in str(found.value)
    assert "\n" not in str(found.value)


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
