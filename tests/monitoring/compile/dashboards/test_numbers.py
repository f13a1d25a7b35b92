"""Numbers and rankings."""

from __future__ import annotations

from monitoring.domains.ask import Ask, PromQL
from monitoring.domains.board import Panel
from monitoring.domains.scale import COUNT, Banded
from tests.monitoring.compile.dashboards.drawings import panel_of


def test_a_number_is_named_where_its_query_has_a_name() -> None:
    named = panel_of(Panel("?", "", "number", (Ask("whole", "items", "in this range"),)))
    assert (named["type"], named["options"]["textMode"]) == ("stat", "value_and_name")
    assert panel_of(Panel("?", "", "number", (PromQL("up", ("up",)),)))["options"]["textMode"] == "value"


def test_an_absent_number_says_why_in_a_plain_colour() -> None:
    found = panel_of(Panel("?", "", "number", (Ask("whole", "items", "x"),), COUNT, empty="No traffic"))
    result = {"text": "No traffic", "color": "text", "index": 0}
    wanted = {"type": "special", "options": {"match": "null+nan", "result": result}}
    assert found["fieldConfig"]["defaults"]["mappings"] == [wanted]


def test_a_number_is_coloured_by_its_bands_or_not_at_all() -> None:
    asks = (Ask("whole", "bypass_rate", "x"),)
    banded = panel_of(Panel("?", "", "number", asks, Banded("bypass_rate")))
    assert banded["fieldConfig"]["defaults"]["color"] == {"mode": "thresholds"}
    plain = panel_of(Panel("?", "", "number", asks, COUNT))
    assert plain["fieldConfig"]["defaults"]["color"] == {"mode": "fixed", "fixedColor": "text"}


def test_a_ranking_is_bars_below_each_other_with_their_names() -> None:
    found = panel_of(Panel("?", "", "ranking", (Ask("whole", "items", "x"),), COUNT))
    assert (found["type"], found["options"]["orientation"]) == ("bargauge", "horizontal")
    assert (found["options"]["namePlacement"], found["options"]["reduceOptions"]["calcs"]) == ("top", ["lastNotNull"])
    assert found["fieldConfig"]["defaults"]["color"]["fixedColor"] == "blue"
