from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, Summary, generate_latest
from prometheus_client import Enum as StateSet
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics

from exporter.errors import ApiError
from exporter.pushgateway.pushed import Pushed, Sample, families_of, key_of, upgraded

GROUP = (("job", "j"),)
OPENMETRICS = "application/openmetrics-text"


def parsed(text: str, kind: str = "text/plain") -> dict[str, tuple[str, str, dict[str, float]]]:
    """Name -> kind, help, values by sample name (one series of each)."""
    found = families_of(text.encode(), kind, GROUP)
    return {f.name: (f.kind, f.help, {sample.name: sample.value for sample in f.samples}) for f in found}


@pytest.mark.parametrize(
    ("declared", "kept"),
    [("counter", "counter"), ("gauge", "gauge"), ("untyped", "untyped"), ("unknown", "untyped")],
)
@pytest.mark.parametrize("name", ["other_metric", "other_metric_total"])
def test_a_type_is_kept_as_it_was_pushed_whatever_the_name(name: str, declared: str, kept: str) -> None:
    assert parsed(f"# HELP {name} Some help.\n# TYPE {name} {declared}\n{name} 3\n") == {
        name: (kept, "Some help.", {name: 3.0})
    }


def test_what_is_not_declared_is_untyped_and_joined_by_name() -> None:
    assert parsed("a 1\nb 2\n") == {"a": ("untyped", "", {"a": 1.0}), "b": ("untyped", "", {"b": 2.0})}
    (family,) = families_of(b'a{x="1"} 1\na{x="2"} 2\n', "", GROUP)
    assert len(family.samples) == 2


def test_a_counter_and_its_namesake_with_the_suffix_are_two() -> None:
    text = "# TYPE x counter\nx 1\n# TYPE x_total counter\nx_total 2\n"
    assert parsed(text) == {"x": ("counter", "", {"x": 1.0}), "x_total": ("counter", "", {"x_total": 2.0})}


def test_a_histogram_and_a_summary_keep_their_samples() -> None:
    text = (
        '# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="+Inf"} 2\nh_count 2\nh_sum 3\n'
        '# TYPE s summary\ns{quantile="0.5"} 1\ns_count 2\ns_sum 3\n'
    )
    found = {family.name: family for family in families_of(text.encode(), "", GROUP)}
    assert [(s.name, s.labels.get("le"), s.value) for s in found["h"].samples] == [
        ("h_bucket", "1", 1.0), ("h_bucket", "+Inf", 2.0), ("h_count", None, 2.0), ("h_sum", None, 3.0),
    ]  # fmt: skip
    assert [(s.name, s.labels.get("quantile")) for s in found["s"].samples] == [
        ("s", "0.5"), ("s_count", None), ("s_sum", None),
    ]  # fmt: skip


def test_openmetrics_is_kept_as_the_classic_text_would_have_said_it() -> None:
    registry = CollectorRegistry()
    Counter("runs", "Runs.", registry=registry).inc(3)
    Gauge("level", "Level.", registry=registry).set(-1)
    Histogram("seconds", "Duration.", buckets=(1,), registry=registry).observe(0.5)
    Summary("size", "Size.", registry=registry).observe(5)
    Info("build", "Build.", registry=registry).info({"version": "1"})
    StateSet("state", "State.", states=["on", "off"], registry=registry).state("on")
    classic = {
        f.name: (f.kind, f.help, {(s.name, *sorted(s.labels.items())): s.value for s in f.samples})
        for f in families_of(generate_latest(registry), "", GROUP)
    }
    openmetrics = {
        f.name: (f.kind, f.help, {(s.name, *sorted(s.labels.items())): s.value for s in f.samples})
        for f in families_of(generate_openmetrics(registry), OPENMETRICS, GROUP)  # type: ignore[no-untyped-call]
    }
    assert openmetrics == classic
    assert openmetrics["runs_total"][0] == "counter"
    assert openmetrics["build_info"][0] == openmetrics["state"][0] == "gauge"


