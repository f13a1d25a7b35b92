"""Intervals as a user sees them, of senders that tell little, in a real Prometheus; what is true is known."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.backfill import Series, backfill, running_prometheus
from tests.monitoring.senders import Sender, scores, told
from tests.pipemeter.conftest import Pipemeter
from tests.weeks import NEEDED

pytestmark = NEEDED
DAY = 86_400.0
SHARES = (
    "bypass_rate",
    "quality_interval",
    "time_savings",
    "expected_bypass_rate",
    "expected_time_savings",
    "interval",
)


def senders(end: float) -> dict[str, Sender]:
    """Return senders by their version: one of two days, some at the limit, two one after the other."""
    return {
        "default": Sender(end),
        "below": Sender(end, items=99, version="below", seed=1),
        "enough": Sender(end, items=100, version="enough", seed=2),
        "before": Sender(end - DAY, items=400, seconds=DAY, version="before", seed=3),
        "after": Sender(end, items=400, seconds=DAY - 3600, version="after", seed=4),
    }


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder, end = tmp_path_factory.mktemp("senders"), time.time() // 300 * 300
    backfill((one for sender in senders(end).values() for one in told(sender)), folder)
    with running_prometheus(folder) as url:
        yield url


def answer(pipemeter: Pipemeter, *arguments: str) -> dict[str, Any]:
    done = pipemeter(*arguments, "--json", "--window", "49h")
    assert (done.code, done.err) == (0, "")
    found: dict[str, Any] = json.loads(done.out)
    return found


def intervals(found: Any) -> Iterator[tuple[str, list[float]]]:
    """Yield every interval of a document, by the name of its field."""
    if isinstance(found, dict):
        for name, value in found.items():
            if (name in SHARES or name.endswith("_ci")) and isinstance(value, list):
                yield name, value
            yield from intervals(value)
    elif isinstance(found, list):
        for value in found:
            yield from intervals(value)


def test_a_sender_without_reasons_is_seen_as_what_it_is(pipemeter: Pipemeter, prometheus: str) -> None:
    true = scores(senders(0.0)["default"])
    found = answer(
        pipemeter, "tune", "--target-bypass", "0.60", "--config-version", "default", "--prometheus", prometheus
    )
    now, then = found["now"], found["expected"]
    assert now["bypass_rate"][0] < (true < 0.65).mean() < now["bypass_rate"][1]
    assert now["bypass_rate"][1] - now["bypass_rate"][0] < 0.08
    assert now["likely_bypass_rate"] == pytest.approx((true < 0.65).mean(), abs=0.005)
    assert now["quality"] == pytest.approx(true[true >= 0.65].mean(), abs=0.002)
    least = found["recommendations"][0]["recommended"]
    assert then["bypass_rate"][0] < (true < least).mean() < then["bypass_rate"][1]
    assert then["likely_bypass_rate"] == pytest.approx((true < least).mean(), abs=0.02)
    assert then["quality_interval"][0] < true[true >= least].mean() < then["quality_interval"][1]
    assert {one["recommended"] for one in found["recommendations"][1:4]} == {0.6}
    assert not any("off" in caveat for caveat in found["caveats"])


def test_no_interval_of_any_command_crosses(pipemeter: Pipemeter, prometheus: str) -> None:
    for arguments in (("tune", "--by", "content_type"), ("tune", "--min-quality", "0.8"), ("compare", "before", "after"),
                      ("compare", "default", "enough"), ("status",), ("report",)):  # fmt: skip
        seen = list(intervals(answer(pipemeter, *arguments, "--prometheus", prometheus)))
        assert all(-1 <= low <= high <= 1 for _, (low, high) in seen), (arguments, seen)
        assert seen or arguments[0] in ("status", "report")


def test_a_limit_means_its_number(pipemeter: Pipemeter, prometheus: str) -> None:
    below = answer(pipemeter, "tune", "--config-version", "below", "--prometheus", prometheus)
    assert below["caveats"] == ["not enough data: 99 items under `below`, 100 are needed"]
    enough = answer(pipemeter, "tune", "--config-version", "enough", "--prometheus", prometheus)
    assert enough["items"] == 100
    assert enough["recommendations"]
    refused = answer(pipemeter, "compare", "default", "below", "--prometheus", prometheus)
    assert (refused["decision"], refused["items"]["B"]) == ("insufficient_data", 99)
    compared = answer(pipemeter, "compare", "default", "enough", "--prometheus", prometheus)
    assert compared["decision"] != "insufficient_data"
    assert compared["items"]["B"] == 100


def test_arms_that_ran_one_after_the_other_are_a_caveat(pipemeter: Pipemeter, prometheus: str) -> None:
    found = answer(pipemeter, "compare", "before", "after", "--prometheus", prometheus)
    assert any(caveat.startswith("A and B hardly ran at the same time") for caveat in found["caveats"])
    beside = answer(pipemeter, "compare", "default", "enough", "--prometheus", prometheus)
    assert not any("ran at the same time" in caveat for caveat in beside["caveats"])


def test_failures_that_nobody_exposes_are_not_known(pipemeter: Pipemeter, prometheus: str) -> None:
    document = answer(pipemeter, "status", "--prometheus", prometheus)
    (errors,) = [one for one in document["readings"] if one["signal"] == "error_rate"]
    assert (errors["value"], errors["state"], errors["missing"]) == (None, "no data", "pipeline_failures_total")
    assert document["content_types"][0]["failures"] is None
    assert document["content_types"][0]["readings"]["error_rate"]["value"] is None
    (budget,) = [one for one in document["budgets"] if one["slo"] == "error_rate"]
    assert (budget["left"], budget["state"]) == (None, "no data")
    shown = pipemeter("status", "--window", "49h", "--prometheus", prometheus)
    assert "nobody exposes pipeline_failures_total" in " ".join(shown.out.split())
    compared = answer(pipemeter, "compare", "default", "after", "--prometheus", prometheus)
    assert compared["error_rate_diff"] is None
    assert "nobody exposes pipeline_failures_total: nothing is known about errors" in compared["caveats"]


def test_counts_that_no_counter_can_hold_are_left_out(pipemeter: Pipemeter, tmp_path: Path) -> None:
    end = time.time() // 300 * 300
    junk = [
        Series(
            one.name,
            {**one.labels, "instance": "broken:1"},
            one.times,
            np.where(np.arange(len(one.values)) % 3 == 2, value, one.values),
        )
        for one in told(Sender(end, items=300, seconds=DAY))
        for value in ([np.inf] if one.name != "pipeline_items_total" else [1e300])
    ]
    backfill([*told(Sender(end, items=300, seconds=DAY)), *junk], tmp_path / "junk")
    with running_prometheus(tmp_path / "junk") as url:
        for verb in (("tune",), ("compare", "default", "other"), ("status",), ("report",)):
            document = answer(pipemeter, *verb, "--prometheus", url)
            assert all(low <= high for _, (low, high) in intervals(document))
