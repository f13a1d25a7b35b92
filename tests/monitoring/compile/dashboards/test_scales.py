"""Scales that are taken from a signal and its bands."""

from __future__ import annotations

from typing import get_args

import pytest

from monitoring.compile.dashboards.scales import SCALES, scale_of, steps_of, target_of
from monitoring.domains.band import Bands
from monitoring.domains.catalogue import signals
from monitoring.domains.scale import COUNT, HOURS, Banded, Scale, UnitOf
from monitoring.targets.targets import Targets
from monitoring.wording.units import Unit

BANDS = Bands(target=0.61, warning_low=0.52, critical_low=0.43, warning_high=0.84, critical_high=0.95)
TARGETS = Targets(bands={**Targets().bands, "bypass_rate": BANDS})


def test_a_scale_that_is_said_outright_stays() -> None:
    assert scale_of(HOURS, TARGETS) is HOURS


def test_the_bands_of_a_signal_are_where_colours_change() -> None:
    steps = ((None, "red"), (0.43, "orange"), (0.52, "green"), (0.84, "orange"), (0.95, "red"))
    assert scale_of(Banded("bypass_rate"), TARGETS) == Scale("percentunit", 1, steps=steps)
    assert scale_of(Banded("bypass_rate", minimum=0), TARGETS) == Scale("percentunit", 1, minimum=0, steps=steps)


def test_without_bands_a_scale_has_the_unit_alone() -> None:
    assert scale_of(UnitOf("bypass_rate"), TARGETS) == Scale("percentunit", 1)
    assert scale_of(Banded("items"), TARGETS) == COUNT


def test_every_signal_has_a_scale() -> None:
    assert all(scale_of(UnitOf(name), TARGETS).unit for name in signals())
    assert set(SCALES) == set(get_args(Unit))


def test_a_band_on_one_side_colours_one_side() -> None:
    assert steps_of(Bands(warning_high=30.0, critical_high=60.0)) == ((None, "green"), (30.0, "orange"), (60.0, "red"))
    assert steps_of(Bands(target=0.01)) == ()


def test_a_target_is_written_in_the_unit_of_its_signal() -> None:
    assert target_of("bypass_rate", TARGETS) == "target 61 %"
    assert target_of("quality_score_avg", TARGETS) == "target 0.75"
    seconds = Targets(bands={"item_duration_p95_seconds": Bands(target=45.0)})
    assert target_of("item_duration_p95_seconds", seconds) == "target 45 s"


def test_where_nothing_is_aimed_at_other_words_stand() -> None:
    assert target_of("items", TARGETS) == "in this range"
    assert target_of("wrong_skip_rate", Targets(bands={"wrong_skip_rate": Bands()}), "wrong") == "wrong"


def test_a_signal_that_nobody_declared_has_no_scale() -> None:
    with pytest.raises(LookupError, match="bypas_rate"):
        scale_of(Banded("bypas_rate"), TARGETS)
