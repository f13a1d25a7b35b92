"""How long boards take: a day of ten instances and a month of two, with the recorded series and without them.

    python -m bench.dashboards

Prometheus holds 24 h at one minute (10 instances, 6 content types, 4 versions of the configuration), then 30 days at 15
minutes (2 instances), and what the recording rules make of each. A board's time is that of all its queries, six at once
as a browser asks Grafana; beside it stands what they take one after the other. The peer are the same panels, asked of
the raw families.
"""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path

import httpx

from bench.history import Plan, told
from monitoring.compile.boards.files import boards, filled_in
from monitoring.compile.dashboards.drawn import DrawnBoard
from monitoring.compile.dashboards.queries import Query
from monitoring.targets.targets import Targets
from monitoring.wording.durations import parse_duration
from pipeline.domains.content.traffic import KINDS, Kind, Variant

BUDGET = {"24h": 1.5, "30d": 6.0}  # s a board
END = 1_700_060_400.0
TYPES = (*KINDS, Kind("interview", 0.1, 0.7, 140.0), Kind("lecture", 0.1, 0.8, 200.0))
VERSIONS = tuple(Variant(name, least, sure) for name, least, sure in
                 (("a", 0.60, 0.75), ("b", 0.65, 0.80), ("c", 0.70, 0.85), ("d", 0.75, 0.90)))  # fmt: skip
DAY = Plan(END, instances=10, items=10.0, kinds=TYPES, variants=VERSIONS)
MONTH = Plan(END, seconds=30 * 86_400.0, step=900.0, instances=2, items=1.0, kinds=TYPES, variants=VERSIONS)
_AT_ONCE = 6  # requests that a browser has open to one server
_RUNS = 3
_QUIET_LOOKS, _PAUSE = 4, 5.0  # so often, so many seconds apart, no compaction has ended: there is none any more

Request = tuple[str, dict[str, str | float]]


def main() -> int:
    """Print the figures; return 1 if a board exceeds its budget."""
    with tempfile.TemporaryDirectory() as folder:
        found = [_measured(Path(folder) / "day", "24h", DAY, 120)]
    with tempfile.TemporaryDirectory() as folder:
        found.append(_measured(Path(folder) / "month", "30d", MONTH, 3600))
    return int(not all(found))


def _measured(folder: Path, span: str, plan: Plan, step: int) -> bool:
    folder.mkdir()
    begun = time.perf_counter()
    month = plan is MONTH
    with told(folder, plan, Targets(), step=300.0 if month else 0.0, rewritten=_coarse if month else str) as url:
        _await_compaction(url)
        print(f"{span}: history told in {time.perf_counter() - begun:.0f} s, {_series(url):,} series")
        print(f"{'board':28}{'panels':>8}{'queries':>9}{'recorded':>11}{'in a row':>11}{'raw':>11}{'ratio':>8}")
        kept = [
            _compared(url, recorded, raw, span, plan.end, step)
            for recorded, raw in zip(boards(Targets()), boards(Targets(), recorded=False), strict=True)
        ]
    print(f"budget {BUDGET[span]:g} s a board: {'kept' if all(kept) else 'EXCEEDED'}\n", flush=True)
    return all(kept)


def _await_compaction(url: str) -> None:
    """Wait until Prometheus has put its blocks together, as it would have done while time passed."""
    pause, quiet, done = threading.Event(), 0, -1.0
    while quiet < _QUIET_LOOKS:
        pause.wait(_PAUSE)
        found = dict(line.rsplit(" ", 1) for line in httpx.get(f"{url}/metrics").text.splitlines() if line[0] != "#")
        before, done = done, float(found["prometheus_tsdb_compactions_total"])
        quiet = quiet + 1 if done == before else 0


def _coarse(expression: str) -> str:
    """Let a sum over five minutes find something in samples fifteen minutes apart."""
    return f"({expression.replace('[5m]', '[30m]')}) / 6" if "[5m]" in expression else expression


def _compared(url: str, board: DrawnBoard, raw: DrawnBoard, span: str, end: float, step: int) -> bool:
    asked = [_requests(one, span, end, step) for one in (board, raw)]
    fast, slow = (_seconds(url, requests, _AT_ONCE) for requests in asked)
    row = _seconds(url, asked[0], 1)
    counts = f"{len(board.panels):8}{len(asked[0]):9}"
    print(f"{board.name:28}{counts}{fast:9.2f} s{row:9.2f} s{slow:9.2f} s{slow / fast:8.1f}", flush=True)
    return fast <= BUDGET[span]


def _requests(board: DrawnBoard, span: str, end: float, step: int) -> list[Request]:
    """Return what Grafana asks for a board: path and form of each query."""
    return [_request(query, span, end, step) for panel in board.panels for query in panel.queries]


def _request(query: Query, span: str, end: float, step: int) -> Request:
    text = filled_in(query.expr, span)
    if query.now:
        return "/api/v1/query", {"query": text, "time": end}
    least = max(step, parse_duration(query.step) if query.step else 0)
    return "/api/v1/query_range", {"query": text, "start": end - parse_duration(span), "end": end, "step": least}


def _seconds(url: str, requests: Sequence[Request], at_once: int) -> float:
    """Return the best of some runs of all requests, so many at a time."""
    with httpx.Client(base_url=url, timeout=300) as client, ThreadPoolExecutor(at_once) as pool:
        return min(_run(client, pool, requests) for _ in range(_RUNS))


def _run(client: httpx.Client, pool: Executor, requests: Sequence[Request]) -> float:
    begun = time.perf_counter()
    for answer in pool.map(lambda request: client.post(request[0], data=request[1]), requests):
        answer.raise_for_status()
    return time.perf_counter() - begun


def _series(url: str) -> int:
    answer = httpx.get(f"{url}/api/v1/query", params={"query": 'count({__name__=~".+"})', "time": END})
    return int(answer.json()["data"]["result"][0]["value"][1])


if __name__ == "__main__":
    sys.exit(main())
