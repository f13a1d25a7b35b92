"""Boards with nothing left to look up."""

from __future__ import annotations

import msgspec
import pytest

from monitoring.compile.dashboards.drawn import DrawnPanel, drawn
from monitoring.compile.dashboards.palette import Palette
from monitoring.domains.ask import Ask, Joined, PromQL
from monitoring.domains.band import Bands
from monitoring.domains.board import Board, Column, Panel
from monitoring.domains.scale import HOURS, Banded, Scale
from monitoring.domains.variable import Variable
from monitoring.targets.links import Links
from monitoring.targets.targets import Targets
from pipeline.errors import PipemeterError

JOB = Variable("job", "Job", "The scrape job.", "label_values(up, job)", everywhere=True)
TYPE = Variable("content_type", "Content type", "What kind.", "label_values(pipeline_items_total, content_type)")
VERSION = Variable("config_version", "Version", "Which.", "label_values(pipeline_items_total, config_version)")
PALETTE = Palette({one.name: one for one in (JOB, TYPE, VERSION)}, {"decision": {"early_exit": "purple"}})
BANDS = Bands(target=0.6, warning_low=0.5, window=7200)
TARGETS = Targets(bands={"bypass_rate": BANDS}, links=Links(runbook_url="https://books.example.com"))
RATE = Panel("How many?", "How to read it.", "lines", (Ask("rolling", "bypass_rate"),), Banded("bypass_rate"))


def draw(panel: Panel, targets: Targets = TARGETS, variables: tuple[str, ...] = ("job",)) -> DrawnPanel:
    [found] = drawn(Board("b", "B", "A board.", (panel,), variables), targets, PALETTE).panels
    return found


def changed(**fields: object) -> Panel:
    return msgspec.structs.replace(RATE, **fields)


def test_scales_and_queries_are_those_of_the_targets() -> None:
    found = draw(changed(columns={"One": Column(Banded("bypass_rate")), "Two": Column(HOURS, width=90)}))
    assert found.scale == Scale("percentunit", 1, steps=((None, "orange"), (0.5, "green")))
    assert found.columns["One"].scale == found.scale
    assert (found.columns["Two"].scale, found.columns["Two"].width) == (HOURS, 90)
    assert "increase2h" in found.queries[0].expr


def test_a_text_is_filled_in_from_the_first_ask() -> None:
    text = "{help} Over {window}. {bands} And so on."
    assert draw(changed(how=text)).how == (
        "Items that skipped work (lightweight or early exit) of all finished items. Over 2h. "
        "Dashed lines are the bands from monitoring.yaml. And so on."
    )
    joined = Joined("@1", (Ask("rolling", "bypass_rate"),))
    assert draw(changed(how="Over {window}.", asks=(joined,))).how == "Over 2h."


def test_where_there_are_no_bands_no_text_tells_of_them() -> None:
    assert draw(changed(how="It is. {bands}"), Targets(bands={})).how == "It is."


def test_a_text_about_promql_has_nothing_to_fill_in() -> None:
    assert draw(changed(how="It {is}.", asks=(PromQL("up", ("up",)),))).how == "It {is}."


@pytest.mark.parametrize(
    ("marks", "with_bands", "without"), [("", False, False), ("always", True, True), ("banded", True, False)]
)
def test_marks_are_drawn_always_or_where_there_are_bands(marks: str, with_bands: bool, without: bool) -> None:
    assert draw(changed(marks=marks)).marks is with_bands
    assert draw(changed(marks=marks), Targets(bands={})).marks is without


def test_colours_are_said_outright_or_those_of_a_label() -> None:
    assert draw(changed(colours={"one": "red"})).colours == {"one": "red"}
    assert draw(changed(colours="decision")).colours == {"early_exit": "purple"}
    assert draw(changed(colours="checkpoint")).colours["post_download"] == "blue"


def test_a_link_leads_where_runbooks_are() -> None:
    found = draw(changed(link=("Alert", "What to do", "{runbooks}/${__value.raw}")))
    assert found.link == ("Alert", "What to do", "https://books.example.com/${__value.raw}")


def test_a_description_ends_with_the_metrics() -> None:
    assert draw(RATE).description == "How to read it.\n\nMetric: `pipeline_items_total`"


def test_a_description_names_the_choices_that_narrow_none_of_the_queries() -> None:
    runs = changed(asks=(Ask("rolling", "stage_runs"),))
    everything = ("job", "config_version", "content_type")
    note = " The choice of version and content type does not narrow it."
    assert draw(runs, variables=everything).description.startswith(f"How to read it.{note}\n\n")
    both = changed(asks=(Ask("rolling", "stage_runs"), Ask("rolling", "items")))
    assert "does not narrow" not in draw(both, variables=everything).description


def test_a_board_with_a_choice_of_no_domain_is_refused() -> None:
    with pytest.raises(PipemeterError, match="board b: no domain has a variable 'colour'"):
        draw(RATE, variables=("job", "colour"))


@pytest.mark.parametrize(
    ("panel", "why"),
    [
        (changed(asks=(Ask("whole", "bypas_rate"),)), "bypas_rate"),
        (changed(asks=(Ask("whole", "items", by=("reason",)),)), "cannot be split by 'reason'"),
        (changed(scale=Banded("nothing")), "nothing"),
        (changed(colours="nothing"), "label 'nothing' stands on no metric"),
        (changed(asks=(PromQL("nothing{@}", ("nothing",)),)), "metric 'nothing' is not declared"),
    ],
)
def test_a_panel_that_names_what_nobody_declared_is_refused(panel: Panel, why: str) -> None:
    with pytest.raises(PipemeterError, match=rf"board b, panel 'How many\?': .*{why}"):
        draw(panel)
