"""The pages of docs/reference say all that is declared, and nothing in them breaks a table."""

from __future__ import annotations

import re
from pathlib import Path

from monitoring.alerts.alert import alerts_of
from monitoring.compile import reference as module
from monitoring.compile.output import Difference, differences, write
from monitoring.compile.reference import alerts_page, labels_page, metrics_page, reference, signals_page
from monitoring.domains.band import Bands
from monitoring.domains.catalogue import signals
from monitoring.targets.targets import Targets
from pipeline.decisions.facts import FACTS
from pipeline.domains import catalogue
from pipeline.metrics.domain import Domain
from pipeline.metrics.family import Family


def pages(targets: Targets | None = None) -> dict[str, str]:
    return reference(alerts_of(targets or Targets()))


def rows(page: str) -> list[list[str]]:
    """Return the cells of every row below a table's head, as a reader of Markdown takes them apart."""
    lines = [line for line in page.splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    heads = [n + 1 for n, line in enumerate(page.splitlines()) if line.startswith("|---")]
    titles = {page.splitlines()[n - 2] for n in heads}
    return [row for row, line in zip(cells, lines, strict=True) if line not in titles]


def first_cells(name: str) -> list[str]:
    return [row[0].strip("`") for row in rows(pages()[f"docs/reference/{name}.md"])]


def test_every_declaration_has_its_row_in_the_order_of_declaration() -> None:
    assert sorted(first_cells("metrics")) == sorted(family.name for family in catalogue.FAMILIES)
    assert first_cells("signals") == list(signals())
    assert first_cells("facts") == list(FACTS)
    named = {cell.split("`")[0] for cell in first_cells("labels")}
    assert named == {label for family in catalogue.FAMILIES for label in family.labels}


def test_every_row_has_as_many_cells_as_its_table_has_titles() -> None:
    for path, page in pages().items():
        widths = {line.count("|") - 1 for line in page.splitlines() if line.startswith("|---")}
        assert {len(row) for row in rows(page)} == widths, path


def test_each_page_says_what_made_it_from_what_and_bears_no_date() -> None:
    for path, page in pages().items():
        mark, _, title, *_ = page.splitlines()
        assert re.fullmatch(r"<!-- Compiled by `pipemeter compile` from [\w/.]+\. DO NOT EDIT\. -->", mark), path
        assert title.startswith("# ")
        assert not re.search(r"20\d\d-\d\d", page)
        assert page.endswith("\n")
        assert not page.endswith("\n\n")


def test_what_a_page_is_made_from_exists() -> None:
    for page in pages().values():
        source = re.search(r"from ([\w/.]+)\. DO", page)
        assert source
        assert (Path(__file__).parents[3] / source[1]).exists()


def test_the_alerts_are_those_of_the_targets_in_the_order_of_triage() -> None:
    bands = {**Targets().bands, "bypass_rate": Bands(warning_low=0.37, window=5400, for_seconds=1020, min_items=41)}
    given = alerts_of(Targets(bands=bands))
    found = rows(alerts_page(given))
    assert [row[0].split("`")[1] for row in found] == [alert.name for alert in given]
    low = next(row for row in found if "PipelineBypassRateLow" in row[0])
    assert low == [
        "[`PipelineBypassRateLow`](../runbooks/PipelineBypassRateLow.md)",
        "warning",
        "`pipeline:bypass_rate:ratio1h30m < 0.37 and pipeline:bypass_rate:volume1h30m >= 41`",
        "17m",
        "-",
    ]


def test_a_rule_with_alternatives_stays_in_its_cell() -> None:
    alert = alerts_of(Targets())[0]
    changed = type(alert)(
        **{**{name: getattr(alert, name) for name in alert.__struct_fields__}, "expr": 'up{job=~"a|b"} == 0'}
    )
    (row,) = rows(alerts_page([changed]))
    assert row[2] == '`up{job=~"a\\|b"} == 0`'


def test_a_label_that_means_something_else_in_another_family_has_a_row_for_each() -> None:
    found = {row[0]: row[1:] for row in rows(labels_page(catalogue.FAMILIES))}
    assert found["`reason` of `pipeline_bypasses_total`"] == ["`low_quality`, `content_type`", "these"]
    assert found["`reason` of `pipeline_early_exits_total`"] == ["from configuration and records", "48"]
    assert "`content_type`" in found
    bypasses = [family for family in catalogue.FAMILIES if family.name == "pipeline_bypasses_total"]
    assert {row[0] for row in rows(labels_page(bypasses))} == {"`reason`", "`content_type`", "`config_version`"}


def test_edges_are_all_shown_unless_they_are_evenly_spaced() -> None:
    even = Family("pipeline_x_ratio", "histogram", "X.", buckets=(-0.5, 0.0, 0.5, 1.0), why="every half")
    uneven = Family("pipeline_y_seconds", "histogram", "Y.", buckets=(0.1, 1.0, 30.0), why="three edges")
    plain, spread = rows(metrics_page([Domain("pipeline", (even, uneven))]))
    assert plain[3] == "X. Buckets: -0.5, 0, ..., 1; every half."
    assert spread == ["`pipeline_y_seconds`", "histogram", "-", "Y. Buckets: 0.1, 1, 30; three edges."]


def test_the_splits_of_a_signal_stand_beside_it() -> None:
    found = {row[0]: row for row in rows(signals_page(signals()))}
    signal = signals()["checkpoint_exit_rate"]
    assert found["`checkpoint_exit_rate`"][1:4] == [signal.kind, signal.unit, signal.good]
    assert found["`checkpoint_exit_rate`"][4] == "`job`, `content_type`, `config_version`, `checkpoint`"


def test_an_edited_a_missing_and_a_left_over_page_are_found_and_mended(tmp_path: Path) -> None:
    wanted = pages()
    write(wanted, tmp_path)
    folder = tmp_path / module.FOLDER
    (folder / "labels.md").write_text("by hand")
    (folder / "facts.md").unlink()
    (folder / "events.md").write_text(wanted["docs/reference/facts.md"])
    (folder / "mine.md").write_text("# Mine\n")
    found = [
        Difference("docs/reference/labels.md", "edited"),
        Difference("docs/reference/facts.md", "missing"),
        Difference("docs/reference/events.md", "left over"),
        Difference("docs/reference/mine.md", "foreign"),
    ]
    assert differences(wanted, tmp_path) == found
    write(wanted, tmp_path)
    assert differences(wanted, tmp_path) == [found[-1]]
    assert (folder / "mine.md").read_text() == "# Mine\n"
