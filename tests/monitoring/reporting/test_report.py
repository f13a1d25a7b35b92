"""The overview and the report of two made-up weeks, asked of a real Prometheus."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from bench.backfill import MISSING, running_victoria
from monitoring.reporting.alert_history import Fired
from monitoring.reporting.markdown import report_markdown
from monitoring.reporting.overview import Overview, overview
from monitoring.reporting.page import report_html
from monitoring.reporting.report import Advice, Recommendations, Report, document, report
from monitoring.reporting.window_queries import Questions, Tally
from monitoring.servers.prometheus import PrometheusClient
from monitoring.targets.targets import Targets
from tests.weeks import CHANGED, DAY, END, FAILURES, HOSTILE, HOUR, ITEMS, NEEDED, SPACING, WEEK, served, weeks

pytestmark = NEEDED
VOID = {"meta", "br"}


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(tmp_path_factory.mktemp("weeks")) as url:
        yield url


async def _advise(questions: Questions) -> Recommendations:
    return Recommendations(
        [Advice("min_overall", "0.6", "0.55", "so that `more` | is <b>kept</b>")], ["only news was seen"]
    )


def made(url: str, at: float = END) -> Report:
    return asyncio.run(report(Questions(PrometheusClient(url), at, round(WEEK)), Targets(), _advise))


@pytest.fixture(scope="module")
def found(prometheus: str) -> Report:
    return made(prometheus)


def seen(url: str, window: float = WEEK, at: float = END) -> Overview:
    return asyncio.run(overview(Questions(PrometheusClient(url), at, round(window)), Targets()))


def test_an_overview_says_what_was_counted(found: Report) -> None:
    now = found.overview
    assert (now.scrapes, now.exporters, now.shortage) == (WEEK / SPACING + 1, (1, 1), "")
    assert now.totals["items"] == pytest.approx(ITEMS)
    assert now.totals["failures"] == pytest.approx(FAILURES)
    assert now.totals["saved_seconds"] == pytest.approx(850 * 168)
    assert now.totals["spent_seconds"] == pytest.approx(620 * 168)
    assert now.totals["saved_usd"] == pytest.approx(0.085 * 168, rel=0.2)  # whole dollars are made up
    assert now.totals["bypasses"] is None  # never exposed
    readings = {reading.signal: reading for reading in now.readings}
    assert readings["bypass_rate"].value == pytest.approx(8 / 13, rel=1e-6)
    assert readings["early_exit_share"].value == pytest.approx(5.5 / 10.5, rel=1e-6)
    assert readings["time_savings"].value == pytest.approx(850 / 1470, rel=1e-6)
    assert readings["quality_score_avg"].value == pytest.approx((4 * 0.81 + 0.61) / 5, rel=2e-3)
    assert readings["error_rate"].value == pytest.approx(0.25 / 13.25, rel=1e-6)
    assert {name: reading.state for name, reading in readings.items() if name != "wrong_skip_rate"} == {
        "bypass_rate": "ok", "early_exit_share": "ok", "time_savings": "warning", "quality_score_avg": "ok",
        "error_rate": "warning", "item_duration_p95_seconds": "no data",
    }  # fmt: skip
    assert readings["item_duration_p95_seconds"].shortage == "0 of 20 needed"


def test_an_overview_has_a_row_for_each_content_type_and_checkpoint(found: Report) -> None:
    news, hostile = found.overview.content_types
    assert (news.name, news.items, news.failures, hostile.name, hostile.items) == ("news", 1680, 42, HOSTILE, 504)
    assert news.readings["bypass_rate"].value == pytest.approx(0.6)
    assert hostile.readings["quality_score_avg"].value == pytest.approx(0.61, rel=2e-2)
    assert hostile.readings["quality_score_scored_avg"].value == pytest.approx(0.61, rel=2e-2)  # only these had scores
    assert [row.name for row in found.overview.versions] == ["balanced"]
    first, second = found.overview.checkpoints
    assert (first.name, first.evaluations, first.exits, first.reasons) == (
        "post_download", 2184, 252, {"at_post_download": 252},
    )  # fmt: skip
    assert second.name == "post_analysis"
    assert second.exit_rate == pytest.approx(0.4)
    assert second.confidence == pytest.approx(0.9, rel=0.01)


def test_error_budgets_look_back_as_far_as_their_objective(found: Report) -> None:
    errors, uptime = found.overview.budgets
    bad = 0.25 / 13.25
    assert (errors.slo, errors.state, uptime.slo, uptime.state) == ("error_rate", "critical", "availability", "ok")
    assert errors.left == pytest.approx(1 - 100 * bad, rel=1e-3)
    assert uptime.left == pytest.approx(0.75, abs=0.01)


def test_a_week_is_set_beside_the_one_before(found: Report) -> None:
    apart = {one.signal: one for one in found.differences}
    assert apart["items"].now == pytest.approx(2184)
    assert apart["items"].before == pytest.approx(1092)
    rate = apart["bypass_rate"]
    assert rate.difference == pytest.approx(0, abs=1e-6)
    assert (rate.items, rate.items_before) == (2184, 1092)


def test_what_changed_is_told_with_its_time(found: Report) -> None:
    changed = [(c.what, c.name, c.before, c.after) for c in found.changes.changes]
    assert changed == [
        ("configuration", "balanced", "aaaa", "bbbb"),
        ("threshold", "balanced / min_overall", "0.65", "0.6"),
        ("feature", "early_exit", "0", "1"),
    ]
    for change, at in zip(found.changes.changes, (CHANGED, CHANGED, CHANGED + DAY), strict=True):
        assert at <= change.at <= at + found.changes.resolution


def test_firings_are_those_that_prometheus_recorded(found: Report) -> None:
    low, burn = found.firings.firings
    assert found.firings.rules_seen
    assert low.start == END - 2 * DAY
    assert low.end is not None
    assert 3 * HOUR <= low.end - low.start <= 3 * HOUR + 300  # no mark of its end: it is seen for five minutes more
    assert burn == Fired("PipelineErrorBudgetBurn", "critical", {"domain": "pipeline"}, END - HOUR / 2, None)
    assert [alert.alert for alert in found.overview.alerts] == ["PipelineErrorBudgetBurn"]


def test_charts_have_the_items_of_every_slot(found: Report) -> None:
    line = found.timeline
    assert (line.slot, len(line.ends), line.ends[-1]) == (14_400, 42, END)
    assert sum(value or 0 for value in line.items["full"]) == pytest.approx(5 * 168, rel=0.05)
    savings = next(course for course in line.courses if course.signal == "time_savings")
    assert [value is not None for value in savings.values] == [True] * 42


def test_a_time_without_data_is_said_with_numbers(prometheus: str) -> None:
    empty = made(prometheus, END - 100 * DAY)
    assert empty.shortage == "not enough data: 0 scrapes of pipeline_items_total in 7d, at least 2 needed"
    assert {reading.state for reading in empty.overview.readings} == {"no data"}
    assert "not enough data: 0 scrapes" in report_markdown(empty)
    page = report_html(empty, Targets().bands)
    assert "0 scrapes" in page
    assert "<svg" not in page
    assert not empty.firings.rules_seen


def test_progress_counts_up_to_all_questions(prometheus: str) -> None:
    told: list[tuple[int, int]] = []
    questions = Questions(
        PrometheusClient(prometheus), END, 3600, Tally(lambda done, known: told.append((done, known)))
    )
    asyncio.run(overview(questions, Targets()))
    assert [done for done, _ in told] == list(range(1, len(told) + 1))
    assert told[-1][0] == told[-1][1]


class _Page(HTMLParser):
    """Collects tags and attributes, and holds that every tag is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.counts: dict[str, int] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.counts[tag] = self.counts.get(tag, 0) + 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_needs_nothing_from_outside_and_lets_nothing_in(found: Report) -> None:
    text = report_html(found, Targets().bands)
    page = _Page()
    page.feed(text)
    assert page.open == []
    assert page.counts["svg"] == 7  # items, five signals with data, alerts
    assert not {"script", "link", "img", "iframe", "b"} & set(page.counts)
    assert not [pair for pair in page.attributes if pair[1] in ("src", "href") or pair[1].startswith("on")]
    assert not re.search(r"https?:|url\(|@import", text)
    assert "&lt;script&gt;alert" in text
    assert "\x1b" not in text
    assert "so that `more` | is &lt;b&gt;kept&lt;/b&gt;" in text
    assert "only news was seen" in text
    for drawn in (
        "target 70 %",
        "zone-warning",
        "state-critical",
        "2,184",
        "Not enough data: no stretch of 4h has 20 items",
    ):
        assert drawn in text


