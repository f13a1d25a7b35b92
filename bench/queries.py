"""What the commands that read Prometheus cost, at 30 days and 10,000 series.

python -m bench.queries [--days 30] [--instances 3] [--spacing 1800]

A simulated history is told to a real Prometheus: what alerts read every minute, all else every `--spacing` seconds (all
of it every minute would be 430 million samples), and every five minutes what the recording rules make of it. Each
command is run as a user runs it, with a window of all the history. The peer, measured in the same run, is what one
would do without them: fetch the raw buckets of the quality scores hour by hour.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import promql_parser as promql

from bench.backfill import Series, backfill, running_prometheus
from bench.history import Plan, recorded
from bench.servers import ROOT
from bench.worlds import Arm, World, decide, draw, series
from monitoring.alerts.plan import plan_of
from monitoring.promql.inlining import inlined
from monitoring.promql.rule_files import Rules, read_rules
from monitoring.promql.selectors import matchers, raw_selectors
from monitoring.replay.recorded_series import reached
from monitoring.servers.prometheus import PrometheusClient
from monitoring.targets.targets import Targets

Told = Callable[[dict[str, Any]], str]  # from a command's JSON to a few words
_ARMS = (
    Arm("conservative", (0.70, 0.60, 0.60, 0.60), share=0.5),
    Arm("aggressive", (0.60, 0.60, 0.60, 0.60), share=0.5),
)
_ITEMS_A_DAY = 2000  # of one instance
_MINUTE, _RECORDED = 60.0, 300.0  # s between samples of what alerts read, and of what rules record
_SUFFIXES = ("_bucket", "_count", "_sum")
_ONE = ("backtest", "--alert", "PipelineQualityScoreLow")


def _items(document: dict[str, Any]) -> str:
    totals = (document.get("overview") or document)["totals"]
    return f"{totals['items']:,.0f} items"


def _firings(document: dict[str, Any]) -> str:
    fired = sum(len(one["firings"]) for one in document["alerts"])
    return f"{fired} firings, evaluated every {document['window']['step']} s"


COMMANDS: Sequence[tuple[Sequence[str], Told]] = (
    (("status",), _items),
    (("report",), _items),
    (("tune", "--by", "content_type"), lambda d: f"{d['items']:,} items of one configuration"),
    (("compare", "conservative", "aggressive"), lambda d: f"{sum(d['items'].values()):,} items, {d['decision']}"),
    (("snapshot", "--step", "1h", "--output", "all.om.gz"), lambda d: f"{d['samples']:,} samples"),
    (_ONE, _firings),
    ((*_ONE, "--recorded"), _firings),
    (("backtest",), _firings),
    (("backtest", "--recorded"), _firings),
)


def main() -> int:
    """Print the figures; return 1 if a command failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--instances", type=int, default=3)
    parser.add_argument("--spacing", type=float, default=1800.0, help="seconds between scrapes of what no alert reads")
    given = parser.parse_args()
    end = float(int(time.time()) // 300 * 300)  # commands look back from now
    plan, rules = (
        Plan(end, given.days * 86_400.0, given.spacing, given.instances),
        read_rules(plan_of(Targets()).groups),
    )
    with tempfile.TemporaryDirectory() as name:
        folder, started = Path(name), time.perf_counter()
        backfill(history(plan, rules), folder)
        for of_signals in (False, True):  # which are made of what was recorded first, the sums
            _record(
                folder, plan, [rule for rule in _needed(rules) if rule["record"].startswith("pipeline:") == of_signals]
            )
        with running_prometheus(folder) as url:
            count = asyncio.run(PrometheusClient(url).query("count({job='pipeline'})", end))[0].value
            took = time.perf_counter() - started
            print(
                f"{count:,.0f} series, {given.days} days every {given.spacing:.0f} s; told in {took:.0f} s", flush=True
            )
            return int(not _measured(url, plan, folder))


def _record(folder: Path, plan: Plan, rules: Sequence[dict[str, Any]]) -> None:
    with running_prometheus(folder) as url:
        found = list(recorded(url, rules, plan, _RECORDED))
    backfill(found, folder)


def _needed(rules: Rules) -> list[dict[str, Any]]:
    """Return the recording rules that alerts read, through others too."""
    every = [dict(rule) for group in plan_of(Targets()).groups for rule in group["rules"]]
    return [rule for rule in every if rule.get("record") in reached(rules)]


def history(plan: Plan, rules: Rules) -> Iterator[Series]:
    """Yield the series of all instances, each with items of its own."""
    start, world, read = plan.end - plan.seconds, World(arms=_ARMS), _read(rules)
    minutes, seldom = (np.arange(start, plan.end + 1, step) for step in (_MINUTE, plan.step))
    families = {str(one.name).removesuffix(suffix) for one in read for suffix in ("", *_SUFFIXES)}
    for n in range(plan.instances):
        drawn = draw(world, np.random.default_rng(n), round(_ITEMS_A_DAY * plan.seconds / 86_400), plan.seconds)
        finished = decide(world, drawn)
        target = {"job": "pipeline", "instance": f"exporter-{n}:8000"}
        yield Series("up", target, minutes, np.ones(len(minutes)))
        often = series(finished, minutes, start=start, families=families, labels=target)
        yield from (one for one in often if any(_selects(selector, one) for selector in read))
        others = series(finished, seldom, start=start, labels=target)
        yield from (one for one in others if not any(_selects(selector, one) for selector in read))


def _read(rules: Rules) -> list[promql.VectorSelector]:
    """Return the raw series that alerts read."""
    texts = {text for rule in rules.alerting for text in raw_selectors(inlined(rule.expression, rules.recording))}
    found = [promql.parse(text) for text in sorted(texts)]
    return [one for one in found if isinstance(one, promql.VectorSelector)]


def _selects(selector: promql.VectorSelector, one: Series) -> bool:
    """Tell whether a selector, of those that alerts use (`=` and `=~`), finds a series."""
    given = {matcher.name: matcher.value for matcher in matchers(selector)}
    return selector.name == one.name and all(re.fullmatch(v, one.labels.get(k, "")) for k, v in given.items())


def _measured(url: str, plan: Plan, folder: Path) -> bool:
    began = time.perf_counter()
    found = asyncio.run(
        PrometheusClient(url, timeout_seconds=600.0).query_range(
            "pipeline_quality_score_bucket", plan.end - plan.seconds, plan.end, 3600
        )
    )
    peer = time.perf_counter() - began
    points = sum(len(one.points) for one in found)
    print(f"{'raw buckets, hour by hour (peer)':52}{peer:8.1f} s{'':9}{len(found):,} series, {points:,} points")
    went_well = [_run(command, told, url, plan, folder, peer) for command, told in COMMANDS]
    return all(went_well)


def _run(command: Sequence[str], told: Told, url: str, plan: Plan, folder: Path, peer: float) -> bool:
    arguments = [*command, "--window", f"{plan.seconds:.0f}s", "--json", "--prometheus", url]
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "pipemeter", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - began
    fine = done.returncode in (0, 3)
    words = told(json.loads(done.stdout)) if fine else f"FAILED: {done.stderr.strip()}"
    print(f"{' '.join(command):52}{seconds:8.1f} s{seconds / peer:8.2f}x {words}", flush=True)
    return fine


if __name__ == "__main__":
    sys.exit(main())
