"""`pipemeter simulate`: realistic traffic for an exporter, so that dashboards and alerts can be seen at work."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from pipeline.domains.catalogue import domains
from pipeline.events import ItemFailed
from pipeline.metrics.domain import Dials, Traffic
from pipeline.recording.environment import DEFAULT_URL, exporter_address
from pipeline.recording.recorder import Recorder
from pipemeter import exits
from pipemeter.logs import configure_logs
from pipemeter.options import Within
from pipemeter.stopping import Stop, stopping

_TICK = 0.1  # s between bursts: traffic is even enough for any scrape interval


@click.command("simulate")
@click.option("--url", default=None, help=f"The exporter.  [default: DASHBOARD_API_URL, else {DEFAULT_URL}]")
@click.option("--seconds", type=Within(0, 604_800), default=60.0, show_default=True, help="0: until Ctrl-C.")
@click.option("--rate", type=Within(0.01, 2000), default=5.0, show_default=True, help="Items a second.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed makes the same items.")
@click.option("--fail", type=Within(0, 1), default=0.005, show_default=True, help="Share of items that fail.")
@click.option("--quality", type=Within(-1, 1), default=0.0, show_default=True, help="Shifts all quality scores.")
@click.option("--shadow", type=Within(0, 1), default=0.02, show_default=True, help="Share of skipped items judged.")
@click.option("--json", "as_json", is_flag=True, help="The closing figures as one JSON line.")
def command(
    url: str | None,
    seconds: float,
    rate: float,
    seed: int,
    fail: float,
    quality: float,
    shadow: float,
    as_json: bool,
) -> int:
    """Send realistic traffic of every kind of event to an exporter.

    Two configurations (conservative, aggressive), four content types, all checkpoints, failures, faults and a shadow
    sample. Exit code 1 if something could not be delivered.
    """
    configure_logs()
    from pipeline.recording.push import PushRecorder

    target, token = exporter_address(url)
    dials = Dials(fail, quality, shadow)
    # each with dice of its own, so that one domain more leaves the others' traffic as it is
    traffic = [domain.traffic(random.Random(seed), dials) for domain in domains() if domain.traffic]  # noqa: S311 - no secret
    with stopping("stopping; what is under way is delivered") as stop, PushRecorder(target, token=token) as recorder:
        figures = _send(recorder, traffic, seconds, rate, stop)
    dropped = sum(recorder.dropped.values())
    spooled = max(0, figures["events"] - recorder.delivered - dropped)
    figures |= {"delivered": recorder.delivered, "dropped": dropped, "spooled": spooled}
    if as_json:
        click.echo(msgspec.json.encode({"url": target, **figures}).decode())
    else:
        click.echo(
            f"{figures['items']} items ({figures['failed_items']} failed), {figures['events']} events to {target}: "
            f"{figures['delivered']} delivered, {figures['dropped']} dropped, {figures['spooled']} waiting on disk"
        )
    return 0 if figures["delivered"] >= figures["events"] else exits.FAILED


def _send(recorder: Recorder, traffic: Sequence[Traffic], seconds: float, rate: float, stop: Stop) -> dict[str, int]:
    items = events = failed = 0
    started = time.monotonic()
    for event in (first := [event for one in traffic for event in one.start()]):
        recorder.record(event)
    events += len(first)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("sending", total=seconds or None)
        while not stop.event.is_set():
            elapsed = time.monotonic() - started
            due = int((min(elapsed, seconds) if seconds else elapsed) * rate)
            while items < due:
                batch = [event for one in traffic for event in one.item()]
                recorder.record_many(batch)
                items, events = items + 1, events + len(batch)
                failed += any(isinstance(event, ItemFailed) for event in batch)
            if seconds and elapsed >= seconds:
                break
            progress.update(task, completed=elapsed, description=f"{items} items sent")
            stop.event.wait(_TICK)
    return {"items": items, "failed_items": failed, "events": events}
