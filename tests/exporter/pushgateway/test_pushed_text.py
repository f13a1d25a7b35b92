"""Whatever is pushed, the strict parser of OpenMetrics reads it, and reads the samples that the classic text holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as _strict
from prometheus_client.parser import text_string_to_metric_families as lax

from exporter.errors import ApiError
from exporter.pushgateway.groups import PushStore
from exporter.pushgateway.pushed import Push, Pushed, Sample, families_of
from exporter.pushgateway.pushed_text import NO_HELP, Shown, in_openmetrics
from exporter.text.textformat import TextFormat

strict: Callable[[str], Iterable[Metric]] = _strict
EOF = "# EOF\n"


def store() -> PushStore:
    return PushStore(CollectorRegistry(), max_series=10_000)


def push(held: PushStore, text: str, job: str = "j", kind: str = "text/plain") -> None:
    group = (("job", job),)
    wanted = Push("PUT", group, families_of(text.encode(), kind, group))
    held.check(wanted)
    held.apply(wanted, 5.0)


def texts(held: PushStore) -> tuple[str, str]:
    classic, openmetrics = (b"".join(held.text(text_format)).decode() for text_format in TextFormat)
    return classic, openmetrics + EOF


def lines(text: str) -> Counter[str]:
    return Counter(line for line in text.split("\n") if line and line[0] != "#")


def types(text: str) -> dict[str, str]:
    return dict(line.split(" ")[2:4] for line in text.split("\n") if line.startswith("# TYPE") and "push_" not in line)


CASES = {
    "a counter by its name": ("# TYPE runs_total counter\nruns_total 1\n", {"runs": "counter"}),
    "a counter without _total": ("# TYPE runs counter\nruns 1\n", {"runs": "unknown"}),
    "a counter that is nothing but its suffix": ("# TYPE _total counter\n_total 1\n", {"_total": "unknown"}),
    "a counter below zero": ("# TYPE runs_total counter\nruns_total -1\n", {"runs_total": "unknown"}),
    "a counter that is no number": ("# TYPE runs_total counter\nruns_total NaN\n", {"runs_total": "unknown"}),
    "a gauge of any value": ("# TYPE level gauge\nlevel NaN\n", {"level": "gauge"}),
    "what nobody declared": ("some:thing 1\n", {"some:thing": "unknown"}),
    "a counter, and when it was created": (
        "# TYPE runs_total counter\nruns_total 1\n# TYPE runs_created gauge\nruns_created 7\n", {"runs": "counter"},
    ),
    "a counter, and when another was created": (
        '# TYPE runs_total counter\nruns_total 1\n# TYPE runs_created gauge\nruns_created{x="y"} 7\n',
        {"runs_total": "unknown", "runs_created": "gauge"},
    ),
    "a counter beside its namesake": (
        "# TYPE x counter\nx 1\n# TYPE x_total counter\nx_total 2\n", {"x": "unknown", "x_total": "unknown"},
    ),
    "a histogram": (
        '# TYPE h histogram\nh_bucket{le="+Inf"} 2\nh_bucket{le="1"} 1\nh_sum 3\nh_count 2\n', {"h": "histogram"},
    ),
    "a histogram below zero with a sum": (
        '# TYPE h histogram\nh_bucket{le="-1"} 1\nh_bucket{le="+Inf"} 2\nh_sum 3\nh_count 2\n',
        {"h_bucket": "unknown", "h_sum": "unknown", "h_count": "unknown"},
    ),
    "a histogram without +Inf": ('# TYPE h histogram\nh_bucket{le="1"} 1\n', {"h_bucket": "unknown"}),
    "a histogram with edges that are none": (
        '# TYPE h histogram\nh_bucket{le="NaN"} 1\nh_bucket 2\nh_bucket{le="+Inf"} 2\n', {"h_bucket": "unknown"},
    ),
    "a histogram that counts down": (
        '# TYPE h histogram\nh_bucket{le="1"} 3\nh_bucket{le="+Inf"} 2\n', {"h_bucket": "unknown"},
    ),
    "a histogram whose count is another": (
        '# TYPE h histogram\nh_bucket{le="+Inf"} 2\nh_sum 3\nh_count 5\n',
        {"h_bucket": "unknown", "h_sum": "unknown", "h_count": "unknown"},
    ),
    "a summary": ('# TYPE s summary\ns{quantile="0.5"} 1\ns_sum 3\ns_count 2\n', {"s": "summary"}),
    "a summary with a quantile that is none": (
        '# TYPE s summary\ns{quantile="2"} 1\ns_sum 3\ns_count 2\n', {"s": "unknown", "s_sum": "unknown", "s_count": "unknown"},
    ),
    "a summary of fractions": ("# TYPE s summary\ns_sum 3\ns_count 2.5\n", {"s_sum": "unknown", "s_count": "unknown"}),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_each_sort_is_told_with_the_type_that_openmetrics_has_for_it(name: str) -> None:
    text, wanted = CASES[name]
    held = store()
    push(held, text)
    classic, openmetrics = texts(held)
    list(strict(openmetrics))
    assert lines(openmetrics) == lines(classic)
    assert types(openmetrics) == wanted


def test_the_classic_text_has_help_and_type_as_pushed_and_a_stated_default() -> None:
    held = store()
    push(held, '# HELP runs Back\\\\slash\\nline "quoted"\n# TYPE runs counter\nruns 1\n', "a")
    push(held, "plain 3\n", "b")
    push(held, "# HELP plain Said by another.\nplain 4\n", "c")
    push(held, "lonely 5\n", "d")
    classic, openmetrics = texts(held)
    assert '# HELP runs Back\\\\slash\\nline "quoted"\n# TYPE runs counter\nruns{instance="",job="a"} 1.0\n' in classic
    assert "# HELP plain Said by another.\n# TYPE plain untyped\n" in classic
    assert f"# HELP lonely {NO_HELP}\n# TYPE lonely untyped\n" in classic
    assert '# HELP runs Back\\\\slash\\nline \\"quoted\\"\n# TYPE runs unknown\n' in openmetrics
    assert {m.name: m.documentation for m in strict(openmetrics)}["runs"] == 'Back\\slash\nline "quoted"'


def test_names_that_others_in_the_exposition_hold_are_left_to_them() -> None:
    runs = Shown("runs_total", "counter", "Runs.", [Sample("runs_total", {}, 1.0)])
    assert [family.kind for family in in_openmetrics([runs])] == ["counter"]
    assert [family.kind for family in in_openmetrics([runs], {"runs_created"})] == ["unknown"]


NAMES = st.sampled_from(["a", "a_total", "a_created", "a_count", "a_sum", "a_bucket", "a_info", "b:c", "b:c_total"])
LABELS = st.dictionaries(
    st.sampled_from(["x", "le", "quantile", "instance"]),
    st.one_of(st.sampled_from(["1", "1.0", "+Inf", "inf", "0.5", "-2", "", 'q"\\\n', "é # {} ,"]), st.text(max_size=5)),
    max_size=3,
)
VALUES = st.one_of(st.integers(-2, 5).map(float), st.floats())
SUFFIXES = {"histogram": ["_bucket", "_count", "_sum"], "summary": ["", "_count", "_sum"]}


@st.composite
def families(draw: Any) -> list[Pushed]:
    found = []
    for name in draw(st.lists(NAMES, max_size=4, unique=True)):
        kind = draw(st.sampled_from(["counter", "gauge", "untyped", "histogram", "summary"]))
        rows = draw(
            st.lists(st.tuples(st.sampled_from(SUFFIXES.get(kind, [""])), LABELS, VALUES), min_size=1, max_size=6)
        )
        samples = {
            (name + suffix, *sorted(labels.items())): Sample(name + suffix, labels, v) for suffix, labels, v in rows
        }
        if kind == "histogram" and draw(st.booleans()):  # one that is right
            edges = ["0.5", "1", "+Inf"]
            samples |= {(e,): Sample(f"{name}_bucket", {"le": e, "y": "z"}, float(n)) for n, e in enumerate(edges)}
        found.append(Pushed(name, kind, draw(st.text(max_size=9)), list(samples.values())))
    return found


@settings(deadline=None, max_examples=400)
@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(["PUT", "POST", "DELETE"]), families()), max_size=5))
def test_whatever_was_pushed_the_strict_parser_reads_it_sample_for_sample(pushes: Iterable[Any]) -> None:
    held = store()
    for job, action, pushed in pushes:
        group = (("job", job),)
        labelled = [
            Pushed(f.name, f.kind, f.help, [Sample(s.name, {**s.labels, "job": job}, s.value) for s in f.samples])
            for f in pushed
        ]
        wanted = Push(action, group, labelled)
        try:
            held.check(wanted)
        except ApiError:
            continue
        held.apply(wanted, 5.0)
        classic, openmetrics = texts(held)
        assert lines(openmetrics) == lines(classic)
        read = [sample for family in strict(openmetrics) for sample in family.samples]
        assert len(read) == sum(lines(classic).values())
        assert len(read) == sum(len(family.samples) for family in lax(classic))
        again = store()
        again.load(held.dump())
        assert texts(again) == (classic, openmetrics)
