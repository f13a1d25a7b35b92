from __future__ import annotations

import json

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from monitoring.archive.archive import Archived, Group, LabelSet, Window
from monitoring.archive.text import JsonText, OpenMetricsText, Text, head_of
from monitoring.servers.prometheus import RawSeries

ITEMS = Archived("pipeline_items_total", "counter", 'Items, "all".\nOf them.')
SECONDS = Archived("pipeline_item_duration_seconds", "histogram", "Seconds.")
UNIT: LabelSet = (("content_type", "news"),)


def series(name: str, *samples: tuple[float, str], **labels: str) -> RawSeries:
    return RawSeries({"__name__": name, "content_type": "news", **labels}, list(samples))


def histogram(*times: float) -> list[RawSeries]:
    name = SECONDS.name
    return [
        series(f"{name}_sum", *((at, "4.5") for at in times)),
        series(f"{name}_bucket", *((at, "3") for at in times), le="+Inf"),
        series(f"{name}_count", *((at, "3") for at in times)),
        series(f"{name}_bucket", *((at, "1") for at in times), le="0.5"),
    ]


def written(kind: type[Text], *pieces: tuple[Archived, list[RawSeries]]) -> str:
    out: list[str] = []
    text = kind(out.append)  # type: ignore[call-arg]
    text.begin(Window(0, 100, 50))
    for family, found in pieces:
        text.group(Group(family, family.names, {UNIT: 1}))
        text.piece(UNIT, found)
    text.end()
    return "".join(out)


def test_a_counter_goes_by_its_name_without_total_and_its_help_on_one_line() -> None:
    text = written(OpenMetricsText, (ITEMS, [series("pipeline_items_total", (10.0, "1"), (20.5, "2e3"))]))
    assert text == (
        "# TYPE pipeline_items counter\n"
        '# HELP pipeline_items Items, \\"all\\".\\nOf them.\n'
        'pipeline_items_total{content_type="news"} 1 10.000\n'
        'pipeline_items_total{content_type="news"} 2e3 20.500\n'
        "# EOF\n"
    )


def test_a_histogram_stands_scrape_by_scrape_its_buckets_in_order_before_count_and_sum() -> None:
    lines = written(OpenMetricsText, (SECONDS, histogram(10.0, 20.0))).splitlines()[2:-1]
    said = [(line.split("{")[0].removeprefix(SECONDS.name), line.rsplit(" ", 1)[1]) for line in lines]
    assert said == [(part, at) for at in ("10.000", "20.000") for part in ("_bucket", "_bucket", "_count", "_sum")]
    assert ['le="0.5"' in line for line in lines[:2]] == [True, False]


def test_a_strict_reader_takes_it() -> None:
    text = written(OpenMetricsText, (ITEMS, [series("pipeline_items_total", (10.0, "1"))]), (SECONDS, histogram(10.0)))
    families = {family.name: family for family in text_string_to_metric_families(text)}  # type: ignore[no-untyped-call]
    assert [families[name].type for name in ("pipeline_items", SECONDS.name)] == ["counter", "histogram"]
    assert families["pipeline_items"].documentation == ITEMS.help


def test_json_has_a_family_once_and_each_series_with_all_its_values() -> None:
    out: list[str] = []
    text = JsonText(out.append)
    text.begin(Window(5, 105, None))
    for name in SECONDS.names[:2]:
        text.group(Group(SECONDS, (name,), {UNIT: 1}))
        text.piece(UNIT, [series(name, (10.0, "1"))])
        text.piece(UNIT, [series(name, (20.0, "NaN"))])
    text.group(Group(ITEMS, ITEMS.names, {UNIT: 1}))
    text.piece(UNIT, [series("pipeline_items_total", (10.0, "7"))])
    text.end()
    document = json.loads("".join(out))
    assert (document["format"], document["start"], document["step"]) == ("pipemeter-snapshot", 5, None)
    seconds, items = document["families"]
    assert (seconds["name"], items["name"], items["type"]) == (SECONDS.name, ITEMS.name, "counter")
    assert [one["metric"]["__name__"] for one in seconds["series"]] == list(SECONDS.names[:2])
    assert seconds["series"][0]["values"] == [[10.0, "1"], [20.0, "NaN"]]
    assert items["series"] == [
        {"metric": {"__name__": "pipeline_items_total", "content_type": "news"}, "values": [[10.0, "7"]]}
    ]


def test_an_archive_of_nothing_is_whole_in_either_format() -> None:
    assert written(OpenMetricsText) == "# EOF\n"
    assert json.loads(written(JsonText))["families"] == []


@pytest.mark.parametrize(
    ("labels", "head"),
    [
        ({"__name__": "up"}, "up"),
        ({"__name__": "up", "b": "1", "a": 'x"\\\n'}, 'up{a="x\\"\\\\\\n",b="1"}'),
    ],
)
def test_a_series_is_named_with_its_labels_in_order(labels: dict[str, str], head: str) -> None:
    assert head_of(labels) == head
