from __future__ import annotations

import asyncio
import math
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from monitoring.promql.rule_files import RuleError
from monitoring.replay.evaluation import Binary, Leaf, Present, Row, Rows, evaluate, rows_of, taken_apart
from monitoring.servers.prometheus import Series
from monitoring.servers.range_queries import Window
from tests.monitoring import rule_engine

WINDOW = Window(0, 4 * 60, 60)
NAN, INF = float("nan"), float("inf")


def row(*values: float | None) -> Row:
    return Row(np.array([v or 0.0 for v in values], dtype=np.float64), np.array([v is not None for v in values]))


LEAVES: dict[str, Rows] = {
    "a": {(): row(1, 2, None, 4, NAN), (("x", "1"),): row(5, 5, 5, 5, 5)},
    "b": {(): row(1, 1, 3, None, 0), (("x", "2"),): row(7, None, None, None, None)},
    "nothing": {},
}


class Server:
    """Gives the leaves and notes which were asked for, and at which times."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.wanted: list[list[int]] = []

    async def read(self, text: str, _: Window, wanted: Present) -> Rows:
        self.asked.append(text)
        self.wanted.append(np.flatnonzero(wanted).tolist())
        return LEAVES[text.partition("(")[0] if text not in LEAVES else text]


def found(expression: str) -> dict[str, list[float | None]]:
    rows = asyncio.run(evaluate(taken_apart(expression), WINDOW, Server().read))
    return {
        "".join(value for _, value in labels): [
            value if there else None for value, there in zip(one.values.tolist(), one.present.tolist(), strict=True)
        ]
        for labels, one in sorted(rows.items())
    }


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("a > 1", {"": [None, 2, None, 4, None], "1": [5, 5, 5, 5, 5]}),
        ("2 >= a", {"": [1, 2, None, None, None]}),
        ("a - 1 > 2", {"": [None, None, None, 3, None], "1": [4, 4, 4, 4, 4]}),
        ("8 / b", {"": [8, 8, 8 / 3, None, INF], "2": [8 / 7, None, None, None, None]}),
        ("a * b", {"": [1, 2, None, None, NAN]}),
        ("a >= b", {"": [1, 2, None, None, None]}),
        ("a and b > 0", {"": [1, 2, None, None, None]}),
        ("a unless b", {"": [None, None, None, 4, None], "1": [5, 5, 5, 5, 5]}),
        ("b or a", {"": [1, 1, 3, 4, 0], "1": [5, 5, 5, 5, 5], "2": [7, None, None, None, None]}),
        ("(b or 0 * a) / (a > 0)", {"": [1, 0.5, None, 0, None], "1": [0, 0, 0, 0, 0]}),
        ("a == 9", {}),
        ("nothing or nothing", {}),
    ],
)  # fmt: skip
def test_comparisons_arithmetic_and_sets_are_worked_out_here(
    expression: str, expected: dict[str, list[float | None]]
) -> None:
    assert repr(found(expression)) == repr(
        {k: [None if v is None else float(v) for v in w] for k, w in expected.items()}
    )


@pytest.mark.parametrize(
    "expression",
    ["sum(a) > bool 1", "a and on (x) b", "a / ignoring (x) group_left b", "a ^ 2", "a % 2", "-a", "a > time()", "2 * 3",
     "a > 2 * 3", "a + scalar(b)"],
)  # fmt: skip
def test_what_is_not_plain_is_left_to_the_server(expression: str) -> None:
    assert isinstance(taken_apart(expression), Leaf)


def test_a_condition_is_taken_apart_down_to_its_functions() -> None:
    node = taken_apart("(sum(rate(x[5m])) / sum(rate(y[1h]))) > 0.5 and sum(increase(y[3d])) > 20")
    assert isinstance(node, Binary)
    assert node.cost == 301 + 3601 + 259_201


def test_the_dear_side_of_an_and_is_not_read_where_the_cheap_one_has_nothing() -> None:
    for expression in ("a(x[3d]) > 1 and nothing", "nothing and a(x[3d]) > 1"):
        server = Server()
        tree = taken_apart(expression.replace("a(", "rate("))
        assert asyncio.run(evaluate(tree, WINDOW, server.read)) == {}
        assert server.asked == ["nothing"]


@pytest.mark.parametrize(
    ("expression", "asked"),
    [
        ("rate(x[3d]) > 9 and rate(b[1d]) > 2 and a < 5", ["a", "b 0 1 3", "x 0"]),
        ("rate(x[3d]) and (a > 1 and rate(b[5m]))", ["a", "b 1 2 3", "x 1"]),
        ("rate(b[1d]) / (a > 3)", ["a", "b 2 3"]),
        ("rate(x[1h]) - rate(b[1d]) unless a", ["x", "b 0", "a 0"]),
        ("rate(b[1d]) unless rate(x[1h])", ["b", "x 0 1 2 4"]),
        ("b or rate(x[1h])", ["b", "x 0 1 2 3 4"]),
    ],
)  # fmt: skip
def test_what_comes_later_is_read_only_at_the_times_that_still_matter(expression: str, asked: list[str]) -> None:
    leaves: dict[str, Rows] = {
        "a": {(): row(1, 2, None, 4, NAN), (("x", "1"),): row(None, None, 9, None, None)},
        "b": {(): row(3, 1, 3, None, 0)},
        "x": {(): row(10, None, None, None, None)},
    }
    noted: list[str] = []

    async def read(text: str, _: Window, wanted: Present) -> Rows:
        name = next(name for name in leaves if name in text.replace("rate", ""))
        noted.append(" ".join([name, *map(str, np.flatnonzero(wanted))]) if noted else name)
        return leaves[name]

    asyncio.run(evaluate(taken_apart(expression), WINDOW, read))
    assert noted == asked


def test_nothing_is_there_at_times_that_were_not_wanted() -> None:
    wanted = np.array([False, True, False, True, False])
    for expression in ("a", "a or b", "a unless nothing", "a - 1", "a and a"):
        rows = asyncio.run(evaluate(taken_apart(expression), WINDOW, Server().read, wanted))
        assert [one.present.tolist() for one in rows.values()] == [wanted.tolist()] * len(rows)
        assert rows


def test_series_that_differ_in_their_name_alone_are_refused() -> None:
    both = [Series({"__name__": name, "x": "1"}, [(60.0, 2.0)]) for name in ("a", "b")]
    with pytest.raises(RuleError, match="differ in their name alone"):
        rows_of(both, WINDOW)
    one_after_the_other = [both[0], Series({"__name__": "b", "x": "1"}, [(120.0, 3.0)])]
    (only,) = rows_of(one_after_the_other, WINDOW).values()
    assert (only.values[1:3].tolist(), only.present.tolist()) == ([2.0, 3.0], [False, True, True, False, False])


@rule_engine.NEEDED
def test_random_expressions_give_what_prometheus_gives(tmp_path: Path) -> None:
    rng = random.Random(7)
    points = 6
    window = Window(0, (points - 1) * 60, 60)
    given: list[dict[str, str]] = []
    leaves: dict[str, Rows] = {}
    for name in ("a", "b", "c"):
        leaves[name] = {}
        for labels in (dict[str, str](), {"x": "1"}, {"x": "2"}):
            values = [rng.choice(["0", "1", "2", "-3", "0.25", "NaN", "stale"]) for _ in range(points)]
            given.append(rule_engine.series(name, labels, values))
            numbers = [None if value == "stale" else float(value) for value in values]
            leaves[name][tuple(labels.items())] = row(*numbers)

    async def read(text: str, _: Window, wanted: Present) -> Rows:
        """Tell more than was asked for, half the time, and nothing else the other half."""
        told = wanted | (rng.random() < 0.5)
        return {labels: Row(one.values, one.present & told) for labels, one in leaves[text].items()}

    tests: list[dict[str, Any]] = []
    for _ in range(300):
        expression = _random(rng, 3)
        node = taken_apart(expression)
        rows = asyncio.run(evaluate(node, window, read))
        at = rng.randrange(points)
        samples = [
            {
                "labels": f"{{{', '.join(f'{k}={v!r}' for k, v in labels)}}}".replace("'", '"'),
                "value": float(one.values[at]),
            }
            for labels, one in rows.items()
            if one.present[at] and math.isfinite(one.values[at])  # promtool cannot be told of others
        ]
        finite = f"({expression}) * 1 > -Inf < Inf"
        tests.append({"expr": finite, "eval_time": f"{at}m", "exp_samples": samples})
    assert sum(bool(test["exp_samples"]) for test in tests) > 60
    assert rule_engine.check(tmp_path, [], given, 60, tests) == ""


def _random(rng: random.Random, depth: int) -> str:
    if depth == 0 or rng.random() < 0.1:
        return rng.choice("abc")
    operator = rng.choice(["+", "-", "*", "/", ">", "<", ">=", "<=", "==", "!=", "and", "and", "or", "unless"])
    left, right = (f"({_random(rng, depth - 1)})" for _ in range(2))
    if operator not in ("and", "or", "unless") and rng.random() < 0.4:
        number = rng.choice(["0", "1", "-2", "0.5"])
        return f"{number} {operator} {right}" if rng.random() < 0.5 else f"{left} {operator} {number}"
    return f"{left} {operator} {right}"


def test_what_a_server_answers_beyond_the_window_is_left_out() -> None:
    found = rows_of([Series({"a": "1"}, [(0.0, 7.0), (60.0, 8.0), (180.0, 9.0)])], Window(60, 120, 60))
    (row,) = found.values()
    assert (row.values.tolist(), row.present.tolist()) == ([8.0, 0.0], [True, False])
