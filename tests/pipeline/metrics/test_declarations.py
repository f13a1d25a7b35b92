from __future__ import annotations

import pytest

from pipeline.metrics.declarations import Declarations
from pipeline.metrics.domain import Domain
from pipeline.metrics.family import Family, Label
from pipeline.metrics.known import KnownValues

DONE = Family("a_done_total", "counter", "Done.", ("kind", "why"), own=(Label("why", ("late", "early")),))
SEEN = Family("b_seen_total", "counter", "Seen.", ("kind", "label"))
FIRST = Domain("a", (DONE,), (Label("kind", ("x", "y"), cap=4, example="y"),))
SECOND = Domain("b", (SEEN,), (Label("size", cap=2),))
BOTH = Declarations((FIRST, SECOND))


def test_families_stand_in_the_order_of_their_domains() -> None:
    assert list(BOTH.families) == ["a_done_total", "b_seen_total"]
    assert list(Declarations((SECOND, FIRST)).families) == ["b_seen_total", "a_done_total"]


def test_a_label_of_one_domain_is_had_by_the_families_of_another() -> None:
    assert BOTH.label(SEEN, "kind") == FIRST.labels[0]


def test_what_nobody_declares_is_refused_by_name() -> None:
    with pytest.raises(LookupError, match="'c_gone_total' is not declared"):
        BOTH.family("c_gone_total")
    with pytest.raises(LookupError, match="'colour' is not declared"):
        BOTH.label(DONE, "colour")
    with pytest.raises(LookupError, match="'kind' is not declared"):
        Declarations((SECOND,)).label(SEEN, "kind")


def test_the_names_of_labels_are_the_values_of_a_label() -> None:
    assert BOTH.label(SEEN, "label").values == ("kind", "size", "why")


def test_the_configuration_adds_values_and_sets_caps_but_none_below_what_is_known() -> None:
    known = KnownValues({"kind": ("z", "x")})
    assert BOTH.label(DONE, "kind", known) == Label("kind", ("x", "y", "z"), cap=4, example="y")
    assert BOTH.label(DONE, "kind", known, {"kind": 9}).cap == 9
    assert BOTH.label(DONE, "kind", known, {"kind": 1}).cap == 3


def test_a_closed_set_is_what_it_is_whatever_the_configuration_says() -> None:
    known = KnownValues({"why": ("never",)})
    assert BOTH.label(DONE, "why", known, {"why": 9}) == Label("why", ("late", "early"))
