"""Ten minutes of mixed load with the exporter killed (SIGKILL) every 20 seconds: sent == counted, memory flat.

python -m bench.soak [--minutes 10] [--kill-every 20]

Four kinds of senders at once: a PushRecorder as a pipeline uses it; another one in a process that forks, whose children
record and end in every way there is; single posts and batches with idempotency keys, repeated until they are
acknowledged; and a scraper. Exit code 1 if anything was lost, counted twice, or grew.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import threading
import time
import uuid
from itertools import pairwise
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from pathlib import Path

import httpx

from bench.ingest import record
from bench.servers import Server, exporter
from pipeline.events import ItemFinished
from pipeline.recording.push import PushRecorder, PushSettings

PATIENCE = 60.0  # seconds that a sender repeats one request before it gives up


class Tally:
    """What was acknowledged, by kind of sender."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.counts: dict[str, int] = {}

    def add(self, kind: str, count: int) -> None:
        """Count something sent."""
        with self._lock:
            self.counts[kind] = self.counts.get(kind, 0) + count

    @property
    def total(self) -> int:
        """All of it."""
        return sum(self.counts.values())


def post_until_acknowledged(client: httpx.Client, path: str, body: object) -> None:
    key, until = uuid.uuid4().hex, time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            response = client.post(path, json=body, headers={"Idempotency-Key": key})
            if response.status_code == 200:
                return
            if response.status_code != 503:
                raise RuntimeError(response.text)
        except httpx.HTTPError:
            pass
        time.sleep(0.05)
    raise RuntimeError("no acknowledgement within a minute")


def singles(url: str, stop: threading.Event, tally: Tally) -> None:
    rng = random.Random(1)
    with httpx.Client(base_url=url, timeout=5) as client:
        while not stop.is_set():
            post_until_acknowledged(client, "/api/performance/record", record(rng))
            tally.add("single posts", 1)


def batches(url: str, stop: threading.Event, tally: Tally) -> None:
    rng = random.Random(2)
    with httpx.Client(base_url=url, timeout=5) as client:
        while not stop.is_set():
            rows = [record(rng) for _ in range(rng.randrange(1, 400))]
            post_until_acknowledged(client, "/api/performance/record/batch", rows)
            tally.add("records in batches", len(rows))
            stop.wait(0.05)


def pushes(recorder: PushRecorder, stop: threading.Event, tally: Tally) -> None:
    rng = random.Random(3)
    while not stop.wait(0.01):
        fields = record(rng)
        recorder.record_many([ItemFinished(**fields)] * 5)  # type: ignore[arg-type]
        tally.add("recorded by a PushRecorder", 5)


def forking(url: str, spool: Path, settings: PushSettings, stop: Event, recorded: Connection) -> None:
    """Record here and in forked children, which end with and without notice; say in the end how much that was."""
    rng, count = random.Random(4), 0
    event = ItemFinished(**record(rng))  # type: ignore[arg-type]
    with PushRecorder(url, spool=spool, settings=settings) as recorder:
        while not stop.wait(0.2):
            recorder.record_many([event] * 10)
            count += 10
            for way in ("kill", "bare exit", "later", "close"):
                child = os.fork()
                if child:
                    count += 25
                    continue
                recorder.record_many([event] * 25)
                if way == "kill":
                    os.kill(os.getpid(), signal.SIGKILL)
                if way == "later":
                    time.sleep(rng.uniform(0.0, 2.0))
                if way == "close":
                    recorder.close()
                os._exit(0)
            with contextlib.suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, 0)[0]:
                pass
    recorded.send(count)


def scrapes(url: str, stop: threading.Event, seen: list[float]) -> None:
    """Scrape every second; keep what the counter showed, which must never fall."""
    with httpx.Client(base_url=url, timeout=10) as client:
        while not stop.wait(1.0):
            try:
                seen.append(counted(client))
            except httpx.HTTPError:
                continue


def counted(client: httpx.Client) -> float:
    text = client.get("/metrics").text
    return float(next(line for line in text.splitlines() if line.startswith("exporter_records_total ")).split()[1])


def run(server: Server, folder: Path, seconds: float, kill_every: float) -> bool:
    stop, tally, seen, memory, sizes = threading.Event(), Tally(), [], [], []  # type: ignore[var-annotated]
    settings = PushSettings(buffer_events=200_000, batch_seconds=0.1, close_seconds=20.0)
    recorder = PushRecorder(server.url, spool=folder / "spool", settings=settings)
    context = multiprocessing.get_context("spawn")
    told, telling = context.Pipe(duplex=False)
    no_more = context.Event()
    forker = context.Process(target=forking, args=(server.url, folder / "spool", settings, no_more, telling))
    forker.start()
    threads = [
        threading.Thread(target=singles, args=(server.url, stop, tally)),
        threading.Thread(target=batches, args=(server.url, stop, tally)),
        threading.Thread(target=pushes, args=(recorder, stop, tally)),
        threading.Thread(target=scrapes, args=(server.url, stop, seen)),
    ]
    for thread in threads:
        thread.start()
    started, kills = time.monotonic(), 0
    while time.monotonic() - started < seconds:
        time.sleep(kill_every)
        memory.append(server.resident_bytes())
        sizes.append(sum(path.stat().st_size for path in folder.glob("journal*")))
        server.kill()
        kills += 1
        server.start()
        print(f"  {time.monotonic() - started:6.0f} s: {tally.total:12,} sent, {memory[-1] / 1e6:.0f} MB resident, "
              f"journal {sizes[-1] / 1e6:.0f} MB", flush=True)  # fmt: skip
    stop.set()
    no_more.set()
    for thread in threads:
        thread.join()
    tally.add("recorded in processes that fork", told.recv())
    forker.join()
    recorder.close()
    deadline = time.monotonic() + 60
    with (
        PushRecorder(server.url, spool=folder / "spool", settings=settings),  # delivers what was spooled
        httpx.Client(base_url=server.url, timeout=30) as client,
    ):
        while counted(client) < tally.total and time.monotonic() < deadline:
            time.sleep(0.1)
        final = counted(client)
    return report(tally, final, recorder, seen, memory, kills)


def report(
    tally: Tally, final: float, recorder: PushRecorder, seen: list[float], memory: list[int], kills: int
) -> bool:
    for kind, count in tally.counts.items():
        print(f"{kind:32}{count:14,}")
    print(f"{'sent':32}{tally.total:14,}\n{'counted':32}{final:14,.0f}   after {kills} kills")
    half = len(memory) // 2
    early, late = (max(part, default=0) for part in (memory[:half], memory[half:]))
    print(f"memory before kills: first half {early / 1e6:.0f} MB, second half {late / 1e6:.0f} MB at most")
    falls = sum(after < before for before, after in pairwise(seen))
    print(f"scrapes {len(seen)}, of which the counter fell: {falls}; dropped by the recorder: {dict(recorder.dropped)}")
    return final == tally.total and not falls and not recorder.dropped and late <= early * 1.2 + 10e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--kill-every", type=float, default=20.0)
    a = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = exporter(folder, EXPORTER_COMPACT_AT_BYTES=str(4 * 1024 * 1024)).start()
        try:
            good = run(server, folder, a.minutes * 60, a.kill_every)
        finally:
            server.stop()
    print("sent == counted, memory flat" if good else "NOT GOOD")
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
