from __future__ import annotations

import asyncio
import pickle
import random
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from pipeline.configuration.config import Config
from pipeline.events import CheckpointEvaluated, ItemFinished, StageFinished
from pipeline.recording.push import PushRecorder, PushSettings
from pipeline.recording.spool import MAX_AGE_SECONDS, Batch, Spool
from pipeline.zstd import decompress
from tests.pipeline.recording.exporters import Exporter

QUICK = PushSettings(batch_seconds=0.01, patience_seconds=0.05, close_seconds=2.0)


def full(n: int = 0) -> ItemFinished:
    return ItemFinished("full", content_type="news", processing_time=1.0, time_saved_pct=0.0, item_id=f"item-{n}")


def eventually(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait for something another thread does, at most so long."""
    waiting, until = threading.Event(), time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        waiting.wait(0.01)


async def _recorded(url: str, spool: Path) -> PushRecorder:
    async with PushRecorder(url, spool=spool) as recorder:
        for n in range(2500):
            recorder.record(full(n))
        recorder.record(StageFinished("download", 0.5))
    return recorder


def test_every_event_recorded_is_counted_once(exporter: Exporter, spool: Path) -> None:
    recorder = asyncio.run(_recorded(exporter.url, spool))
    assert recorder.delivered == 2501
    assert exporter.value("pipeline_items_total") == 2500
    assert exporter.value("exporter_records_total") == 2501
    assert not recorder.dropped


def test_the_same_recorder_serves_threads_with_a_plain_with(exporter: Exporter, spool: Path) -> None:
    with PushRecorder(exporter.url, spool=spool, settings=QUICK) as recorder:
        threads = [threading.Thread(target=recorder.record_many, args=([full()] * 500,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert recorder.flush()
        assert exporter.value("pipeline_items_total") == 2000


def test_recording_neither_waits_nor_raises_when_nobody_listens(spool: Path) -> None:
    recorder = PushRecorder("http://127.0.0.1:9", spool=spool, settings=QUICK)
    started = time.perf_counter()
    for n in range(1000):
        recorder.record(full(n))
    recorder.record("no event at all")  # type: ignore[arg-type]
    for score in (7.0, float("nan"), float("inf")):
        recorder.record(ItemFinished("full", quality_score=score))
    recorder.record(ItemFinished("full", content_type="\ud800"))
    assert time.perf_counter() - started < 0.5
    recorder.close()
    assert recorder.dropped == {"invalid": 5}


def test_events_survive_the_exporters_absence_and_this_process(exporter: Exporter, spool: Path) -> None:
    exporter.stop()
    with PushRecorder(exporter.url, spool=spool, settings=QUICK) as first:
        for n in range(100):
            first.record(full(n))
    assert first.delivered == 0
    assert list(spool.iterdir())
    exporter.restart()
    with PushRecorder(exporter.url, spool=spool, settings=QUICK) as second:
        eventually(lambda: second.delivered == 100)
    assert exporter.value("pipeline_items_total") == 100
    assert not list(spool.iterdir())


def test_a_recorder_outlives_an_exporter_that_goes_and_comes_back(exporter: Exporter, spool: Path) -> None:
    with PushRecorder(exporter.url, spool=spool, settings=QUICK) as recorder:
        recorder.record(full())
        eventually(lambda: recorder.delivered == 1)
        exporter.stop()
        for _ in range(50):
            recorder.record(full())
        eventually(lambda: bool(spool.exists() and list(spool.glob("*.batch"))))
        exporter.restart()
        eventually(lambda: recorder.delivered == 51)
    assert exporter.value("pipeline_items_total") == 51


def test_an_answer_that_got_lost_does_not_count_twice(exporter: Exporter, spool: Path) -> None:
    class LosesFirstAnswer(httpx.HTTPTransport):
        lost = 0

        def handle_request(self, request: httpx.Request) -> httpx.Response:
            response = super().handle_request(request)
            if not self.lost:
                self.lost += 1
                response.close()
                raise httpx.ReadTimeout("the answer never came")
            return response

    with PushRecorder(exporter.url, spool=spool, settings=QUICK, transport=LosesFirstAnswer()) as recorder:
        recorder.record(full())
        eventually(lambda: recorder.delivered == 1)
    assert exporter.value("pipeline_items_total") == 1
    assert exporter.value("exporter_duplicate_records_total") == 1


def scripted(*answers: httpx.Response) -> tuple[httpx.MockTransport, list[httpx.Request]]:
    """A transport that gives these answers, then 200."""
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return answers[len(seen) - 1] if len(seen) <= len(answers) else httpx.Response(200)

    return httpx.MockTransport(answer), seen


def test_retry_after_is_honoured_and_the_key_stays_the_same(spool: Path) -> None:
    transport, seen = scripted(httpx.Response(503, headers={"Retry-After": "1"}))
    with PushRecorder("http://x", spool=spool, settings=QUICK, transport=transport, rng=random.Random(1)) as recorder:
        started = time.monotonic()
        recorder.record(full())
        eventually(lambda: recorder.delivered == 1)
        assert time.monotonic() - started >= 1.0
    assert len({request.headers["Idempotency-Key"] for request in seen}) == 1
    assert len(seen) == 2


def test_one_refused_event_does_not_take_the_others_with_it(spool: Path) -> None:
    def refuse_poison(request: httpx.Request) -> httpx.Response:
        body = decompress(request.content)
        return httpx.Response(422 if b"poison" in body else 200)

    transport = httpx.MockTransport(refuse_poison)
    with PushRecorder("http://x", spool=spool, settings=QUICK, transport=transport) as recorder:
        recorder.record_many(CheckpointEvaluated("poison" if n == 5 else "post_download") for n in range(16))
        recorder.flush()
    assert recorder.delivered == 15
    assert recorder.dropped == {"refused": 1}


def test_the_token_is_sent_and_a_wrong_one_loses_nothing(tmp_path: Path, spool: Path) -> None:
    exporter = Exporter(tmp_path, token="right")
    try:
        with PushRecorder(exporter.url, token="wrong", spool=spool, settings=QUICK) as recorder:
            recorder.record(full())
        assert recorder.delivered == 0
        with PushRecorder(exporter.url, token="right", spool=spool, settings=QUICK) as recorder:
            eventually(lambda: recorder.delivered == 1)
        assert "right" not in repr(recorder)
    finally:
        exporter.stop()


def test_what_finds_no_room_is_dropped_and_counted(spool: Path) -> None:
    tiny = PushSettings(buffer_events=5, batch_seconds=10.0, close_seconds=0.1)
    transport, _ = scripted()
    with PushRecorder("http://x", spool=spool, settings=tiny, transport=transport) as recorder:
        recorder.record_many(full(n) for n in range(8))
        assert recorder.dropped["buffer_full"] >= 2
    away = PushRecorder("http://127.0.0.1:9", spool=False, settings=QUICK)
    away.record_many(full(n) for n in range(8))
    away.close()
    assert away.dropped == {"no_spool": 8}


def test_a_full_spool_is_said_so(spool: Path) -> None:
    small = PushSettings(batch_events=1, batch_seconds=0.01, patience_seconds=0.0, close_seconds=0.1, spool_bytes=300)
    recorder = PushRecorder("http://127.0.0.1:9", spool=spool, settings=small)
    recorder.record_many(full(n) for n in range(20))
    recorder.close()
    kept = len(list(spool.iterdir()))
    assert 0 < kept < 20
    assert recorder.dropped == {"spool_full": 20 - kept}


def test_a_spooled_batch_older_than_six_days_is_given_up(spool: Path) -> None:
    Spool(spool, "http://x").put(Batch("k", 1000.0, 7, b""))
    transport, seen = scripted()
    recorder = PushRecorder("http://x", spool=spool, transport=transport, clock=lambda: 1001.0 + MAX_AGE_SECONDS)
    with recorder:
        eventually(lambda: recorder.dropped == {"expired": 7})
    assert not seen
    assert not list(spool.iterdir())


def test_what_is_recorded_after_close_counts_and_is_told_of_once(exporter: Exporter, spool: Path) -> None:
    recorder = PushRecorder(exporter.url, spool=spool, settings=QUICK)
    recorder.record(full())
    recorder.close()
    with capture_logs() as logs:
        for _ in range(3):
            recorder.record(full())
        assert recorder.flush()
        recorder.close()
        with recorder.item("news"):
            pass
    recorder.at_end()
    assert exporter.value("pipeline_items_total") == 5
    assert len(logs) == 1
    assert "close a recorder once nothing records any more" in logs[0]["event"]


def test_closing_twice_or_unused_is_fine(spool: Path) -> None:
    unused = PushRecorder("http://127.0.0.1:9", spool=spool)
    unused.close()
    unused.close()
    asyncio.run(_closed_in_async(spool))


async def _closed_in_async(spool: Path) -> None:
    async with PushRecorder("http://127.0.0.1:9", spool=spool) as recorder:
        pass
    recorder.close()


def test_the_public_name_is_where_the_contract_puts_it() -> None:
    import pipeline
    import pipeline.recorder

    names: list[Any] = [pipeline.PushRecorder, pipeline.recorder.PushRecorder]
    assert names == [PushRecorder, PushRecorder]


def test_a_recorder_that_is_unpickled_is_one_for_the_process_and_keeps_its_token_to_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recorder = PushRecorder("http://127.0.0.1:9", token="of-the-test", spool=False)
    with pytest.raises(TypeError, match="EXPORTER_TOKEN"):
        pickle.dumps(recorder)
    monkeypatch.setenv("EXPORTER_TOKEN", "of-the-test")
    pickled = pickle.dumps(recorder)
    assert b"of-the-test" not in pickled
    assert pickle.loads(pickled) is recorder


def test_a_recorder_of_ones_own_making_says_why_it_is_not_pickled() -> None:
    recorder = PushRecorder("http://127.0.0.1:9", spool=False, config=Config())
    with pytest.raises(TypeError, match="config of its own"):
        pickle.dumps(recorder)
