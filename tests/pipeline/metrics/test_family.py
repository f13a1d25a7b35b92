from __future__ import annotations

from pipeline.metrics.family import Family, Label, edges


def test_edges_are_short_decimals_with_both_ends() -> None:
    assert edges(-0.1, 0.2, 0.1) == (-0.1, 0.0, 0.1, 0.2)
    assert [str(edge) for edge in edges(0.05, 0.35, 0.1)] == ["0.05", "0.15", "0.25", "0.35"]
    assert str(edges(-0.3, 0.0, 0.1)[-1]) == "0.0"  # and not -0.0, which would be another bucket


def test_a_label_of_a_familys_own_is_found_by_its_name() -> None:
    reason = Label("reason", ("tired",))
    family = Family("x_total", "counter", "X.", ("reason", "kind"), own=(reason,))
    assert (family.own_label("reason"), family.own_label("kind")) == (reason, None)
