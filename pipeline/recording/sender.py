"""The thread that delivers: batches by size and by time, again and again with growing pauses until answered."""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from pipeline import forks
from pipeline.logger import Logger
from pipeline.recording.outbox import Outbox
from pipeline.recording.spool import MAX_BYTES

if TYPE_CHECKING:
    from pipeline.recording.delivery import Answer, Delivery

_log = Logger("pipeline.push")
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 30.0  # seconds between attempts
_AFTER_DEATH, _AFTER_LAST_DEATHS = 1.0, 0.05  # s before a thread that died goes on, then twice that; when closing
_GLANCE = 0.05  # s between looks at whether there is still time for such a pause


class PushSettings(msgspec.Struct, frozen=True):
    """How much is buffered, how it is batched, how long things may take (seconds)."""

    buffer_events: int = 50_000
    batch_events: int = 1_000
    batch_seconds: float = 0.5
    timeout_seconds: float = 5.0
    patience_seconds: float = 5.0  # away for longer than this, batches go to disk
    close_seconds: float = 5.0  # what `close` may take for a last delivery before the rest goes to disk
    spool_bytes: int = MAX_BYTES


class Sender:
    """Delivers what is in an outbox, in a thread of its own: for one process, a forked child makes another.

    `delivered`: events that arrived. `deaths`: how often the thread died and was started anew.
    """

    def __init__(
        self,
        outbox: Outbox,
        settings: PushSettings,
        new_delivery: Callable[[], Delivery],
        *,
        timer: Callable[[], float] = time.monotonic,
        rng: random.Random,
    ) -> None:
        self._outbox, self._settings, self._new_delivery = outbox, settings, new_delivery
        self._timer, self._rng = timer, rng
        self.delivered = 0
        self.deaths = 0
        self.closing = False
        self._delivery: Delivery | None = None
        self._thread: threading.Thread | None = None
        self._changing = threading.RLock()  # held while the thread begins or ends; a signal handler may record
        self._wake = threading.Event()
        self._round_done = threading.Condition()
        self._paused = False
        self._last: threading.Thread | None = None  # the last one that was begun, until it is known to have ended
        self._pause_ends = 0.0  # when a fork will wait no longer
        self._going = threading.Event()  # set while there is no pause
        self._going.set()
        self._deadline = float("inf")
        self._failures = 0
        self._troubles = 0  # rounds that failed since an answer came
        self._deaths_in_row = 0
        self._dead_since = 0.0
        self._away_since: float | None = None
        self._next_attempt = 0.0

    # --- for everybody

    @property
    def runs(self) -> bool:
        """Whether the thread is there."""
        thread = self._thread
        return thread is not None and thread.is_alive()

    def start(self) -> bool:
        """Make sure that the thread is there; False when it is too late for threads."""
        with self._changing:
            if self.runs or self._paused:
                return True
            if self._thread is not None:
                self._died("it is gone")
            thread = threading.Thread(target=self._run, name="pipemeter-push", daemon=True)
            self._thread = self._last = thread
            try:
                thread.start()
            except RuntimeError:  # the interpreter is shutting down
                self._thread = self._last = None
                return False
        return True

    def wake(self) -> None:
        """Do not wait for more events."""
        self._wake.set()

    def flush(self, timeout_seconds: float) -> bool:
        """Wait until everything recorded so far has been delivered or spooled; False when that took too long."""
        self.start()
        until = self._timer() + timeout_seconds
        with self._round_done:
            while self._outbox.count and self._timer() < until and not self.closing:
                self._wake.set()
                self._round_done.wait(0.05)
        return not self._outbox.count

    def close(self) -> None:
        """Deliver what is there, within a few seconds; the rest goes to the spool."""
        self._deadline = self._timer() + self._settings.close_seconds
        self._next_attempt = 0.0  # one more attempt, whatever pause was meant
        self.closing = True
        self._going.wait(forks.LONGEST_WAIT)  # another thread may be forking
        if not self.start():
            self._run()
            return
        self._wake.set()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(self._settings.close_seconds + self._settings.timeout_seconds + 1)

    def reopen(self) -> None:
        """Go on after all."""
        self.closing, self._deadline = False, float("inf")

    # --- around a fork

    def pause(self) -> None:
        """Ask the thread to deliver what there is, if that is quickly done, and to end.

        It begins again when something is recorded. In the ordinary case there is no thread at all around a fork; Python
        (from 3.12 on) warns of any.
        """
        self._going.clear()
        self._pause_ends = time.monotonic() + forks.LONGEST_STOP
        with self._changing:  # from here on no thread begins
            self._paused = True
        self._wake.set()

    def paused(self, seconds: float) -> None:
        """Wait until it has ended, at most so long."""
        thread = self._last
        if thread is not None and thread is not threading.current_thread() and forks.ended(thread, seconds):
            self._last = None

    def resume(self) -> None:
        """Let the thread go on, or begin again if there is something left to deliver."""
        with self._changing:
            self._paused = False
            if self._thread is None and self._outbox.count:
                self.start()
        self._going.set()

    def abandon(self) -> None:
        """Close, in a forked child, the parent's connection; unless the parent was in the middle of using it."""
        if self._delivery is not None and self._thread is None:
            self._delivery.close()

    # --- in the thread

    def _run(self) -> None:
        while True:
            try:
                if self._worked():
                    return
            except BaseException as error:  # noqa: BLE001 - a thread's edge: nobody else would ever know
                self._died(f"{type(error).__name__}: {error}")
                self._delivery = None
                if self._gave_up() or (self._paused and self._ended()):
                    return
                self._rest()

    def _gave_up(self) -> bool:
        """Bring to safety what cannot be delivered, once it has died again and again; True when it is to end."""
        last, disk = self.closing, self._outbox.has_spool
        ends = last and ((disk and self._deaths_in_row > 1) or self._timer() >= self._deadline)
        patient = self._timer() - self._dead_since < self._settings.patience_seconds
        with contextlib.suppress(Exception):  # it may be just this that does not work
            self._outbox.keep()
            if ends or (disk and not patient):
                self._outbox.fill(everything=True)
                self._outbox.put_away()
            if ends:
                self._outbox.end()
        if ends:
            self._thread = None
        return ends

    def _rest(self) -> None:
        """Pause after a death, the longer the more there were; no longer than nobody waits for an end."""
        last = self.closing
        first = _AFTER_LAST_DEATHS if last else _AFTER_DEATH
        until = time.monotonic() + min(LONGEST_PAUSE, first * 2.0 ** min(self._deaths_in_row - 1, 10))
        while time.monotonic() < until and self.closing == last and not self._paused:
            time.sleep(_GLANCE)

    def _worked(self) -> bool:
        """Deliver, round after round; True when the thread is to end."""
        while True:
            delivery = self._ready()
            done = delivery is not None and self._round(delivery)
            if delivery is not None:
                self._deaths_in_row = 0
            if done or (self._paused and self._ended()):
                if done:
                    self._finished()
                return True
            if delivery is not None:
                self._wake.wait(self._pause())
                self._wake.clear()

    def _finished(self) -> None:
        self._outbox.end()
        if self._delivery is not None:
            self._delivery.close()
        self._delivery = None
        with self._changing:
            self._thread = None

    def _ended(self) -> bool:
        """Take note that the thread ends for a fork, unless that is over meanwhile."""
        with self._changing:
            if self._paused:
                self._thread = None
            return self._paused

    def _ready(self) -> Delivery | None:
        """Return what sends; None when a fork wants to happen while it is still to be loaded."""
        if self._delivery is None:
            with forks.undisturbed(lambda: self._paused) as mine:
                if mine:
                    self._delivery = self._new_delivery()
        return self._delivery

    def _round(self, delivery: Delivery) -> bool:
        """Batch and deliver what is there; True when this was the last round."""
        last = self.closing
        try:
            self._outbox.fill(everything=last or self._paused)
            self._deliver(delivery)
        except Exception:  # noqa: BLE001 - logged with its traceback
            # whatever went wrong, the next round gets its chance; what goes on failing is told once
            if not self._troubles:
                _log.exception("a round of delivering metrics failed")
            self._next_attempt = self._timer() + min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(self._troubles, 10))
            self._troubles += 1
            self._outbox.keep()
        with self._round_done:
            self._round_done.notify_all()
        gone = self._away_since is not None and self._outbox.has_spool
        return last and (not self._outbox.count or gone or self._timer() >= self._deadline)

    def _pause(self) -> float:
        """Return how long to wait for more events, or for the next attempt."""
        if self.closing:
            return 0.02
        return 0.0 if self._outbox.waiting >= self._settings.batch_events else self._settings.batch_seconds

    def _deliver(self, delivery: Delivery) -> None:
        """Deliver until nothing is left or the exporter does not answer."""
        while self._timer() >= self._next_attempt:
            away = self._away_since is not None
            paused = self._paused
            if paused and time.monotonic() > self._pause_ends:
                break
            batch = self._outbox.next(away=away, disk=self._timer() < self._deadline, others=not paused)
            if batch is None:
                return
            answer = delivery.send(batch)
            if answer.verdict == "away":
                self._went_away(answer)
                self._outbox.keep()
                break
            self._came_back()
            if answer.verdict == "delivered":
                self.delivered += batch.count
                self._outbox.remove(batch)
            else:
                self._outbox.split(batch, answer.reason)
            if self._outbox.waiting >= self._settings.batch_events:
                self._outbox.fill(everything=False)
        if self._is_away_for_long():
            self._outbox.put_away()

    def _is_away_for_long(self) -> bool:
        if self._away_since is None or not self._outbox.has_spool:
            return False
        return self._outbox.full or self._timer() - self._away_since >= self._settings.patience_seconds

    def _went_away(self, answer: Answer) -> None:
        now = self._timer()
        if self._away_since is None:
            self._away_since = now
            _log.warning("the exporter does not answer; events wait", reason=answer.reason, waiting=self._outbox.count)
        ceiling = min(LONGEST_PAUSE, FIRST_PAUSE * 2**self._failures)
        pause = ceiling * self._rng.uniform(0.5, 1.0)  # senders that failed together should not come back together
        self._failures = min(self._failures + 1, 20)
        self._next_attempt = now + max(pause, answer.retry_after or 0.0)

    def _came_back(self) -> None:
        if self._away_since is not None:
            _log.info("the exporter answers again", away_seconds=round(self._timer() - self._away_since, 1))
        self._away_since, self._failures, self._troubles, self._next_attempt = None, 0, 0, 0.0

    def _died(self, why: str) -> None:
        self.deaths += 1
        self._deaths_in_row += 1
        if self._deaths_in_row == 1:  # what goes on failing is told once
            self._dead_since = self._timer()
            _log.error("the thread that sends metrics died; another one goes on", why=why, waiting=self._outbox.count)
