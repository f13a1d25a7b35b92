from __future__ import annotations

from collections import Counter

import pytest

from pipeline.assignment import assign

KEYS = [f"https://example.com/{n}" for n in range(20_000)]


def test_the_same_key_gets_the_same_version_in_every_process_and_release() -> None:
    assert [assign(key) for key in ("talk.mp4", "item-1", "", "ü")] == [
        "aggressive", "conservative", "conservative", "aggressive",
    ]  # fmt: skip


def test_versions_are_given_out_evenly_or_by_weight() -> None:
    even = Counter(assign(key) for key in KEYS)
    assert abs(even["conservative"] - 10_000) < 300
    shares = Counter(assign(key, ("a", "b", "c"), (70, 20, 10)) for key in KEYS)
    assert [abs(shares[v] - n) < 250 for v, n in (("a", 14_000), ("b", 4000), ("c", 2000))] == [True] * 3


def test_a_version_without_weight_is_never_given() -> None:
    assert {assign(key, ("a", "b", "c"), (0, 1, 0)) for key in KEYS[:2000]} == {"b"}


def test_another_salt_divides_the_same_keys_anew() -> None:
    same = sum(assign(key, salt="spring") == assign(key, salt="autumn") for key in KEYS)
    assert abs(same - 10_000) < 300


@pytest.mark.parametrize(
    ("versions", "weights"),
    [((), None), (("a", "a"), None), (("a", ""), None), (("a", "b"), (1,)), (("a", "b"), (0, 0)),
     (("a", "b"), (-1, 2)), (("a", "b"), (float("nan"), 1)), (("a", "b"), (float("inf"), 1))],
)  # fmt: skip
def test_versions_and_weights_that_do_not_fit_are_refused(versions: tuple[str, ...], weights: object) -> None:
    with pytest.raises(ValueError, match="expected"):
        assign("key", versions, weights)  # type: ignore[arg-type]
