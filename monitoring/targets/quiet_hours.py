"""Quiet hours: times of the week at which some alerts wait instead of being told."""

from __future__ import annotations

import re
import zoneinfo
from typing import Any

import msgspec

from monitoring.targets.channels import SEVERITIES, Severity
from monitoring.targets.fields import one_of, read_fields, texts
from pipeline.errors import Problem
from pipeline.yaml_file import Node

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY = 24 * 60
_TIMES = re.compile(r"^([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)$")
_ZONE = re.compile(r"^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$")


class QuietHours(msgspec.Struct, frozen=True):
    """When alerts of `severity` wait. `times`: (from, to) in minutes of the day; to < from reaches into the next day.

    `weekdays`: 0 is Monday; with times over midnight, the day on which they begin.
    """

    name: str = ""
    times: tuple[tuple[int, int], ...] = ((0, _DAY),)
    weekdays: tuple[int, ...] = tuple(range(7))
    time_zone: str = "UTC"
    severity: tuple[Severity, ...] = ("warning", "info")


def read_quiet_hours(name: str, node: Node, problems: list[Problem]) -> QuietHours:
    """Read one entry of `quiet_hours`; what is wrong is added to `problems`."""
    readers = {"times": _times, "weekdays": _weekdays, "time_zone": _zone, "severity": one_of(SEVERITIES)}
    return read_fields(node, QuietHours(name), problems, readers=readers)


def intervals(quiet: QuietHours) -> list[dict[str, Any]]:
    """Return Alertmanager's time intervals: what reaches over midnight becomes an evening and the morning after it."""
    found = []
    for begin, end in quiet.times:
        if begin < end:
            found.append(_interval(quiet, quiet.weekdays, begin, end))
            continue
        found.append(_interval(quiet, quiet.weekdays, begin, _DAY))
        if end:
            found.append(_interval(quiet, tuple(sorted((day + 1) % 7 for day in quiet.weekdays)), 0, end))
    return found


def _interval(quiet: QuietHours, days: tuple[int, ...], begin: int, end: int) -> dict[str, Any]:
    interval: dict[str, Any] = {"times": [{"start_time": _clock(begin), "end_time": _clock(end)}]}
    if len(days) < 7:
        interval["weekdays"] = [DAYS[day] for day in days]
    interval["location"] = quiet.time_zone
    return interval


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _times(node: Node) -> tuple[tuple[int, int], ...]:
    return tuple(_span(text) for text in texts(node))


def _span(text: str) -> tuple[int, int]:
    found = _TIMES.match(text)
    numbers = [int(number) for number in found.groups()] if found else [0, 0, 0, 0]
    begin, end = numbers[0] * 60 + numbers[1], numbers[2] * 60 + numbers[3]
    if begin == end or begin >= _DAY or end > _DAY:
        raise ValueError("times such as 22:00-07:00, from 00:00 to 24:00")
    return begin, end


def _weekdays(node: Node) -> tuple[int, ...]:
    days: set[int] = set()
    for text in texts(node):
        ends = text.lower().split(":")
        if len(ends) > 2 or not all(end in DAYS for end in ends):
            raise ValueError("days such as saturday, or ranges such as monday:friday")
        first, last = DAYS.index(ends[0]), DAYS.index(ends[-1])
        days |= {(first + step) % 7 for step in range((last - first) % 7 + 1)}
    return tuple(sorted(days))


def _zone(node: Node) -> str:
    text, known = node.plain(), zoneinfo.available_timezones()
    if not isinstance(text, str) or not _ZONE.match(text) or (known and text not in known):
        raise ValueError("a time zone such as UTC or Europe/Berlin")
    return text
