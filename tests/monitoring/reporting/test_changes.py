from __future__ import annotations

from monitoring.reporting.changes import WATCHED, Change, Watched, differences
from monitoring.servers.prometheus import Series

CONFIGURATION = next(watched for watched in WATCHED if watched.what == "configuration")
THRESHOLD = next(watched for watched in WATCHED if watched.what == "threshold")


def info(version: str, digest: str, *times: float) -> Series:
    return Series({"config_version": version, "config_hash": digest}, [(at, 1.0) for at in times])


def found(watched: Watched, *series: Series) -> list[Change]:
    return list(differences(watched, series))


def test_what_is_known_first_is_no_change() -> None:
    assert found(CONFIGURATION, info("balanced", "aa", 1, 2, 3)) == []


def test_a_stretch_with_both_hashes_is_one_change() -> None:
    assert found(CONFIGURATION, info("balanced", "aa", 1, 2, 3), info("balanced", "bb", 3, 4, 5)) == [
        Change(3, "configuration", "balanced", "aa", "bb")
    ]


def test_going_back_is_a_change_too_and_silence_is_none() -> None:
    assert found(CONFIGURATION, info("balanced", "aa", 1, 2, 7, 8), info("balanced", "bb", 3, 4)) == [
        Change(3, "configuration", "balanced", "aa", "bb"),
        Change(7, "configuration", "balanced", "bb", "aa"),
    ]


def test_a_version_that_joins_is_new() -> None:
    assert found(CONFIGURATION, info("one", "aa", 1, 2, 3), info("two", "bb", 2, 3)) == [
        Change(2, "configuration", "two", None, "bb")
    ]


def test_a_threshold_changes_by_its_value() -> None:
    series = Series({"config_version": "one", "threshold": "min_overall"}, [(1, 0.65), (2, 0.65), (3, 0.6)])
    assert found(THRESHOLD, series) == [Change(3, "threshold", "one / min_overall", "0.65", "0.6")]
