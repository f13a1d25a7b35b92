from __future__ import annotations

from monitoring.replay.presence import LOOKBACK, Presence, begun, observed
from monitoring.servers.range_queries import Window

WINDOW = Window(10_000, 13_600, 60)


def there(*times: int, first: int | None = None) -> Presence:
    return Presence(min(times) if first is None and times else first, frozenset(times))


def test_a_series_is_in_a_window_when_it_was_seen_at_either_end_of_it_or_between() -> None:
    assert there(10_000).inside(WINDOW)
    assert there(13_600).inside(WINDOW)
    assert not there(9_999, 13_601).inside(WINDOW)
    assert not Presence(None, frozenset()).inside(WINDOW)


def test_history_begins_with_the_first_of_the_series_that_was_there_at_all() -> None:
    assert begun([there(12_000), there(11_000, 12_000), Presence(None, frozenset())]) == 11_000


def test_what_any_of_the_series_covered_counts_once() -> None:
    first, second = there(10_300, 10_600, 10_900), there(10_600, 10_900, 11_200)
    assert observed([first, second], WINDOW) == 4 * LOOKBACK


def test_what_lies_before_the_window_is_not_observed_in_it() -> None:
    assert observed([there(9_400, 9_700, 10_000, 10_300)], WINDOW) == LOOKBACK


def test_no_more_is_observed_than_lies_between_the_beginning_and_the_end() -> None:
    late = there(13_300, 13_600, first=13_250)
    assert observed([late], WINDOW) == 13_600 - 13_250
    whole = there(*range(9_700, 13_601, LOOKBACK), first=1_000)
    assert observed([whole], WINDOW) == 3600
