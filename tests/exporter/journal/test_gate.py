from __future__ import annotations

import asyncio
import os
import random
import resource
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from exporter.errors import ApiError
from exporter.exporter import Exporter
from exporter.intake.decoding import read_body
from exporter.journal.gate import BEGIN_AT_MOST
from exporter.journal.journal import Journal
from exporter.settings import ExporterSettings
from pipeline.configuration.config import Config
from pipeline.domains.exporter.families import JOURNAL_LOST_RECORDS, RECORDS
from tests.exporter.conftest import Running, Serve
from tests.exporter.journal.test_mending import cut, overwrite, remove

GOOD = {"processing_type": "lightweight", "content_type": "news", "processing_time": 3.0, "time_saved_pct": 0.5,
        "quality_score": 0.4, "config_version": "a"}  # fmt: skip
KEY = {"Idempotency-Key": "the first"}


def path_of(running: Running) -> Path:
    path = running.exporter.settings.journal
    assert path is not None
    return path


def remove_all(path: Path) -> None:
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()


def cut_to_nothing(path: Path) -> None:
    os.truncate(path, 0)


def cut_the_log(path: Path) -> None:
    os.truncate(f"{path}-wal", 100)


def remove_the_log(path: Path) -> None:
    Path(f"{path}-wal").unlink()


def another(path: Path) -> Path:
    """A journal of somebody else."""
    other = Journal(path.with_name("other.sqlite"))
    other.close()
    return other.path


def swap(path: Path) -> None:
    another(path).replace(path)


def copy_over(path: Path) -> None:
    shutil.copyfile(another(path), path)  # the same file with other content


def move_the_folder(path: Path) -> None:
    path.parent.rename(path.parent.with_name("elsewhere"))


HARMS = (remove_all, cut_to_nothing, cut_the_log, remove_the_log, swap, copy_over, move_the_folder)


@pytest.mark.parametrize("sync", ["normal", "full"])
@pytest.mark.parametrize("harm", HARMS, ids=lambda harm: harm.__name__)
def test_a_journal_that_is_lost_under_it_is_said_at_once_and_nothing_counted_is_lost(
    serve: Serve, tmp_path: Path, harm: Callable[[Path], None], sync: str
) -> None:
    running = serve(journal=tmp_path / "state" / "journal.sqlite", sync=sync)
    for headers in (KEY, {}, {}):
        running.client.post("/api/performance/record", json=GOOD, headers=headers).raise_for_status()
    running.client.put("/metrics/job/x", content="pushed 7\n").raise_for_status()
    harm(path_of(running))
    with capture_logs() as logs:
        refused = running.record(**GOOD)
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "storage")
    assert [line["event"] for line in logs] == ["a new journal was begun with all that was counted"]
    assert running.value("exporter_journal_errors_total") == 1
    assert running.value("pipeline_items_total") == 3
    assert running.record(**GOOD).status_code == 200
    assert running.client.get("/health").status_code == 200
    again = running.client.post("/api/performance/record", json=GOOD, headers=KEY).json()["status"]
    if harm in (remove_all, move_the_folder, swap):  # the old file can still be read
        assert again == "duplicate"
    counted = running.value("pipeline_items_total")
    running.exporter.journal.close()  # as after a kill: no last snapshot
    second = Exporter(ExporterSettings(journal=path_of(running)), Config())
    value = second.metrics.registry.get_sample_value
    assert value(RECORDS.name) == counted
    assert value(JOURNAL_LOST_RECORDS.name) == 0
    assert second.pushes.series == 3
    second.close()


def test_a_scrape_notices_that_the_journal_is_gone_before_any_record_comes(running: Running) -> None:
    running.record(**GOOD)
    remove_all(path_of(running))
    assert running.value("pipeline_items_total") == 1
    assert running.value("exporter_journal_errors_total") == 1
    assert running.value("exporter_journal_size_bytes") > 0
    assert running.record(**GOOD).status_code == 200
    running.exporter.journal.close()
    assert Journal(path_of(running)).snapshot()


def test_a_journal_that_is_gone_at_the_end_is_written_once_more(serve: Serve) -> None:
    first = serve()
    first.record(**GOOD)
    remove_all(path_of(first))
    first.server.stop()
    assert serve().value("pipeline_items_total") == 1


def test_what_stands_in_the_place_of_a_lost_journal_is_kept_under_a_dated_name(running: Running) -> None:
    running.record(**GOOD)
    path = path_of(running)
    path.unlink()
    path.write_text("somebody's notes")
    running.record(**GOOD)
    (kept,) = path.parent.glob("*.damaged-*Z")
    assert kept.read_text() == "somebody's notes"
    assert running.record(**GOOD).status_code == 200


