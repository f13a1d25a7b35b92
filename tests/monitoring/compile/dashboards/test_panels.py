"""What all panels have, whatever they look like."""

from __future__ import annotations

from monitoring.domains.ask import Ask, PromQL
from monitoring.domains.board import Kind, Panel
from monitoring.domains.scale import COUNT, Scale
from tests.monitoring.compile.dashboards.drawings import panel_of

ITEMS = (Ask("rolling", "items", "items"),)


def one(kind: Kind, scale: Scale, *, stacked: bool = False) -> dict[str, object]:
    panel = panel_of(Panel("How many?", "How to read it.", kind, ITEMS, scale, stacked=stacked))
    defaults: dict[str, object] = panel["fieldConfig"]["defaults"]
    return defaults


def test_a_panel_stands_at_its_place_with_its_number() -> None:
    panel = panel_of(Panel("How many?", "How to read it.", "number", ITEMS, empty="Nothing"))
    assert (panel["id"], panel["title"]) == (3, "How many?")
    assert panel["gridPos"] == {"x": 6, "y": 4, "w": 12, "h": 9}
    assert panel["description"].startswith("How to read it.")
    assert panel["fieldConfig"]["defaults"]["noValue"] == "Nothing"


def test_axes_choose_their_own_decimals_and_numbers_do_not() -> None:
    assert one("lines", COUNT)["unit"] == "short"
    assert "decimals" not in one("lines", COUNT)
    assert (one("number", COUNT)["unit"], one("number", COUNT)["decimals"]) == ("locale", 0)
    assert one("lines", Scale("none", 2))["decimals"] == 2


def test_what_is_compared_by_length_begins_at_zero() -> None:
    assert one("ranking", COUNT)["min"] == 0
    assert one("bars", COUNT, stacked=True)["min"] == 0
    assert "min" not in one("bars", COUNT)


def test_a_scale_has_its_range_and_its_steps() -> None:
    found = one("number", Scale("percentunit", 1, 0.0, 1.0, ((None, "red"), (0.5, "green"))))
    assert (found["min"], found["max"], found["color"]) == (0.0, 1.0, {"mode": "thresholds"})
    steps = [{"value": None, "color": "red"}, {"value": 0.5, "color": "green"}]
    assert found["thresholds"] == {"mode": "absolute", "steps": steps}


def test_series_that_have_a_colour_get_it_by_name() -> None:
    panel = panel_of(Panel("?", "", "lines", ITEMS, colours={"items": "blue"}))
    colour = {"id": "color", "value": {"mode": "fixed", "fixedColor": "blue"}}
    wanted = [{"matcher": {"id": "byName", "options": "items"}, "properties": [colour]}]
    assert panel["fieldConfig"]["overrides"] == wanted


def test_queries_are_lettered_and_say_when_they_are_asked() -> None:
    dots = PromQL("up", ("up",), exemplars=True)
    lines = panel_of(Panel("?", "", "lines", (Ask("rolling", "items", step="1h"), dots)))["targets"]
    assert [target["refId"] for target in lines] == ["A", "B"]
    assert [(target["range"], target["instant"]) for target in lines] == [(True, False), (True, False)]
    assert (lines[0]["interval"], "interval" in lines[1]) == ("1h", False)
    assert ("exemplar" in lines[0], lines[1]["exemplar"], lines[1]["legendFormat"]) == (False, True, "__auto")
    [number] = panel_of(Panel("?", "", "number", ITEMS))["targets"]
    assert (number["range"], number["instant"], number["format"]) == (False, True, "time_series")
