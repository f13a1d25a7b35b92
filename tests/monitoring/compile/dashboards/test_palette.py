"""What the boards of all domains share."""

from __future__ import annotations

import pytest

from monitoring.compile.dashboards.palette import palette_of
from monitoring.domains.catalogue import DOMAINS
from monitoring.domains.domain import Domain
from monitoring.domains.variable import Variable
from pipeline.errors import PipemeterError

MODEL = Variable("model", "Model", "Which model.", "label_values(llm_calls_total, model)")


def domain(name: str, *variables: Variable, colours: dict[str, dict[str, str]] | None = None) -> Domain:
    return Domain(name=name, title=name, package=__name__, variables=variables, colours=colours or {})


def test_every_domain_adds_its_choices_and_colours() -> None:
    more = domain("llm", MODEL, colours={"verdict": {"right": "green"}})
    found = palette_of((*DOMAINS, more))
    assert list(found.variables) == ["job", "config_version", "content_type", "checkpoint", "instance", "model"]
    assert found.colours["verdict"] == {"right": "green"}
    assert found.colours["processing_type"]["full"] == "blue"


def test_the_same_choice_declared_twice_is_one() -> None:
    assert list(palette_of((domain("llm", MODEL), domain("agents", MODEL))).variables) == ["model"]


def test_a_choice_that_two_domains_declare_differently_is_refused() -> None:
    other = Variable("model", "Model", "Which.", "label_values(agent_runs_total, model)")
    with pytest.raises(PipemeterError, match="domain agents: variable 'model': another domain declares it differently"):
        palette_of((domain("llm", MODEL), domain("agents", other)))


def test_colours_that_two_domains_declare_differently_are_refused() -> None:
    one, other = ({"verdict": {"right": colour}} for colour in ("green", "blue"))
    with pytest.raises(PipemeterError, match="domain agents: colours of the label 'verdict'"):
        palette_of((domain("llm", colours=one), domain("agents", colours=other)))
