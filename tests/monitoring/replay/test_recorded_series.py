"""What a history holds of recorded series, and what is done where it does not."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from bench.backfill import Series, backfill, running_prometheus
from monitoring.promql.rule_files import RecordingRule, Rules, read_rules
from monitoring.replay.backtest import AlertReport, reports
from monitoring.replay.evaluation import Leaf
from monitoring.replay.recorded_series import Expression, Recorded
from monitoring.replay.replayer import Replayer
from monitoring.servers.prometheus import PrometheusClient
from monitoring.servers.range_queries import RangeReader, Window
from tests.monitoring import rule_engine

START, STEP = 1_700_006_400, 60
WINDOW = Window(START, START + 120 * STEP, STEP)
RULES = {
    "whole": "sum(increase(raw_total[5m]))",
    "holed": "sum(increase(raw_total[6m]))",
    "late": "sum(increase(raw_total[7m]))",
    "newborn": "sum(increase(young_total[5m]))",
    "brief": "sum(increase(raw_total[8m]))",
    "never": "sum(increase(raw_total[9m]))",
    "seldom": "sum(increase(raw_total[14m]))",
    "ranged": "sum(increase(raw_total[10m]))",
    "moved": "sum(increase(raw_total[11m]))",
    "inner": "sum(increase(raw_total[12m]))",
    "outer": "inner / (sum(increase(young_total[5m])) > 0)",
    "unread": "sum(increase(raw_total[13m]))",
}
ALERTS = ["whole > 999", "holed > 999", "late > 999", "newborn > 999", "brief > 999", "never > 999", "seldom > 999", "outer > 999",
          "max_over_time(ranged[10m]) > 999", "moved offset 5m > 999"]  # fmt: skip


def rules(alerts: Sequence[str] = ALERTS) -> Rules:
    recording = [{"record": name, "expr": text} for name, text in RULES.items()]
    alerting = [{"alert": f"A{n}", "expr": text} for n, text in enumerate(alerts)]
    return read_rules([{"name": "g", "rules": [*recording, *alerting]}])


def series(name: str, *spans: tuple[int, int], value: float | None = None) -> Series:
    """Return a series with samples 20 s before the evaluations of these spans: a counter, or of one value."""
    index = np.array([n for first, last in spans for n in range(first, last + 1)], dtype=np.float64)
    values = index - index[0] if value is None else np.full(len(index), value)
    return Series(name, {"job": "x"} if value is None else {}, START + STEP * index - 20, values)


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusClient]:
    folder = tmp_path_factory.mktemp("recorded")
    backfill(
        [
            series("raw_total", (-2000, 120)),
            series("young_total", (51, 120)),
            series("whole", (-3, 120), value=1.0),
            series("holed", (-3, 40), (42, 80), (91, 120), value=1.0),
            series("late", (30, 120), value=1.0),
            series("newborn", (52, 120), value=1.0),  # its first increase needs two samples
            series("brief", (-3, 100), value=1.0),
            series("seldom", *((n, n) for n in range(0, 120, 2)), value=1.0),
            series("ranged", (-3, 120), value=1.0),
            series("moved", (-3, 120), value=1.0),
            series("inner", (-3, 120), value=1.0),
            series("outer", (60, 120), value=1.0),
            series("unread", (-3, 120), value=1.0),
        ],
        folder,
    )
    with running_prometheus(folder) as url:
        yield PrometheusClient(url)


@rule_engine.NEEDED
def test_it_is_told_what_was_recorded_at_every_time_and_what_was_not(prometheus: PrometheusClient) -> None:
    async def find() -> list[Recorded]:
        return await Replayer(RangeReader(prometheus), WINDOW).recorded(rules())

    found = {one.name: one for one in asyncio.run(find())}
    begin = START - STEP  # a rule without `for` looks back one evaluation

    def gap(first: int, last: int) -> tuple[int, int]:
        return START + first * STEP, START + last * STEP

    assert found == {
        "whole": Recorded("whole"),
        "holed": Recorded("holed", (gap(41, 41), gap(81, 90))),
        "late": Recorded("late", ((begin, START + 29 * STEP),)),
        "newborn": Recorded("newborn"),  # before, there was nothing to record
        "brief": Recorded("brief", (gap(101, 120),)),
        "never": Recorded("never", reason="not recorded"),
        "seldom": Recorded("seldom", reason="recorded less often than every 1m"),
        "inner": Recorded("inner"),
        "outer": Recorded("outer", ((begin, START + 59 * STEP),)),  # its first result was due at 52
        "ranged": Recorded("ranged", reason="read with a range or an offset"),
        "moved": Recorded("moved", reason="read with a range or an offset"),
    }


@rule_engine.NEEDED
def test_what_was_recorded_is_read_and_only_where_all_of_a_piece_was(prometheus: PrometheusClient) -> None:
    """The raw counter rises by 1 a minute; what was recorded, 1, is what rules of another kind would have recorded."""

    async def replay(recorded: bool) -> list[AlertReport]:
        replayer = Replayer(RangeReader(prometheus), WINDOW, piece=30)
        mine = rules(["holed < 3", "outer > 999"])
        return reports(await replayer.replay(mine, None, await replayer.recorded(mine) if recorded else []))

    for one in asyncio.run(replay(False)):
        assert (one.firings, one.recorded) == ((), ())
    holed, outer = asyncio.run(replay(True))
    pieces = [(START + first * STEP, START + last * STEP) for first, last in ((0, 29), (119, 120))]
    assert [(one.start, one.end) for one in holed.firings] == pieces
    assert (holed.recorded, outer.recorded) == (("holed",), ("inner", "outer"))


def test_an_expression_reads_what_covers_a_piece_and_inlines_the_rest() -> None:
    recording = [RecordingRule("a", "sum(x)"), RecordingRule("b", "sum(y)")]
    recorded = [Recorded("a", ((600, 660),)), Recorded("b", reason="not recorded")]
    expression = Expression("sum(a + b)", recording, recorded, 60)
    texts = []
    for piece in (Window(0, 540, 60), Window(540, 600, 60), Window(720, 900, 60)):
        node = expression.over(piece)
        assert isinstance(node, Leaf)
        texts.append(" ".join(node.text.split()).replace("( ", "(").replace(" )", ")"))
    assert texts == ["sum(a + sum(y))", "sum(sum(x) + sum(y))", "sum(a + sum(y))"]
    assert expression.read == {"a"}
