"""A domain as a value: what stands in it carries its name."""

from __future__ import annotations

from monitoring.domains.catalogue import DOMAINS, cases_of, domain, ends_of, fixed_alerts, metrics, signals
from monitoring.domains.domain import Domain
from monitoring.domains.signal import Signal, Term


def test_what_stands_in_a_domain_carries_its_name_and_whether_it_is_recorded() -> None:
    plain = Signal("novelty", "Novelty", "What is new.", "total", "items", (Term("pipeline_items_total"),))
    found = Domain(name="news", title="News", package=__name__, signals=(plain,), recorded=False)
    assert [(one.domain, one.recorded) for one in found.signals] == [("news", False)]
    assert (plain.domain, plain.recorded) == ("", True)


def test_the_registry_holds_what_the_domains_bring_in_their_order() -> None:
    assert list(signals()) == [signal.name for one in DOMAINS for signal in one.signals]
    assert [metric.domain for metric in metrics()] == ["pipeline"] * len(DOMAINS[0].metrics)
    assert [alert.domain for alert in fixed_alerts()] == ["pipeline"] * 3 + ["exporter"] * 3
    assert all(any(case.at for case in cases_of(alert.name)) for alert in fixed_alerts())
    assert cases_of("PipelineUp") == ()
    assert domain("exporter").title == "Exporter"


def test_the_ends_of_an_interval_are_those_of_the_signal() -> None:
    assert [(end.name, end.kind) for end in ends_of("wrong_skip_rate")] == [
        ("wrong_skip_rate_low", "low"),
        ("wrong_skip_rate_high", "high"),
    ]
    assert ends_of("bypass_rate") == ()


def test_a_runbook_stands_in_the_folder_of_its_domain() -> None:
    content = domain("pipeline")
    assert content.runbook_path("PipelineDown") == "monitoring/domains/content/runbooks/PipelineDown.md"
    assert content.runbook("PipelineDown").is_file()
    assert not content.runbook("PipelineUp").is_file()
