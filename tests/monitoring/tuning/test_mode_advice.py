from __future__ import annotations

import msgspec
import numpy as np
import pytest

from bench.coverage import evidence
from bench.worlds import World
from monitoring.history.histograms import Buckets, Range
from monitoring.history.resampling import Resampling
from monitoring.outlook.evidence import Evidence
from monitoring.outlook.observed import observe
from monitoring.outlook.outlook import Model
from monitoring.outlook.stratum import Plan
from monitoring.tuning.mode_advice import MIN_ASSESSED, advise_modes
from monitoring.tuning.recommendation import ModeAdvice
from pipeline.decisions.routing import Mode

KINDS = ("discussion", "news", "education", "entertainment")
SEEN = evidence(World(), seed=5, items=600)


def advised(passing: int, failing: int, mode: Mode) -> ModeAdvice:
    """Return the advice for news of which so many items passed and failed."""
    counts = np.array([[0.0, failing, passing, 0.0]])
    margins = {key: one for key, one in SEEN.margins.items() if key != ("news",)}
    margins["news",] = Buckets((-0.5, 0.0, 0.5), np.vstack([counts, np.zeros((SEEN.blocks - 1, 4))]))
    seen = msgspec.structs.replace(SEEN, margins=margins)
    return next(one for one in _advice(seen, mode) if one.content_type == "news")


def _advice(seen: Evidence, mode: Mode) -> list[ModeAdvice]:
    plan = Plan((0.65, 0.60, 0.60, 0.60), {}, dict.fromkeys(KINDS, mode))
    model = Model(seen, plan, Resampling(np.zeros(0), draws=0), observe(seen, plan.thresholds))

    def exact(found: Range) -> tuple[float, float]:
        return float(found.low[0]), float(found.high[0])

    return advise_modes(seen, model, exact)


@pytest.mark.parametrize(
    ("passing", "failing", "mode", "recommended"),
    [
        (60, 40, "lightweight", "quality_check"),
        (40, 60, "lightweight", "lightweight"),
        (40, 60, "full", "quality_check"),
        (60, 40, "full", "full"),
        (5, 95, "quality_check", "lightweight"),
        (15, 85, "quality_check", "quality_check"),
    ],
)
def test_a_type_goes_the_way_that_its_items_deserve(passing: int, failing: int, mode: Mode, recommended: Mode) -> None:
    found = advised(passing, failing, mode)
    assert (found.current, found.recommended, found.samples) == (mode, recommended, 100)
    assert f"{passing}% to {passing}% of its items pass" in found.reason


def test_of_too_few_items_nothing_is_said() -> None:
    found = advised(20, MIN_ASSESSED - 21, "full")
    assert (found.recommended, found.reason) == ("full", "not enough data: 29 assessed, 30 are needed")
    assert advised(0, MIN_ASSESSED, "full").recommended == "quality_check"


def test_every_type_that_was_seen_has_its_advice_the_most_frequent_first() -> None:
    assert [one.content_type for one in _advice(SEEN, "quality_check")] == SEEN.content_types()
