"""`pipemeter alerts test`: a test alert through the real Alertmanager to the real channels."""

from __future__ import annotations

import secrets
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import msgspec

from monitoring.delivery.alertmanager import DEFAULT_URL, AlertmanagerClient, AlertmanagerError, Delivered, Setup
from monitoring.delivery.samples import DEFAULT_ALERT, Sample, alert_named, marks_of_a_test, sample
from monitoring.targets.targets import default_path, load_targets
from pipemeter import exits
from pipemeter.addresses import server_address
from pipemeter.options import monitoring_file
from pipemeter.stopping import stopping

_GRACE = 60.0  # s that the test lasts beyond group_wait, so that it still fires when it is told
_PATIENCE = 20.0  # s beyond group_wait for deliveries to end
_TAKEN = 5.0  # s for an alert that was taken to be listed
_TICK = 0.2  # s between looks


class Report(msgspec.Struct, frozen=True):
    """What became of a test alert. `delivered`: None as long as nobody waited. Times in Unix seconds."""

    alertmanager: str
    alert: str
    labels: dict[str, str]
    starts_at: float
    ends_at: float
    receivers: list[str]
    state: str
    silenced_by: list[str]
    deliveries: list[dict[str, Any]] | None = None
    delivered: bool | None = None


@click.group("alerts")
def command() -> None:
    """Send a test alert through the real Alertmanager."""


@command.command("test")
@click.option("--alert", "name", metavar="NAME", help=f"The alert to imitate.  [default: {DEFAULT_ALERT}]")
@click.option("--severity", type=click.Choice(["critical", "warning", "info"]), help="Where the alert has several.")
@click.option("--url", metavar="URL", help=f"Alertmanager.  [default: ALERTMANAGER_URL, else {DEFAULT_URL}]")
@click.option("--wait", is_flag=True, help="Wait for the deliveries and say how they went.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@monitoring_file
def run_test(
    name: str | None, severity: str | None, url: str | None, wait: bool, as_json: bool, config_file: Path | None
) -> int:
    """Send an alert marked as a test; it goes the way of the real one and ends by itself.

    Exit code 1 if Alertmanager does not take it, or with --wait nothing was delivered; 3 if only some was.
    """
    targets = load_targets(config_file or default_path())
    alert = alert_named(targets, name, severity)
    address = server_address(url, "ALERTMANAGER_URL", DEFAULT_URL, "Alertmanager")
    with AlertmanagerClient(address) as client:
        setup, before, now = client.setup(), client.delivered(), time.time()
        test = sample(alert, targets, now, now + setup.group_wait + _GRACE, marks_of_a_test(secrets.token_hex(4)))
        client.post([test])
        report = _report(client, test)
        if wait and report.state != "active":
            report = msgspec.structs.replace(report, delivered=False)
        elif wait:
            report = _await(client, setup, before, report)
    click.echo(msgspec.json.encode(report).decode() if as_json else _told(report, setup))
    return _exit_code(report)


def _report(client: AlertmanagerClient, test: Sample) -> Report:
    rows: list[dict[str, Any]] = []

    def listed() -> bool:
        rows[:] = client.alerts(test_id=test.labels["test_id"])
        return bool(rows) and rows[0]["status"]["state"] != "unprocessed"

    if not _until(listed, _TAKEN) and not rows:
        raise AlertmanagerError(f"{client.shown_url} took the test alert, but does not list it")
    status = rows[0]["status"]
    return Report(
        client.shown_url,
        test.labels["alertname"],
        dict(test.labels),
        test.starts_at,
        test.ends_at or test.starts_at,
        [receiver["name"] for receiver in rows[0]["receivers"]],
        "active" if status["state"] == "unprocessed" else status["state"],
        [*status["silencedBy"], *status["inhibitedBy"]],
    )


def _await(client: AlertmanagerClient, setup: Setup, before: dict[str, Delivered], report: Report) -> Report:
    expected = Counter(kind for receiver in report.receivers for kind in setup.receivers.get(receiver, ()))
    found: list[dict[str, Any]] = []

    def over() -> bool:
        after = client.delivered()
        found[:] = [
            _delivery(kind, n, before.get(kind, Delivered()), after.get(kind, Delivered()))
            for kind, n in expected.items()
        ]
        return all(row["sent"] >= row["expected"] or row["failed"] for row in found)

    note = f"waiting for deliveries (group_wait is {setup.group_wait} s)"
    _until(over, setup.group_wait + _PATIENCE, note)
    delivered = all(row["sent"] >= row["expected"] for row in found)
    return msgspec.structs.replace(report, deliveries=found, delivered=delivered)


def _delivery(kind: str, expected: int, before: Delivered, after: Delivered) -> dict[str, Any]:
    failed = after.failed - before.failed
    sent = after.attempts - before.attempts - failed
    return {"integration": kind, "expected": expected, "sent": sent, "failed": failed}


def _until(condition: Callable[[], bool], seconds: float, note: str = "") -> bool:
    """Look again and again until something holds, at most so long; Ctrl-C or SIGTERM ends the command."""
    with stopping("interrupted") as stop:
        if note:
            click.echo(f"pipemeter: {note}", err=True)
        end = time.monotonic() + seconds
        while not (held := condition()) and time.monotonic() < end and not stop.event.wait(_TICK):
            pass
    if stop.code:
        raise click.exceptions.Exit(stop.code)
    return held


def _told(report: Report, setup: Setup) -> str:
    name = f"{report.alert} ({report.labels['severity']})"
    lines = [f"{name} sent to {report.alertmanager} as a test; receivers: {', '.join(report.receivers)}"]
    if report.state != "active":
        lines.append(f"it is {report.state} (by {', '.join(report.silenced_by)}): nobody is told")
    elif report.deliveries is None:
        lines.append(f"messages leave after group_wait ({setup.group_wait} s); --wait says whether they arrive")
    for row in report.deliveries or ():
        tail = (
            f", {row['failed']} attempt{'' if row['failed'] == 1 else 's'} failed (its log says why; it goes on trying)"
            if row["failed"]
            else ""
        )
        lines.append(f"{row['integration']}: {row['sent']} of {row['expected']} delivered{tail}")
    if report.deliveries == []:
        lines.append("these receivers have no integration: nobody is told")
    return "\n".join(lines)


def _exit_code(report: Report) -> int:
    if report.delivered is None or (report.delivered and report.deliveries):
        return 0
    return exits.SOME_FAILED if any(row["sent"] for row in report.deliveries or ()) else exits.FAILED
