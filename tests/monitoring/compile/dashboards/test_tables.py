"""Tables: columns, their widths and colours."""

from __future__ import annotations

from typing import Any

import msgspec

from monitoring.domains.ask import Ask, PromQL
from monitoring.domains.board import Column, Panel
from monitoring.domains.scale import COUNT, Banded
from tests.monitoring.compile.dashboards.drawings import panel_of
from tests.monitoring.dashboards import each_panel

TABLE = Panel(
    "?",
    "",
    "table",
    (Ask("whole", "items", "Items", by=("content_type",)), Ask("whole", "bypass_rate", "Rate", by=("content_type",))),
    labels={"content_type": "Type"},
    columns={"Items": Column(COUNT), "Rate": Column(Banded("bypass_rate"))},
    sort="Items",
)


def properties(panel: dict[str, Any], column: str) -> dict[str, Any]:
    found = [one["properties"] for one in panel["fieldConfig"]["overrides"] if one["matcher"]["options"] == column]
    return {one["id"]: one["value"] for some in found for one in some}


@each_panel
def test_no_column_is_so_narrow_that_its_title_would_be_cut(panel: dict[str, Any]) -> None:
    if panel["type"] != "table":
        return
    widths: dict[str, int] = {}
    for override in panel["fieldConfig"]["overrides"]:
        for one in override["properties"]:
            if one["id"] in ("custom.width", "custom.minWidth"):
                widths[override["matcher"]["options"]] = one["value"]
    titles = [title for step in panel["transformations"] for title in step["options"].get("renameByName", {}).values()]
    assert set(titles) <= set(widths)
    assert all(widths[title] >= 8 * len(title) for title in titles)  # px of a letter
    first = next(iter(widths))
    assert widths[first] >= 140, "names stand there"


def test_queries_stand_side_by_side_under_their_titles() -> None:
    found = panel_of(TABLE)
    merge, organize = found["transformations"]
    assert merge == {"id": "merge", "options": {}}
    renamed = {"content_type": "Type", "Value #A": "Items", "Value #B": "Rate"}
    assert organize["options"]["renameByName"] == renamed
    assert organize["options"]["excludeByName"] == {"Time": True}
    order = {"Time": 0, "content_type": 1, "Value #A": 2, "Value #B": 3}
    assert organize["options"]["indexByName"] == order
    assert found["options"]["sortBy"] == [{"displayName": "Items", "desc": True}]
    assert [target["format"] for target in found["targets"]] == ["table", "table"]


def test_the_value_of_a_single_query_has_no_letter() -> None:
    found = panel_of(msgspec.structs.replace(TABLE, asks=TABLE.asks[:1]))
    assert found["transformations"][1]["options"]["renameByName"] == {"content_type": "Type", "Value": "Items"}


def test_a_query_without_a_title_has_no_column() -> None:
    found = panel_of(msgspec.structs.replace(TABLE, asks=(TABLE.asks[0], PromQL("up", ("up",)))))
    options = found["transformations"][1]["options"]
    assert options["excludeByName"] == {"Time": True, "Value #B": True}
    assert "Value #B" not in options["renameByName"]


def test_a_column_is_coloured_by_the_bands_of_its_signal() -> None:
    found = properties(panel_of(TABLE), "Rate")
    assert (found["unit"], found["decimals"], found["color"]) == ("percentunit", 1, {"mode": "thresholds"})
    assert found["custom.cellOptions"] == {"type": "color-text"}
    assert [step["value"] for step in found["thresholds"]["steps"]] == [None, 0.4, 0.5, 0.8]
    assert "thresholds" not in properties(panel_of(TABLE), "Items")


def test_words_have_colours_and_what_is_absent_is_a_dash() -> None:
    columns = {"Items": Column(words={"bad": "red", "good": "green"}, width=90)}
    found = properties(panel_of(msgspec.structs.replace(TABLE, columns=columns)), "Items")
    absent, words = found["mappings"]
    assert absent["options"]["result"]["text"] == "-"
    assert words["options"] == {"bad": {"color": "red", "index": 1}, "good": {"color": "green", "index": 2}}
    assert (found["custom.width"], "custom.minWidth" in found) == (90, False)


def test_a_table_may_have_a_row_and_a_column_for_each_value_of_two_labels() -> None:
    found = panel_of(msgspec.structs.replace(TABLE, pivot=("content_type", "config_version"), asks=TABLE.asks[:1]))
    matrix, corner = found["transformations"]
    wanted = {"rowField": "content_type", "columnField": "config_version", "valueField": "Value"}
    assert matrix == {"id": "groupingToMatrix", "options": wanted}
    assert corner["options"] == {"renameByName": {"content_type\\config_version": "Type"}}


def test_a_column_may_be_a_link() -> None:
    link = ("Type", "What to do", "{runbooks}/${__value.raw}")
    found = properties(panel_of(msgspec.structs.replace(TABLE, link=link)), "Type")
    [one] = found["links"]
    assert one["title"] == "What to do"
    assert one["url"].endswith("/${__value.raw}")
