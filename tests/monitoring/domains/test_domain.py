"""A domain as a value: what stands in it carries its name."""

from __future__ import annotations

from monitoring.domains.catalogue import domain
from monitoring.domains.domain import Domain
from monitoring.domains.signal import Signal, Term


def test_what_stands_in_a_domain_carries_its_name_and_whether_it_is_recorded() -> None:
    plain = Signal("novelty", "Novelty", "What is new.", "total", "items", (Term("pipeline_items_total"),))
    found = Domain(name="news", title="News", package=__name__, signals=(plain,), recorded=False)
    assert [(one.domain, one.recorded) for one in found.signals] == [("news", False)]
    assert (plain.domain, plain.recorded) == ("", True)


def test_a_runbook_stands_in_the_folder_of_its_domain() -> None:
    content = domain("pipeline")
    assert content.runbook_path("PipelineDown") == "monitoring/domains/content/runbooks/PipelineDown.md"
    assert content.runbook("PipelineDown").is_file()
    assert not content.runbook("PipelineUp").is_file()
