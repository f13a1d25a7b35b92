"""`pipemeter backtest`: what the alerts would have done, replayed over recorded history."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from monitoring.alerts.plan import plan_of
from monitoring.promql.rule_files import Rules, read_rules
from monitoring.replay.backtest import AlertReport, chosen, differences, reports
from monitoring.replay.recorded_series import Recorded
from monitoring.replay.replayer import Replayer
from monitoring.servers.range_queries import RangeReader, Window
from monitoring.targets.targets import default_path, load_targets
from monitoring.wording.durations import format_duration
from pipeline.errors import ConfigError, PipemeterError, Problem
from pipeline.yaml_file import nearest
from pipemeter import exits
from pipemeter.asking import Duration, Time, answered, client_for, prometheus_option
from pipemeter.logs import configure_logs
from pipemeter.options import monitoring_file
from pipemeter.tables.backtest import Outcome, show

LONGEST = 400 * 86_400  # s
BUILT_IN = "built-in targets"
_STEPS = (60, 120, 300, 600, 900, 1800, 3600)  # s
_EVALUATIONS = 7 * 1440  # about as many as a week has minutes are made unless --step says otherwise


def fitting_step(window: int) -> int:
    """Return how often rules are evaluated unless somebody says so (s): every minute up to a week, seldomer beyond."""
    return next((step for step in _STEPS if window <= _EVALUATIONS * step), _STEPS[-1])


@click.command("backtest")
@click.option("--alert", metavar="NAME", default=None, help="Only the alerts of this name.")
@monitoring_file
@click.option(
    "--against", metavar="current|FILE", default=None, help="Compare with the current targets, or with a file."
)
@click.option("--window", type=Duration(60, LONGEST), default="7d", show_default=True, help="How far to look back.")
@click.option("--at", type=Time(), help="Where the window ends.  [default: now]")
@click.option("--step", type=Duration(1, LONGEST),
              help="The evaluation interval of the rules.  [default: 1m, longer beyond a week]")  # fmt: skip
@click.option("--recorded", is_flag=True, help="Read what the recording rules recorded, wherever that has no gap.")
@prometheus_option
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def command(alert: str | None, config_file: Path | None, against: str | None, window: int, at: float | None,
            step: int | None, recorded: bool, prometheus: str | None, as_json: bool) -> int:  # fmt: skip
    """Replay alert rules over recorded history: every firing with start, end and peak.

    The rules are those that `compile` makes of the targets, recording rules inlined: only the raw metrics have to be
    there. Exit code 3 if some alerts could not be replayed.
    """
    configure_logs()
    step = step or fitting_step(window)
    if step > window:
        raise click.UsageError(f"--step {format_duration(step)} is longer than --window {format_duration(window)}")
    if against == "current" and config_file is None:
        raise click.UsageError("--against current compares another configuration: name it with --config FILE")
    client = client_for(prometheus)
    path = config_file or default_path()
    other = default_path() if against == "current" else Path(against or "")
    compared = [_rules(path, alert)]
    if against is not None:
        compared.append(_rules(other, alert, compared[0]))
    span = Window.ending(time.time() if at is None else at, window, step)
    found, series = _replay(RangeReader(client), compared, span, recorded)
    outcome = Outcome(span, client.shown_url, str(path or BUILT_IN), found[0], _not_judged(found[0]), recorded=series)
    if against is not None:
        difference = differences(*found)
        outcome = msgspec.structs.replace(outcome, against=str(other or BUILT_IN), difference=difference)
    if as_json:
        click.echo(msgspec.json.encode(outcome).decode())
    else:
        show(Console(highlight=False), outcome)
    return exits.SOME_FAILED if any(report.error for of_one in found for report in of_one) else 0


def _rules(path: Path | None, alert: str | None, beside: Rules | None = None) -> Rules:
    """Return the rules that the targets ask for; an alert that neither they nor those beside have is refused."""
    rules = read_rules(plan_of(load_targets(path)).groups)
    found = chosen(rules, alert)
    if alert is not None and not found.alerting and not (beside and beside.alerting):
        names = {rule.name for rule in rules.alerting}
        raise ConfigError([Problem("command line", None, "--alert", alert, nearest(alert, names))])
    return found


def _not_judged(found: list[AlertReport]) -> list[str]:
    return list(dict.fromkeys(report.alert for report in found if not report.judged and not report.error))


def _replay(
    reader: RangeReader, compared: list[Rules], window: Window, recorded: bool
) -> tuple[list[list[AlertReport]], list[Recorded] | None]:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:

        async def every() -> tuple[list[list[AlertReport]], list[Recorded] | None]:
            replayer = Replayer(reader, window)
            known = [await replayer.recorded(rules) if recorded else [] for rules in compared]
            found = [
                reports(await replayer.replay(rules, _noted(progress, rules), series))
                for rules, series in zip(compared, known, strict=True)
            ]
            return found, list({one.name: one for series in known for one in series}.values()) if recorded else None

        found, series = answered(every())
    if found[0] and all(report.error for report in found[0]):
        raise PipemeterError(f"no alert could be replayed; {found[0][0].alert}: {found[0][0].error}")
    return found, series


def _noted(progress: Progress, rules: Rules) -> Callable[[int, int], None]:
    task = progress.add_task(f"replaying {len(rules.alerting)} alerts", total=None)
    return lambda done, total: progress.update(task, completed=done, total=total)