def test_while_no_new_journal_can_be_begun_scrapes_go_on_and_one_line_a_minute_says_why(
    serve: Serve, tmp_path: Path
) -> None:
    running = serve(journal=tmp_path / "state" / "journal.sqlite")
    running.record(**GOOD)
    now = [0.0]
    running.exporter.gate._timer = lambda: now[0]
    shutil.rmtree(tmp_path / "state")
    (tmp_path / "state").write_text("")  # no folder can be made here
    with capture_logs() as logs:
        for _ in range(30):
            assert running.record(**GOOD).status_code == 503
        assert running.value("pipeline_items_total") == 1
        health = running.client.get("/health")
        assert health.status_code == 503
        assert "a new one cannot be begun" in health.json()["journal"]["error"]
        now[0] = 61.0
        assert running.record(**GOOD).status_code == 503
        (tmp_path / "state").unlink()
        now[0] = 70.0
        assert running.record(**GOOD).status_code == 503  # in this moment a new one was begun
        assert running.record(**GOOD).status_code == 200
    assert [line["event"] for line in logs] == [
        "the journal cannot be written",
        "the journal cannot be written",
        "a new journal was begun with all that was counted",
    ]
    assert logs[1]["refused_meanwhile"] > 30
    assert running.client.get("/health").status_code == 200


def test_a_journal_that_is_lost_again_and_again_does_not_fill_the_disk_with_new_ones(running: Running) -> None:
    running.exporter.gate._timer = lambda: 5.0
    running.record(**GOOD)
    for _ in range(BEGIN_AT_MOST + 3):
        cut_to_nothing(path_of(running)) if path_of(running).exists() else None
        running.record(**GOOD)
    assert len(list(path_of(running).parent.glob("*.damaged-*"))) <= 2 * BEGIN_AT_MOST
    assert running.record(**GOOD).status_code == 503
    running.exporter.gate._timer = lambda: 100.0
    running.record(**GOOD)
    assert running.record(**GOOD).status_code == 200


def test_on_a_full_disk_one_line_a_minute_says_so_and_it_goes_on_when_there_is_room(running: Running) -> None:
    running.record(**GOOD)
    batch = [{**GOOD, "item_id": "x" * 90}] * 2000
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with capture_logs() as logs:
        # a limit on the size of files stands for a disk without room: SQLite is refused its writes all the same
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, before[1]))
        try:
            statuses = [running.client.post("/api/performance/record/batch", json=batch).status_code for _ in range(40)]
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert statuses == [503] * 40
        assert running.record(**GOOD).status_code == 200
        running.client.post("/api/performance/record/batch", json=batch).raise_for_status()
    assert [line["event"] for line in logs] == ["the journal cannot be written", "the journal can be written again"]
    assert logs[1]["refused"] == 39
    assert running.value("pipeline_items_total") == 2002
    running.exporter.journal.close()
    again = Exporter(ExporterSettings(journal=path_of(running)), Config())
    assert again.metrics.registry.get_sample_value(RECORDS.name) == 2002
    again.close()


def test_when_the_journal_cannot_be_written_nothing_is_acknowledged_or_counted(running: Running) -> None:
    blocker = sqlite3.connect(path_of(running), isolation_level=None)
    running.exporter.journal._db.execute("PRAGMA busy_timeout = 10")  # type: ignore[union-attr]
    blocker.execute("BEGIN IMMEDIATE")
    response = running.record(**GOOD)
    assert response.status_code == 503
    assert response.headers["retry-after"] == "1"
    assert response.json()["error"]["code"] == "storage"
    health = running.client.get("/health")
    assert health.status_code == 503
    assert "locked" in health.json()["journal"]["error"]
    pushed = running.client.put("/metrics/job/x", content="a 1\n")
    assert pushed.status_code == 503
    blocker.execute("ROLLBACK")
    blocker.close()
    assert running.value("pipeline_items_total") == 0
    assert running.value("exporter_journal_errors_total") == 2
    assert running.record(**GOOD).status_code == 200
    assert running.client.get("/health").status_code == 200


async def sent(exporter: Exporter, rng: random.Random) -> int:
    """Send a batch until it is acknowledged, and return how many records it had."""
    count = rng.choice((1, 3, 100))
    body = b"[" + b",".join([b'{"processing_type":"full"}'] * count) + b"]"
    for _ in range(3):
        try:
            return (await exporter.acceptor.submit(read_body(body, "array", only_items=True))).count
        except ApiError as error:
            assert error.status == 503  # noqa: PT017 - what else it may be is the point
    raise AssertionError("it is never acknowledged")


@pytest.mark.parametrize("seed", range(25))
def test_whatever_happens_to_the_files_while_it_runs_what_was_acknowledged_is_counted_or_said_to_be_lost(
    tmp_path: Path, seed: int
) -> None:
    rng = random.Random(seed)
    path = tmp_path / "state" / "journal.sqlite"
    exporter = Exporter(ExporterSettings(journal=path), Config())
    ticks = iter(range(10**9))
    exporter.gate._timer = lambda: 100.0 * next(ticks)

    async def work() -> int:
        accepted = 0
        for _ in range(rng.randrange(4, 40)):
            accepted += await sent(exporter, rng)
            if rng.random() < 0.15:
                harm = rng.choice((overwrite, overwrite, cut, remove))
                harm(rng.choice((path, Path(f"{path}-wal"), Path(f"{path}.lock"))), rng)
            if rng.random() < 0.1:
                await exporter.keeper.compact()
        return accepted

    accepted = asyncio.run(work())
    exporter.journal.close()
    again = Exporter(ExporterSettings(journal=path), Config())
    value = again.metrics.registry.get_sample_value
    assert (value(RECORDS.name) or 0) + (value(JOURNAL_LOST_RECORDS.name) or 0) == accepted
    again.close()
