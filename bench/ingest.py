"""Records taken in per second, journaled, one process, against Pushgateway's pushes in the same run.

python -m bench.ingest [--seconds 5]
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from pathlib import Path

import httpx

from bench.load import load
from bench.servers import Server, exporter, pushgateway, running
from pipeline import zstd

JSON = {"Content-Type": "application/json"}
BATCH = 1000


def record(rng: random.Random) -> dict[str, object]:
    """Make a finished item as a pipeline reports it, all fields that apply filled in."""
    way = rng.choices(["full", "lightweight", "early_exit"], [40, 45, 15])[0]
    made: dict[str, object] = {
        "processing_type": way,
        "content_type": rng.choice(["news", "discussion", "education", "entertainment"]),
        "quality_score": round(rng.random(), 3),
        "processing_time": round(rng.random() * 120, 2),
        "time_saved_pct": 0.0 if way == "full" else round(rng.uniform(0.3, 0.95), 3),
        "config_version": "balanced",
        "item_id": f"{rng.getrandbits(64):016x}",
    }
    if way == "early_exit":
        made |= {"exit_checkpoint": "post_download", "exit_reason": "too_short", "exit_confidence": 0.9}
    return made


def push_body(rng: random.Random) -> bytes:
    """Make what a batch job pushes of one item: the same facts as five samples."""
    lines = []
    for name in ("items_total", "time_spent_seconds_total", "time_saved_seconds_total", "quality_score", "duration"):
        lines += [f"# TYPE pipeline_{name} gauge", f'pipeline_{name}{{content_type="news"}} {rng.random()}']
    return ("\n".join(lines) + "\n").encode()


def counted(server: Server) -> float:
    text = httpx.get(server.url + "/metrics", timeout=30).text
    return float(next(line for line in text.splitlines() if line.startswith("exporter_records_total ")).split()[1])


def singles(server: Server, seconds: float, rng: random.Random) -> float:
    before = counted(server)
    body = json.dumps(record(rng)).encode()
    result = load(f"{server.url}/api/performance/record", body, headers=JSON, seconds=seconds)
    sent = sum(result["statuses"].values())
    assert counted(server) - before == sent == result["statuses"]["200"], result
    return float(result["per_second"])


def batches(server: Server, seconds: float, rng: random.Random, *, compress: bool) -> float:
    before = counted(server)
    body = json.dumps([record(rng) for _ in range(BATCH)]).encode()
    headers = dict(JSON)
    if compress:
        body, headers["Content-Encoding"] = zstd.compress(body, 1), "zstd"
    url = f"{server.url}/api/performance/record/batch"
    result = load(url, body, headers=headers, seconds=seconds, connections=4)
    assert counted(server) - before == result["statuses"]["200"] * BATCH, result
    return float(result["per_second"]) * BATCH


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0)
    seconds = parser.parse_args().seconds
    rng = random.Random(7)
    pushes = None
    with tempfile.TemporaryDirectory() as folder:
        peer = pushgateway(Path(folder))
        if peer is None:
            print("Pushgateway is not installed (Debian: prometheus-pushgateway); no comparison")
        else:
            with running(peer):
                result = load(f"{peer.url}/metrics/job/bench", push_body(rng), seconds=seconds)
                pushes = result["per_second"]
                print(f"{'Pushgateway pushes':44}{pushes:12,.0f} /s")
    for sync in ("normal", "full"):
        with tempfile.TemporaryDirectory() as folder, running(exporter(Path(folder), EXPORTER_SYNC=sync)) as ours:
            durable = "SIGKILL" if sync == "normal" else "power loss"
            for name, figure in (
                ("single posts", singles(ours, seconds, rng)),
                (f"records in batches of {BATCH}", batches(ours, seconds, rng, compress=False)),
                (f"records in batches of {BATCH}, zstd", batches(ours, seconds, rng, compress=True)),
            ):
                against = f"   {figure / pushes:6.1f}x" if pushes else ""
                print(f"{name + ', survive ' + durable:44}{figure:12,.0f} /s{against}")


if __name__ == "__main__":
    main()
