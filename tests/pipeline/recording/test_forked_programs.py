"""Programs of somebody else's that work in several processes: every record counts, once, without a word or a wait."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pipeline.recording.exporters import Exporter, run

METHODS = ("fork", "spawn", "forkserver")

EXECUTOR = """
    def job(_):
        say(20)

    if __name__ == "__main__":
        say(30)
        with ProcessPoolExecutor(3, mp_context=multiprocessing.get_context("{method}")) as pool:
            list(pool.map(job, range(6)))
        say(10)
"""
# leaving the block sends SIGTERM to every worker; here the program itself records nothing
POOL = """
    def job(_):
        say(20)

    if __name__ == "__main__":
        with multiprocessing.get_context("{method}").Pool(3) as pool:
            pool.map(job, range(6))
"""
POOL_WITH_RECORDER = """
    recorder = PushRecorder(URL)

    def job(_):
        record(recorder, 20)

    if __name__ == "__main__":
        record(recorder, 5)
        with multiprocessing.get_context("{method}").Pool(3) as pool:
            pool.map(job, range(6))
"""
# the recorder is made where only the parent gets to
PICKLED = """
    def job(recorder):
        record(recorder, 20)

    if __name__ == "__main__":
        recorder = PushRecorder(URL)
        record(recorder, 5)
        with ProcessPoolExecutor(3, mp_context=multiprocessing.get_context("{method}")) as pool:
            list(pool.map(job, [recorder] * 6))
"""
WAYS_OUT = """
    recorder = PushRecorder(URL)

    def job(way):
        record(recorder, 10)
        if way == "exit":
            sys.exit(3)
        if way == "bare exit":
            os._exit(0)
        if way == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if way == "exception":
            sys.stderr = open(os.devnull, "w")
            raise ValueError

    if __name__ == "__main__":
        context = multiprocessing.get_context("{method}")
        ways = ("return", "exit", "bare exit", "killed", "exception")
        processes = [context.Process(target=job, args=(way,)) for way in ways]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
"""
ENDED_WITH_ITS_PARENT = """
    recorder = PushRecorder(URL)

    def job(queue):
        record(recorder, 20)
        queue.put("recorded")
        time.sleep(60)

    if __name__ == "__main__":
        context = multiprocessing.get_context("{method}")
        queue = context.Queue()
        record(recorder, 5)
        context.Process(target=job, args=(queue,), daemon=True).start()
        queue.get()
"""


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("program", "expected"),
    [
        (EXECUTOR, 160),
        (POOL, 120),
        (POOL_WITH_RECORDER, 125),
        (PICKLED, 125),
        (WAYS_OUT, 50),
        (ENDED_WITH_ITS_PARENT, 25),
    ],
    ids=["executor", "pool", "pool-with-recorder", "pickled", "ways-out", "ended-with-its-parent"],
)
def test_what_processes_of_multiprocessing_record_counts(
    exporter: Exporter, tmp_path: Path, program: str, expected: int, method: str
) -> None:
    done = run(program.format(method=method), exporter, tmp_path)
    assert (done.stderr, done.stdout, done.returncode) == ("", "", 0)
    assert exporter.value("pipeline_items_total") == expected
    assert not list((tmp_path / "state" / "spool").glob("[!.]*"))


LIVING_ON = """
    with PushRecorder(URL) as recorder:
        record(recorder, 300)
        children = []
        for _ in range(4):
            child = os.fork()
            if not child:
                record(recorder, 100)
                time.sleep(1.5)
                os._exit(0)
            children.append(child)
        record(recorder, 300)
        for child in children:
            os.waitpid(child, 0)
"""
WAYS_OUT_OF_A_FORK = """
    recorder = PushRecorder(URL)
    record(recorder, 7)
    for way in ("exit", "bare exit", "killed", "exception"):
        child = os.fork()
        if not child:
            record(recorder, 10)
            if way == "exit":
                sys.exit(0)
            if way == "bare exit":
                os._exit(0)
            if way == "killed":
                os.kill(os.getpid(), signal.SIGKILL)
            sys.stderr = open(os.devnull, "w")
            raise ValueError
        os.waitpid(child, 0)
"""
CHILDREN_OF_CHILDREN = """
    recorder = PushRecorder(URL)

    def family(depth):
        record(recorder, 10)
        for _ in range(2 if depth else 0):
            child = os.fork()
            if not child:
                family(depth - 1)
                os._exit(0)
            os.waitpid(child, 0)

    family(3)
"""
THREADS_THAT_FORK = """
    recorder = PushRecorder(URL)

    def work():
        for _ in range(5):
            record(recorder, 10)
            child = os.fork()
            if not child:
                record(recorder, 10)
                os._exit(0)
            os.waitpid(child, 0)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
"""
# each fork meets the sending thread at another place, the first ones in the middle of its imports
AT_ONCE = """
    recorder = PushRecorder(URL)
    children = []
    for _ in range(20):
        record(recorder, 1)
        child = os.fork()
        if not child:
            record(recorder, 1)
            time.sleep(0.8)
            os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)
"""
ITEMS_IN_A_POOL = """
    recorder = PushRecorder(URL)

    def job(number):
        with recorder.item("news") as item, item.stage("download"):
            return number

    async def work():
        loop = asyncio.get_running_loop()
        with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("fork")) as pool:
            await asyncio.gather(*(loop.run_in_executor(pool, job, number) for number in range(20)))

    if __name__ == "__main__":
        with recorder:
            asyncio.run(work())