def test_what_openmetrics_says_beside_a_counter_is_a_gauge_of_its_own() -> None:
    text = "# TYPE runs counter\n# HELP runs Runs.\nruns_total 3\nruns_created 17\n# EOF\n"
    assert parsed(text, OPENMETRICS) == {
        "runs_total": ("counter", "Runs.", {"runs_total": 3.0}),
        "runs_created": ("gauge", "Runs.", {"runs_created": 17.0}),
    }


def test_a_gauge_histogram_is_a_histogram_and_two_gauges() -> None:
    text = '# TYPE q gaugehistogram\nq_bucket{le="+Inf"} 2\nq_gcount 2\nq_gsum 3\n# EOF\n'
    assert {name: kind for name, (kind, _, _) in parsed(text, OPENMETRICS).items()} == {
        "q": "histogram", "q_gcount": "gauge", "q_gsum": "gauge",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("# TYPE a gauge\na 1\n# TYPE a counter\na 2\n", "a is declared twice"),
        ("# TYPE a info\na 1\n", "info is no type of metric"),
        ("# TYPE a nonsense\na 1\n", "nonsense is no type of metric"),
        ("a 1\na 2\n", "a: the same series stands there twice"),
        ('a{b=""} 1\na 2\n', "a: the same series stands there twice"),  # to Prometheus an empty label is none
        ("a 1 1700000000000\n", "timestamp"),
        (f"{'a' * 201} 1\n", "cannot be a metric name"),
        (f'a{{{"b" * 201}="1"}} 1\n', "is not valid or its value too long"),
        (f'a{{b="{"x" * 1001}"}} 1\n', "is not valid or its value too long"),
        ("push_time_seconds 1\n", "made by the exporter itself"),
        ("a x\n", "not valid metrics text"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(text: str, said: str) -> None:
    with pytest.raises(ApiError, match=said):
        families_of(text.encode(), "", GROUP)


def test_a_family_without_samples_is_nothing() -> None:
    assert parsed("# TYPE a gauge\n# HELP b Text.\nc 1\n").keys() == {"c"}


def test_labels_of_the_group_go_over_those_of_the_sample() -> None:
    (family,) = families_of(b'a{job="other",instance="i"} 1\n', "", GROUP)
    assert family.samples[0].labels == {"instance": "i", "job": "j"}
    (family,) = families_of(b"a 1\n", "", GROUP)
    assert family.samples[0].labels == {"instance": "", "job": "j"}


def test_a_series_is_its_name_and_the_labels_that_have_a_value() -> None:
    assert key_of(Sample("a", {"x": "1", "y": ""}, 1)) == key_of(Sample("a", {"x": "1"}, 2))
    assert key_of(Sample("a", {"x": "1"}, 1)) != key_of(Sample("a", {"x": "2"}, 1))


def test_families_of_an_older_journal_get_back_what_their_names_had_lost() -> None:
    def family(name: str, kind: str, *samples: str) -> Pushed:
        return Pushed(name, kind, "Help.", [Sample(sample, {"job": "j"}, 1.0) for sample in samples])

    old = [
        family("runs", "counter", "runs_total"),
        family("born", "counter", "born_total", "born_created"),
        family("bare", "unknown", "bare"),
        family("level", "gauge", "level"),
        family("h", "histogram", "h_bucket", "h_count", "h_sum"),
        family("s", "summary", "s_count", "s_sum", "s_created"),
    ]
    assert [(f.name, f.kind, [s.name for s in f.samples]) for f in upgraded(old)] == [
        ("runs_total", "counter", ["runs_total"]),
        ("born_total", "counter", ["born_total"]),
        ("born_created", "gauge", ["born_created"]),
        ("bare", "untyped", ["bare"]),
        ("level", "gauge", ["level"]),
        ("h", "histogram", ["h_bucket", "h_count", "h_sum"]),
        ("s", "summary", ["s_count", "s_sum"]),
        ("s_created", "gauge", ["s_created"]),
    ]
    now = [
        family("runs_total", "counter", "runs_total"),
        family("bare", "counter", "bare"),
        family("u", "untyped", "u"),
    ]
    assert list(upgraded(now)) == now