def test_markdown_tables_keep_their_columns_whatever_labels_hold(found: Report) -> None:
    text = report_markdown(found)
    assert "\x1b" not in text
    assert "<" not in text
    widths = {len(re.findall(r"(?<!\\)\|", line)) for line in text.splitlines() if "&lt;script" in line}
    assert widths == {10}  # nine columns
    assert "| Time savings | ⚠ 57.8 % | 70.0 % | ⚠ warning | 2,184 |" in text
    assert "| min\\_overall | 0.6 | 0.55 | so that \\`more\\` \\| is &lt;b&gt;kept&lt;/b&gt; |" in text


def test_the_same_data_make_the_same_report(prometheus: str, found: Report) -> None:
    again = made(prometheus)
    assert document(again) == document(found)
    assert report_html(again, Targets().bands) == report_html(found, Targets().bands)


@pytest.mark.skipif(MISSING["victoria-metrics"], reason="victoria-metrics is not installed")
def test_victoria_metrics_tells_the_same(tmp_path: Path, prometheus: str) -> None:
    with running_victoria(tmp_path, weeks()) as url:
        theirs = seen(url)
    ours = seen(prometheus)
    assert theirs.totals["items"] == pytest.approx(ours.totals["items"], rel=0.01)
    assert [r.value for r in theirs.readings] == [r.value and pytest.approx(r.value, rel=0.01) for r in ours.readings]
    assert [row.name for row in theirs.content_types] == [row.name for row in ours.content_types]
    assert [row.items for row in theirs.content_types] == pytest.approx(
        [row.items for row in ours.content_types], abs=5
    )
    assert [alert.alert for alert in theirs.alerts] == [alert.alert for alert in ours.alerts]
