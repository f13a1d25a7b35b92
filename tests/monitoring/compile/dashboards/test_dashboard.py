"""A board as Grafana's JSON, and what Grafana's own types say of it."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

import pytest

from monitoring.compile.boards.files import boards, dashboards
from monitoring.compile.dashboards.dashboard import dashboard_json, dashboard_text
from monitoring.domains.band import Bands
from monitoring.targets.slos import Slo
from monitoring.targets.targets import Targets
from tests.monitoring.dashboards import DOCUMENTS, TARGETS, each_board
from tests.monitoring.grafana_types import lost, misfits, read

OVERVIEW = DOCUMENTS["grafana/dashboards/overview.json"]
# Grafana reads them, its types of dashboards leave them out; and they add an empty `custom` to heat maps, harmlessly
_KNOWN = re.compile(r"/annotations/list/\d/(title|text)Format: lost|/panels/\d+/fieldConfig/defaults/custom: added")


def unexpected(document: dict[str, Any]) -> list[str]:
    return [place for place in lost(document) if not _KNOWN.fullmatch(place)]


@each_board
def test_grafanas_types_lose_nothing_of_a_board(document: dict[str, Any]) -> None:
    assert unexpected(document) == []


@each_board
def test_every_value_is_of_the_type_that_grafana_declares(document: dict[str, Any]) -> None:
    assert list(misfits(read(document))) == []


def test_boards_of_other_targets_fit_too() -> None:
    bare = Targets(slos=(), bands={name: Bands() for name in TARGETS.bands})
    full = Bands(target=0.5, warning_low=0.4, critical_low=0.3, warning_high=0.8, critical_high=0.9)
    many = Targets(slos=(Slo("one", "time_savings", 0.3),), bands=dict.fromkeys(TARGETS.bands, full))
    for targets in (bare, many):
        for text in dashboards(targets).values():
            document = json.loads(text)
            assert unexpected(document) == []
            assert list(misfits(read(document))) == []


def test_a_misspelt_key_and_a_wrong_value_are_seen() -> None:
    document = copy.deepcopy(OVERVIEW)
    document["panels"][0]["optoins"] = {}
    document["panels"][0]["options"]["colorMode"] = "valu"
    document["panels"][1]["gridPos"]["x"] = "6"
    document["panels"][2]["fieldConfig"]["defaults"]["decimls"] = 1
    assert unexpected(document) == ["/panels/0/optoins: lost", "/panels/2/fieldConfig/defaults/decimls: lost"]
    found = [place.split(":")[0] for place in misfits(read(document))]
    assert found == ["/panels/0/options/color_mode", "/panels/1/grid_pos/x"]


@pytest.mark.parametrize(
    ("grafana", "schema"),
    [((10, 0), 38), ((10, 2), 38), ((10, 3), 39), ((10, 4), 39), ((11, 2), 39), ((11, 3), 40), ((11, 5), 40),
     ((11, 6), 41), ((13, 2), 41)],
)  # fmt: skip
def test_an_older_grafana_gets_the_schema_it_knows(grafana: tuple[int, int], schema: int) -> None:
    for text in dashboards(TARGETS, grafana=grafana).values():
        assert json.loads(text)["schemaVersion"] == schema


def test_versions_differ_in_the_schema_alone() -> None:
    for board in boards(TARGETS):
        old, new = dashboard_json(board, (10, 0)), dashboard_json(board, (13, 2))
        assert old | {"schemaVersion": 41} == new


def test_the_text_has_sorted_keys_and_a_final_newline() -> None:
    for board in boards(TARGETS):
        text = dashboard_text(board, (13, 2))
        assert text == json.dumps(dashboard_json(board, (13, 2)), sort_keys=True, indent=2, ensure_ascii=False) + "\n"


def test_drawing_one_board_leaves_the_pieces_of_the_next_as_they_are() -> None:
    first = [dashboard_text(board, (13, 2)) for board in boards(TARGETS)]
    for board in boards(TARGETS):
        dashboard_json(board, (10, 0))["links"].clear()
    assert [dashboard_text(board, (13, 2)) for board in boards(TARGETS)] == first
