"""The choices at the top of a board."""

from __future__ import annotations

from monitoring.compile.dashboards.variables import variables_json
from monitoring.domains.variable import Variable

JOB = Variable("job", "Job", "The scrape job.", "label_values(up, job)")


def test_the_data_source_is_chosen_first() -> None:
    [source] = variables_json([])
    assert (source["name"], source["type"], source["query"]) == ("datasource", "datasource", "prometheus")


def test_a_choice_takes_several_and_begins_with_all() -> None:
    _, job = variables_json([JOB])
    assert (job["multi"], job["includeAll"], job["allValue"]) == (True, True, ".*")
    assert job["current"] == {"selected": True, "text": "All", "value": "$__all"}
    assert job["query"]["query"] == "label_values(up, job)"
    assert (job["label"], job["description"]) == ("Job", "The scrape job.")
    assert job["datasource"]["uid"] == "${datasource}"
