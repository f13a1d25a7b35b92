from __future__ import annotations

import builtins
import importlib
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from pipeline import forks

pytestmark = pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")


class Concerned:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def before_fork(self) -> None:
        self.told.append("before")

    def stopped(self, seconds: float) -> None:
        self.told.append(f"stopped within {seconds:.1f}")

    def after_fork_in_parent(self) -> None:
        self.told.append("parent")

    def after_fork_in_child(self) -> None:
        self.told.append("child")


def in_child(answer: object) -> str:
    """Fork, and return what the child says."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.write(writer, str(answer() if callable(answer) else answer).encode())
        os._exit(0)
    os.waitpid(child, 0)
    os.close(writer)
    with os.fdopen(reader) as said:
        return said.read()


def test_parent_and_child_are_told_each_their_part() -> None:
    concerned = Concerned()
    forks.watch(concerned)
    child = in_child(lambda: concerned.told)
    assert concerned.told == ["before", "stopped within 0.5", "parent"]
    assert child == "['before', 'stopped within 0.5', 'child']"
    assert forks.happened()


def test_one_that_fails_does_not_keep_the_others_from_being_told() -> None:
    class Failing(Concerned):
        def before_fork(self) -> None:
            raise RuntimeError

    failing, concerned = Failing(), Concerned()
    forks.watch(failing)
    forks.watch(concerned)
    in_child("")
    assert concerned.told[-1] == failing.told[-1] == "parent"


def test_no_fork_happens_within_what_must_not_be_disturbed() -> None:
    inside, leave = threading.Event(), threading.Event()
    done: list[str] = []

    def work() -> None:
        with forks.undisturbed():
            inside.set()
            leave.wait(10.0)
            done.append("work")

    worker = threading.Thread(target=work)
    worker.start()
    inside.wait(10.0)
    threading.Timer(0.05, leave.set).start()
    assert in_child(lambda: done) == "['work']"
    worker.join()


def test_who_would_wait_for_a_fork_may_think_better_of_it() -> None:
    assert forks._quiet.acquire()
    answers: list[bool] = []

    def asked() -> None:
        with forks.undisturbed(lambda: True) as mine:
            answers.append(mine)

    try:
        thread = threading.Thread(target=asked)
        thread.start()
        thread.join(10.0)
    finally:
        forks._quiet.release()
    assert answers == [False]


def test_a_lock_is_free_in_a_child_whoever_held_it_in_the_parent() -> None:
    lock = forks.Lock()
    held, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with lock:
            held.set()
            leave.wait(10.0)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(10.0)

    def take() -> str:
        with lock:
            return "taken"

    assert in_child(take) == "taken"
    leave.set()
    holder.join()


def test_forking_within_a_lock_leaves_both_processes_able_to_go_on() -> None:
    lock = forks.Lock()
    with lock, forks.undisturbed():
        said = in_child("child")
    with lock:
        assert said == "child"


def test_a_thread_has_ended_when_the_system_has_no_more_of_it() -> None:
    thread = threading.Thread(target=lambda: None)
    thread.start()
    assert forks.ended(thread, 10.0)
    assert not os.path.exists(f"/proc/self/task/{thread.native_id}")


def test_what_takes_a_lock_before_a_fork_is_loaded_before_us() -> None:
    program = "import pipeline.forks, sys; print({'logging', 'concurrent.futures.thread'} <= set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"


def test_a_module_that_a_thread_of_the_parent_was_loading_is_loaded_anew_in_the_child(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "loads_slowly.py").write_text(
        "import builtins\nbuiltins.loading.set()\nbuiltins.go_on.wait(10.0)\nwhole = True\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    loading, go_on = threading.Event(), threading.Event()
    monkeypatch.setattr(builtins, "loading", loading, raising=False)
    monkeypatch.setattr(builtins, "go_on", go_on, raising=False)
    loader = threading.Thread(target=importlib.import_module, args=("loads_slowly",))
    loader.start()
    loading.wait(10.0)

    def load() -> bool:
        go_on.set()
        forks.forget_half_modules()
        return bool(importlib.import_module("loads_slowly").whole)

    assert in_child(load) == "True"
    go_on.set()
    loader.join()
