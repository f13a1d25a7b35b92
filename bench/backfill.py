"""Made-up history in a real Prometheus (or VictoriaMetrics): series in, blocks on disk, a server over them.

    backfill(series, folder)                          # blocks in folder/data
    with running_prometheus(folder) as url: ...       # Debian's prometheus on a free port, scraping nothing

Benchmarks and tests share it. Series are made lazily: only one is held in memory at a time.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import httpx
import msgspec
import numpy as np
from numpy.typing import NDArray

from bench.servers import Server, free_port, running

Floats = NDArray[np.float64]
MISSING = {name: shutil.which(name) is None for name in ("prometheus", "promtool", "victoria-metrics")}
_BLOCK_HOURS = 1458  # promtool reads the input once a block: one block for up to 60 days
_CONFIG = "scrape_configs: []\n"
_PIECE = 20_000  # lines, and those of one more series, are written or sent at a time


class Series(msgspec.Struct, frozen=True):
    """One series: `times` (Unix seconds, ascending; share one array among series) and `values` of the same length."""

    name: str
    labels: Mapping[str, str]
    times: Floats
    values: Floats


def backfill(series: Iterable[Series], folder: Path, *, block_hours: int = _BLOCK_HOURS) -> None:
    """Write series as Prometheus blocks into `folder`/data, in addition to what is there.

    Timestamps are kept to the millisecond, values exactly. Smaller blocks (`block_hours` 2, 6, 18, 54, 162, 486) are
    nearer to what a server writes itself, and slower to make. Raises RuntimeError with what promtool says.
    """
    folder.mkdir(parents=True, exist_ok=True)
    text = folder / "backfill.om"
    with text.open("w", encoding="utf-8") as file:
        for piece in _lines(series, milliseconds=False):
            file.write(piece)
        file.write("# EOF\n")
    command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "-q", f"--max-block-duration={block_hours}h",
               str(text), str(folder / "data")]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    text.unlink()
    if done.returncode:
        raise RuntimeError(done.stderr or done.stdout)


@contextlib.contextmanager
def running_prometheus(folder: Path, flags: Sequence[str] = (), config: str = _CONFIG) -> Iterator[str]:
    """Run Prometheus over `folder`/data and yield its address. `config` is the text of its prometheus.yml."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "prometheus.yml").write_text(config)
    port = free_port()
    command = ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
               "--storage.tsdb.retention.time=100y", f"--web.listen-address=127.0.0.1:{port}", *flags]  # fmt: skip
    with running(Server(command, f"http://127.0.0.1:{port}", "/-/ready", dict(os.environ))) as server:
        yield server.url


@contextlib.contextmanager
def running_victoria(folder: Path, series: Iterable[Series]) -> Iterator[str]:
    """Run a VictoriaMetrics that holds the series and yield its address."""
    port = free_port()
    command = ["victoria-metrics", f"-storageDataPath={folder}/victoria", f"-httpListenAddr=127.0.0.1:{port}",
               "-retentionPeriod=100y", "-search.latencyOffset=1ms", "-search.disableCache"]  # fmt: skip
    with running(Server(command, f"http://127.0.0.1:{port}", "/health", dict(os.environ))) as server:
        with httpx.Client(base_url=server.url, timeout=60) as client:
            for piece in _lines(series, milliseconds=True):
                client.post("/api/v1/import/prometheus", content=piece).raise_for_status()
            client.get("/internal/force_flush").raise_for_status()
        yield server.url


def _lines(series: Iterable[Series], *, milliseconds: bool) -> Iterator[str]:
    """Yield pieces of exposition text: OpenMetrics takes seconds, the classic format milliseconds."""
    known: dict[int, tuple[Floats, list[str]]] = {}  # times are shared by many series: said once
    waiting: list[str] = []
    for one in series:
        if id(one.times) not in known:
            known[id(one.times)] = (one.times, [_time(at, milliseconds) for at in one.times.tolist()])
        head, stamps, values = _head(one), known[id(one.times)][1], one.values.tolist()
        if len(stamps) != len(values):
            raise ValueError(f"{head}: {len(stamps)} times, {len(values)} values")
        waiting += [f"{head} {value!r} {stamp}\n" for value, stamp in zip(values, stamps, strict=True)]
        if len(waiting) >= _PIECE:
            yield "".join(waiting)
            waiting = []
    yield "".join(waiting)


def _time(at: float, milliseconds: bool) -> str:
    return str(round(at * 1000)) if milliseconds else f"{at:.3f}"


def _head(series: Series) -> str:
    labels = ",".join(f'{name}="{_escaped(value)}"' for name, value in series.labels.items())
    return f"{series.name}{{{labels}}}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
