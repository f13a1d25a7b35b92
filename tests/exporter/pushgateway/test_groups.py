from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Summary,
    delete_from_gateway,
    generate_latest,
)
from prometheus_client.exposition import push_to_gateway, pushadd_to_gateway
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics

from tests.exporter.conftest import Process, Running, Serve


def job(value: float, name: str = "job_items") -> CollectorRegistry:
    registry = CollectorRegistry()
    Gauge(name, "Items of the job.", ["kind"], registry=registry).labels('a"b\\').set(value)
    Counter("job_runs", "Runs.", registry=registry).inc(value)
    Histogram("job_seconds", "Duration.", registry=registry).observe(value)
    Summary("job_bytes", "Size.", registry=registry).observe(value)
    return registry


def pushed(running: Running) -> dict[str, str]:
    lines = [line for line in running.text().splitlines() if line.startswith(("job_", "other", "push_"))]
    return dict(line.rsplit(" ", 1) for line in lines)


def test_prometheus_clients_own_functions_work_with_a_changed_address(running: Running) -> None:
    push_to_gateway(running.url, "nightly", job(3), {"shard": "eu/1"})
    found = pushed(running)
    assert found['job_items{instance="",job="nightly",kind="a\\"b\\\\",shard="eu/1"}'] == "3.0"
    assert found['job_runs_total{instance="",job="nightly",shard="eu/1"}'] == "3.0"
    assert found['job_seconds_bucket{instance="",job="nightly",le="+Inf",shard="eu/1"}'] == "1.0"
    assert found['job_bytes_sum{instance="",job="nightly",shard="eu/1"}'] == "3.0"
    assert float(found['push_time_seconds{instance="",job="nightly",shard="eu/1"}']) > 1e9
    assert found['push_failure_time_seconds{instance="",job="nightly",shard="eu/1"}'] == "0.0"
    delete_from_gateway(running.url, "nightly", {"shard": "eu/1"})
    assert not pushed(running)


def test_put_replaces_the_group_and_post_the_families_of_the_same_name(running: Running) -> None:
    put, post = running.client.put, running.client.post
    assert put("/metrics/job/a", content="job_one 1\njob_two 2\n").status_code == 200
    assert post("/metrics/job/a", content="job_two 22\nother 3\n").status_code == 200
    labels = '{instance="",job="a"}'
    found = pushed(running)
    assert {name: found[f"{name}{labels}"] for name in ("job_one", "job_two", "other")} == {
        "job_one": "1.0", "job_two": "22.0", "other": "3.0",
    }  # fmt: skip
    put("/metrics/job/a", content="other 4\n")
    found = pushed(running)
    assert found[f"other{labels}"] == "4.0"
    assert f"job_one{labels}" not in found
    put("/metrics/job/b", content="other 5\n")
    assert pushed(running)['other{instance="",job="b"}'] == "5.0"
    assert running.client.delete("/metrics/job/a").status_code == 202
    assert f"other{labels}" not in pushed(running)


def test_the_exposition_with_pushes_is_what_prometheus_client_would_write(running: Running) -> None:
    push_to_gateway(running.url, "a", job(3))
    pushadd_to_gateway(running.url, "b", job(4))
    running.client.put("/metrics/job/c", content="job_plain 7\n")
    running.exporter.scrape._duration.observe = lambda _: None
    registry = running.exporter.metrics.registry
    own = ("exporter_series", "exporter_render", "exporter_journal")
    for accept, write in (("text/plain", generate_latest), ("application/openmetrics-text", generate_openmetrics)):
        mine = running.client.get("/metrics", headers={"Accept": accept}).text
        theirs = write(registry).decode()
        kept = [[line for line in text.splitlines() if not line.startswith(own)] for text in (mine, theirs)]
        assert kept[0] == kept[1]


def test_pushes_survive_a_restart_and_a_kill(serve: Serve, tmp_path: Path, processes: list[Process]) -> None:
    first = serve()
    first.client.put("/metrics/job/a", content="job_one 1\n")
    first.server.stop()
    second = serve()
    assert pushed(second)['job_one{instance="",job="a"}'] == "1.0"
    second.server.stop()
    processes.append(Process(tmp_path))
    httpx.put(f"{processes[0].url}/metrics/job/k", content="job_one 5\n").raise_for_status()
    processes[0].kill()
    processes.append(Process(tmp_path))
    assert 'job_one{instance="",job="k"} 5.0' in httpx.get(f"{processes[1].url}/metrics").text


def test_old_groups_expire_when_that_is_wished(serve: Serve) -> None:
    running = serve(push_expiry_seconds=0.000001)
    running.client.put("/metrics/job/a", content="job_one 1\n")
    assert not pushed(running)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("job_one 1 1700000000000\n", "timestamp"),
        ("pipeline_items_total 3\n", "the exporter itself"),
        ("exporter_series 3\n", "the exporter itself"),
        ("push_time_seconds 3\n", "made by the exporter"),
        ("job_one{ 3\n", "not valid"),
        ("job_one x\n", "not valid"),
        ("job_one 1\njob_one 2\n", "twice"),
        ("no-dashes 1\n", ""),
        ('job_one{__name__="x"} 1\n', ""),
        ("job_other_bucket 1\n", "clash"),
        (
            "# TYPE job_there counter\njob_there 1\n",
            'is a gauge in the group {job="old"}, and a counter here, in the group {job="a"}',
        ),
    ],
)
def test_what_cannot_be_exposed_is_refused_and_leaves_all_as_it_was(running: Running, body: str, message: str) -> None:
    running.client.put("/metrics/job/old", content="# TYPE job_other histogram\njob_other_bucket{le=\"+Inf\"} 1\n"
                       "job_other_count 1\njob_other_sum 1\n# TYPE job_there gauge\njob_there 1\n")  # fmt: skip
    running.client.put("/metrics/job/a", content="job_before 1\n")
    before = pushed(running)
    response = running.client.put("/metrics/job/a", content=body)
    assert response.status_code == 400, response.text
    assert message in response.json()["error"]["message"]
    failed = 'push_failure_time_seconds{instance="",job="a"}'
    after = pushed(running)
    assert float(after.pop(failed)) > 0
    before.pop(failed)
    assert after == before
    assert running.value('exporter_rejected_records_total{reason="malformed"}') == 1


def test_no_more_series_than_allowed(serve: Serve) -> None:
    running = serve(max_pushed_series=50)
    many = "".join(f'job_one{{n="{n}"}} 1\n' for n in range(40))
    assert running.client.put("/metrics/job/a", content=many).status_code == 200
    assert running.client.put("/metrics/job/a", content=many).status_code == 200
    assert running.value("exporter_pushed_series ") == 42
    response = running.client.put("/metrics/job/b", content=many)
    assert response.status_code == 413
    for n in range(100):
        running.client.put(f"/metrics/job/empty-{n}", content="")
    assert len(pushed(running)) <= 50 + 1


def test_other_media_types_are_refused(running: Running) -> None:
    headers = {"Content-Type": "application/json"}
    assert running.client.put("/metrics/job/a", content="{}", headers=headers).status_code == 415
