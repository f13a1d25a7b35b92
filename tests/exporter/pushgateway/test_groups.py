from __future__ import annotations

import random
import shutil
import socket
import subprocess
from pathlib import Path

import httpx
import pytest
from prometheus_client import (
    delete_from_gateway,
    generate_latest,
)
from prometheus_client.exposition import push_to_gateway, pushadd_to_gateway
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.parser import text_string_to_metric_families

from tests.exporter.conftest import Process, Running, Serve, eventually
from tests.exporter.pushes import job, pushed


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
    own = (
        "exporter_series",
        "exporter_render",
        "exporter_journal",
        "pipeline_quality_margin_ratio_count",
        "pipeline_shadow_savings_error_ratio_count",
    )  # fmt: skip - the counts are none in OpenMetrics (layout.py)
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


def refusal(running: Running, path: str, body: str, method: str = "PUT") -> str:
    response = running.client.request(method, f"/metrics/{path}", content=body)
    assert response.status_code == 400, response.text
    message: str = response.json()["error"]["message"]
    return message


def test_one_series_belongs_to_one_group(running: Running) -> None:
    put = running.client.put
    assert put("/metrics/job/s/tag/v1", content="y_total 1\n").status_code == 200
    assert refusal(running, "job/s", 'y_total{tag="v1"} 42\n') == (
        'a series of y_total in the group {job="s"} is in the group {job="s", tag="v1"} already'
    )
    assert put("/metrics/job/s", content='y_total{tag="v2"} 42\n').status_code == 200
    assert "v2" in refusal(running, "job/s/tag/v2", "y_total 1\n")
    assert put("/metrics/job/s/tag/v1", content="y_total 2\n").status_code == 200  # its own series may be pushed again
    assert running.client.delete("/metrics/job/s/tag/v1").status_code == 202
    assert put("/metrics/job/s", content='y_total{tag="v1"} 42\n').status_code == 200
    lines = [line for line in running.text().splitlines() if line.startswith("y_total")]
    assert lines == ['y_total{instance="",job="s",tag="v1"} 42.0']


def test_groups_that_differ_in_a_label_without_a_value_only_are_one_to_prometheus(running: Running) -> None:
    assert running.client.put("/metrics/job/s", content="a 1\n").status_code == 200
    message = refusal(running, "job/s/tag@base64/=", "b 1\n")
    assert message == 'the groups {job="s", tag=""} and {job="s"} are the same series to Prometheus'


def test_what_a_put_replaces_is_in_nobody_s_way(running: Running) -> None:
    put = running.client.put
    histogram = '# TYPE h histogram\nh_bucket{le="+Inf"} 1\nh_count 1\nh_sum 1\n'
    assert put("/metrics/job/a", content=histogram).status_code == 200
    assert put("/metrics/job/a", content="# TYPE h_count gauge\nh_count 1\n").status_code == 200
    assert put("/metrics/job/a", content="# TYPE h_count counter\nh_count 1\n").status_code == 200
    assert "would clash with h_count" in refusal(running, "job/a", histogram, "POST")
    both = histogram + "# TYPE h_count2 gauge\nh_count2 1\n# TYPE h_sum gauge\nh_sum 3\n"
    assert "declared twice" in refusal(running, "job/b", both) or "would clash" in refusal(running, "job/b", both)


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ("# TYPE m counter\nm 1\n", "m 1\n", 'm is a counter in the group {job="a"}, and an untyped here'),
        ("m 1\n", "# TYPE m gauge\nm 1\n", 'm is an untyped in the group {job="a"}, and a gauge here'),
        ("# TYPE m summary\nm_sum 1\nm_count 1\n", "m_count 1\n", 'm_count of the group {job="b"} would clash with m'),
        (
            "m_sum 1\n",
            "# TYPE m summary\nm_sum 1\nm_count 1\n",
            'of the group {job="b"} would clash with m_sum of the group',
        ),
    ],
)
def test_a_second_type_is_refused_with_both_groups_named(running: Running, first: str, second: str, said: str) -> None:
    assert running.client.put("/metrics/job/a", content=first).status_code == 200
    message = refusal(running, "job/b", second)
    assert said in message
    assert '{job="a"}' in message
    assert '{job="b"}' in message


