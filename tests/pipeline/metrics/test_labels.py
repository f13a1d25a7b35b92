from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.metrics.family import Label
from pipeline.metrics.labels import MAX_LENGTH, LabelGuard, is_clean, names_item

_anything = st.one_of(st.none(), st.text(), st.text(st.characters(categories=["Cs", "Cc", "Zs", "Lu"])))


@given(values=st.lists(_anything, max_size=60))
def test_no_input_can_add_more_values_than_the_cap(values: list[str | None]) -> None:
    overflows: list[str] = []
    guard = LabelGuard(Label("content_type", ("news",), cap=5), overflows.append)
    admitted = [guard(v) for v in values]
    assert len(set(admitted) - {"unspecified", "other"}) <= 5
    assert len(overflows) == sum(a == "other" and v != "other" for a, v in zip(admitted, values, strict=True))
    "".join(admitted).encode()  # never anything that UTF-8 cannot say


def test_a_closed_set_admits_nothing_else() -> None:
    guard = LabelGuard(Label("reason", ("low_quality",)), lambda _: None)
    assert [guard(v) for v in ("low_quality", "tired", None, "")] == [
        "low_quality",
        "other",
        "unspecified",
        "unspecified",
    ]


def test_a_cap_below_the_known_values_leaves_no_room_for_others() -> None:
    guard = LabelGuard(Label("stage", ("one", "two"), cap=1), lambda _: None)
    assert [guard(v) for v in ("one", "two", "three")] == ["one", "two", "other"]


def test_what_came_first_stays_when_the_cap_is_reached() -> None:
    overflows: list[str] = []
    guard = LabelGuard(Label("stage", cap=2), overflows.append)
    assert [guard(v) for v in ("a", "b", "c", "a", "c")] == ["a", "b", "other", "a", "other"]
    assert overflows == ["stage", "stage"]


def test_other_and_unspecified_may_be_said_outright_and_take_no_room() -> None:
    overflows: list[str] = []
    guard = LabelGuard(Label("stage", cap=1), overflows.append)
    assert [guard(v) for v in ("other", "unspecified", "a")] == ["other", "unspecified", "a"]
    assert overflows == []


def test_threads_that_bring_new_values_at_once_stay_within_the_cap() -> None:
    guard = LabelGuard(Label("stage", cap=10), lambda _: None)
    found: list[set[str]] = []
    threads = [
        threading.Thread(target=lambda: found.append({guard(f"value {n}") for n in range(200)})) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set.union(*found) - {"other"}) == 10


@pytest.mark.parametrize("value", ["", "a", "x" * MAX_LENGTH, "größe", "a b", "\N{SNOWMAN}"])
def test_short_printable_text_is_clean(value: str) -> None:
    assert is_clean(value)


@pytest.mark.parametrize("value", ["x" * (MAX_LENGTH + 1), "a\nb", "\x1b[31m", " a", "a ", "\ud800", "a\u200eb"])
def test_what_could_hurt_a_scrape_or_a_screen_is_not(value: str) -> None:
    assert not is_clean(value)


def test_an_exemplar_names_an_item_by_an_id_that_fits() -> None:
    assert names_item("0123456789abcdef" * 4)
    assert not any(names_item(item_id) for item_id in (None, "", "x" * 101, "a\nb", "\ud800"))