"""


@pytest.mark.filterwarnings("ignore:This process")
@pytest.mark.parametrize(
    ("program", "expected"),
    [
        (LIVING_ON, 1000),
        (WAYS_OUT_OF_A_FORK, 47),
        (CHILDREN_OF_CHILDREN, 150),
        (THREADS_THAT_FORK, 400),
        (AT_ONCE, 40),
        (ITEMS_IN_A_POOL, 20),
    ],
    ids=["living-on", "ways-out", "children-of-children", "threads-that-fork", "at-once", "items-in-a-pool"],
)
def test_what_forked_children_record_counts(exporter: Exporter, tmp_path: Path, program: str, expected: int) -> None:
    # from 3.12 on Python warns of forks in programs that have threads of their own, as one of these has
    done = run(program, exporter, tmp_path, PYTHONWARNINGS="ignore" if program is THREADS_THAT_FORK else "")
    assert (done.stderr, done.stdout, done.returncode) == ("", "", 0)
    assert exporter.value("pipeline_items_total") == expected
    assert not list((tmp_path / "state" / "spool").glob("[!.]*"))


# nothing but ours has loaded `logging` here: the sending thread would be the first
WHILE_THE_SENDER_LOADS = """
    import os, time
    from pipemeter import PushRecorder
    from pipeline.events import ItemFinished

    event = ItemFinished("full", content_type="news", processing_time=1.0, time_saved_pct=0.0)
    with PushRecorder(os.environ["DASHBOARD_API_URL"], durable={durable}) as recorder:
        recorder.record(event)
        time.sleep({after})
        child = os.fork()
        if not child:
            for _ in range(20):
                recorder.record(event)
            recorder.close()
            os._exit(0)
        os.waitpid(child, 0)
"""


@pytest.mark.parametrize("after", [0, 0.02, 0.05, 0.1, 0.15])
@pytest.mark.parametrize("durable", [False, None])
def test_a_fork_while_the_sender_loads_what_it_sends_with_loses_nothing(
    exporter: Exporter, tmp_path: Path, durable: bool | None, after: float
) -> None:
    done = run(WHILE_THE_SENDER_LOADS.format(durable=durable, after=after), exporter, tmp_path, bare=True)
    assert (done.stderr, done.stdout, done.returncode) == ("", "", 0)
    assert exporter.value("pipeline_items_total") == 21


SENDER_KILLED = """
    recorder = PushRecorder(URL{durable})
    record(recorder, 500)
    os.kill(os.getpid(), signal.{signal})
"""


@pytest.mark.parametrize("sign", ["SIGKILL", "SIGTERM"])
@pytest.mark.parametrize(("durable", "environ"), [(", durable=True", ""), ("", "1")])
def test_what_is_written_ahead_survives_the_sender_and_is_delivered_by_the_next_process(
    exporter: Exporter, tmp_path: Path, sign: str, durable: str, environ: str
) -> None:
    exporter.stop()
    text = SENDER_KILLED.format(durable=durable, signal=sign)
    killed = run(text, exporter, tmp_path, PIPEMETER_DURABLE_PUSH=environ)
    assert killed.returncode < 0
    exporter.restart()
    done = run("with PushRecorder(URL): pass", exporter, tmp_path)
    assert (done.stderr, done.returncode) == ("", 0)
    assert exporter.value("pipeline_items_total") == 500
    assert not list((tmp_path / "state" / "spool").glob("[!.]*"))


def test_records_written_ahead_count_once_although_the_answer_was_never_read(
    exporter: Exporter, tmp_path: Path
) -> None:
    program = """
        import threading
        import httpx

        recorded = threading.Event()  # the first batch may be under way while the rest is being recorded

        class DiesOnAnswer(httpx.HTTPTransport):
            def handle_request(self, request):
                recorded.wait()
                super().handle_request(request).read()
                os.kill(os.getpid(), signal.SIGKILL)

        recorder = PushRecorder(URL, durable=True, transport=DiesOnAnswer())
        record(recorder, 100)
        recorded.set()
        recorder.flush()
    """
    assert run(program, exporter, tmp_path).returncode < 0
    first = exporter.value("pipeline_items_total")
    assert 1 <= first <= 100
    run("with PushRecorder(URL): pass", exporter, tmp_path)
    assert exporter.value("pipeline_items_total") == 100
    assert exporter.value("exporter_duplicate_records_total") == first


def test_a_word_that_says_neither_yes_nor_no_is_refused(exporter: Exporter, tmp_path: Path) -> None:
    done = run("PushRecorder(URL)", exporter, tmp_path, PIPEMETER_DURABLE_PUSH="perhaps")
    assert "environment: PIPEMETER_DURABLE_PUSH: perhaps: expected true or false" in done.stderr


def test_what_is_recorded_last_arrives_although_nobody_closes_the_recorder(exporter: Exporter, tmp_path: Path) -> None:
    done = run("record(PushRecorder(URL), 500)", exporter, tmp_path)
    assert (done.stderr, done.returncode) == ("", 0)
    assert exporter.value("pipeline_items_total") == 500


def test_children_end_at_once_when_nobody_answers_and_leave_their_records_behind(
    exporter: Exporter, tmp_path: Path
) -> None:
    exporter.stop()
    program = POOL_WITH_RECORDER.format(method="fork")
    done = run(program, exporter, tmp_path)
    assert done.returncode == 0
    exporter.restart()
    run("with PushRecorder(URL): pass", exporter, tmp_path)
    assert exporter.value("pipeline_items_total") == 125