def test_a_counter_and_a_gauge_of_the_same_stem_are_two(running: Running) -> None:
    assert running.client.put("/metrics/job/a", content="# TYPE m_total counter\nm_total 1\n").status_code == 200
    assert running.client.put("/metrics/job/b", content="# TYPE m gauge\nm 1\n").status_code == 200
    text = running.text()
    assert "# TYPE m_total counter\n" in text
    assert "# TYPE m gauge\n" in text


def test_a_path_is_taken_apart_before_it_is_decoded(running: Running) -> None:
    assert running.client.put("/metrics/job/s/path/%2Fvar%2Ftmp", content="a 1\n").status_code == 200
    assert 'a{instance="",job="s",path="/var/tmp"} 1.0' in running.text()
    assert running.client.delete("/metrics/job/s/path@base64/L3Zhci90bXA").status_code == 202
    assert "/var/tmp" not in running.text()


BODIES = (
    "# TYPE m counter\nm 1\n",
    "# TYPE m gauge\nm 2\n",
    "# HELP m Said.\n# TYPE m counter\nm 3\n",
    "m 4\n",
    '# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="+Inf"} 2\nh_sum 3\nh_count 2\n',
    "h_count 7\n",
    '# TYPE s summary\ns{quantile="0.5"} 1\ns_sum 3\ns_count 2\n',
    'y_total{tag="v1"} 42\n',
    "y_total 1\n",
    'a{job="other",instance="x"} 3\n',
    "a 1\na 2\n",
    "a 1 1700000000000\n",
    "# TYPE c_created gauge\nc_created 3\n# TYPE c_total counter\nc_total 4\n",
    "",
)
PATHS = (
    "job/a", "job/b", "job/s", "job/s/tag/v1", "job/p/path@base64/L3Zhci90bXA", "job/p/x/a%20b", "job/p/x/a+b", "job/p/x/%41",
    "job/a/b", "job%2Fa/b", "job@base64/YQ",
)  # fmt: skip


@pytest.mark.skipif(shutil.which("prometheus-pushgateway") is None, reason="prometheus-pushgateway is not installed")
def test_a_pushgateway_would_have_answered_the_same_and_holds_the_same(running: Running, tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        "prometheus-pushgateway",
        f"--web.listen-address=127.0.0.1:{port}",
        f"--persistence.file={tmp_path}/kept",
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as theirs:
            eventually(lambda: answers(theirs))
            rng = random.Random(3)
            for _ in range(250):
                path, body = rng.choice(PATHS), rng.choice(BODIES)
                method = rng.choice(("PUT", "PUT", "POST", "DELETE"))
                mine, other = (
                    client.request(method, f"/metrics/{path}", content=body if method != "DELETE" else b"").status_code
                    for client in (running.client, theirs)
                )
                assert mine == other, (method, path, body)
            assert held(running.text()) == held(theirs.get("/metrics").text)
    finally:
        process.kill()
        process.wait()


def answers(client: httpx.Client) -> bool:
    try:
        return client.get("/-/ready").is_success
    except httpx.HTTPError:
        return False


def held(text: str) -> set[tuple[str, str, frozenset[tuple[str, str]], float]]:
    """Type, name, labels and value of every pushed sample."""
    names = ("m", "h", "s", "y", "a", "c", "y_total", "c_total", "c_created")
    types = dict(line.split(" ")[2:4] for line in text.splitlines() if line.startswith("# TYPE"))
    families = [family for family in text_string_to_metric_families(text) if family.name in names]
    return {
        (types.get(s.name, types.get(s.name.rsplit("_", 1)[0], "")), s.name, frozenset(s.labels.items()), s.value)
        for family in families
        for s in family.samples
    }


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_promtool_finds_nothing_wrong_with_what_was_pushed(running: Running) -> None:
    running.client.put("/metrics/job/a", content="# HELP runs_total Runs.\n# TYPE runs_total counter\nruns_total 1\n")
    running.client.put("/metrics/job/b", content="batch_items 1\n# TYPE batch_seconds summary\nbatch_seconds_sum 1\n"
                       "batch_seconds_count 1\n")  # fmt: skip
    ran = subprocess.run(
        ["promtool", "check", "metrics"], input=running.text(), text=True, capture_output=True, check=False
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
