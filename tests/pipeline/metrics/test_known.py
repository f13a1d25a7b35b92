from __future__ import annotations

from pipeline.metrics.family import Family, Label
from pipeline.metrics.known import NOTHING_KNOWN, KnownValues

SHARED = Family("x_total", "counter", "X.", ("kind",))
OWN = Family("y_total", "counter", "Y.", ("kind",), own=(Label("kind", cap=3),))
PAIRED = Family("z_total", "counter", "Z.", ("place", "why"), own=(Label("why", cap=9),), pairs={"why": "place"})
KNOWN = KnownValues(
    {"kind": ("a", "b"), "place": ("door", "hall"), "why": ("shared",)},
    {("z_total", "why"): {"door": ("locked", "dark"), "hall": ("dark",)}},
)


def test_values_of_a_shared_label_are_known_in_every_family_that_has_it() -> None:
    assert KNOWN.of(SHARED, "kind") == ("a", "b")
    assert KNOWN.of(PAIRED, "place") == ("door", "hall")
    assert NOTHING_KNOWN.of(SHARED, "kind") == ()


def test_a_label_of_a_familys_own_has_nothing_to_do_with_the_shared_one_of_its_name() -> None:
    assert KNOWN.of(OWN, "kind") == ()


def test_values_of_a_paired_label_are_known_each_once_and_by_what_they_belong_to() -> None:
    assert KNOWN.of(PAIRED, "why") == ("locked", "dark")
    assert KNOWN.belonging(PAIRED, "why", "door") == ("locked", "dark")
    assert KNOWN.belonging(PAIRED, "why", "hall") == ("dark",)
    assert KNOWN.belonging(PAIRED, "why", "roof") == ()
