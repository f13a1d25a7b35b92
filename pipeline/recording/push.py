"""Events to an exporter elsewhere: at once for the caller, exactly once for the counters.

`record` only puts the event into a bounded buffer, or, where a process may end without notice, at the end of a file. A
thread (`sender`) makes batches of what is there, and posts each under a key of its own until it is acknowledged. When
the exporter stays away, batches go to a spool on disk, from where this process, or the next one, delivers them. What
had to be dropped is counted by reason.
"""

from __future__ import annotations

import os
import random
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from weakref import WeakValueDictionary

from pipeline import forks
from pipeline.configuration.flags import truth
from pipeline.domains.event import DomainEvent
from pipeline.errors import ConfigError, Problem
from pipeline.logger import Logger
from pipeline.recording import endings
from pipeline.recording.outbox import DropReason, Outbox
from pipeline.recording.recorder import Recorder
from pipeline.recording.savings import CostModel
from pipeline.recording.sender import PushSettings, Sender
from pipeline.recording.spool import Spool
from pipeline.state import state_dir

if TYPE_CHECKING:
    import httpx

    from pipeline.configuration.config import Config
    from pipeline.recording.delivery import Delivery

__all__ = ["PushRecorder", "PushSettings"]
_log = Logger("pipeline.push")
_named: WeakValueDictionary[str, PushRecorder] = WeakValueDictionary()  # of this process and those it was forked from
_foreign: dict[str, PushRecorder] = {}  # those that came here pickled; nobody else would keep them to the end
_foreign_lock = forks.Lock()


class PushRecorder(Recorder):
    """Pushes events to the exporter at `url`; `async with`, or `with` in threads and plain programs.

    `record` returns at once and never raises. `spool` is the folder for undelivered batches (None: `spool` in the
    state folder; False: none). `durable`: events are in the spool before `record` returns, and survive a SIGKILL; None:
    as `PIPEMETER_DURABLE_PUSH` says, else in forked children and those of multiprocessing, which are ended without
    notice. `dropped` says how many events were lost, by reason; `delivered` how many arrived. It may be pickled (see
    `__reduce__`). Raises ConfigError for a variable that says neither yes nor no.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        spool: str | os.PathLike[str] | Literal[False] | None = None,
        durable: bool | None = None,
        config: Config | None = None,
        costs: CostModel | None = None,
        settings: PushSettings | None = None,
        transport: httpx.BaseTransport | None = None,
        clock: Callable[[], float] = time.time,
        timer: Callable[[], float] = time.monotonic,
        rng: random.Random | None = None,
    ) -> None:
        super().__init__(config, costs)
        self._own_config = config is not None
        self._settings = settings or PushSettings()
        self._url, self._token, self._transport = url, token, transport
        folder = state_dir() / "spool" if spool is None else spool
        self._folder: str | Literal[False] = False if folder is False else str(Path(folder).absolute())
        self._spool = None if folder is False else Spool(Path(folder), url, max_bytes=self._settings.spool_bytes)
        self._durable = _durable_by_environment() if durable is None else durable
        self._clock, self._timer, self._rng = clock, timer, rng or random.Random()  # noqa: S311 - jitter
        self._begin(child=endings.is_child())
        self._name = uuid.uuid4().hex
        _named[self._name] = self
        forks.watch(self)
        endings.watch(self)

    def __reduce__(self) -> tuple[Callable[..., PushRecorder], tuple[object, ...]]:
        """Give what another process needs to record to the same exporter: never events, and never the token.

        Token and configuration are the environment's over there. Raises TypeError for a token that does not stand in
        `EXPORTER_TOKEN`, and for a configuration or a transport of one's own.
        """
        if self._transport is not None or self._own_config:
            what = "transport" if self._transport is not None else "config"
            raise TypeError(f"a PushRecorder with a {what} of its own cannot be pickled; make one in each process")
        if self._token is not None and self._token != os.environ.get("EXPORTER_TOKEN"):
            raise TypeError(
                "a PushRecorder is pickled without its token, which the other process takes from EXPORTER_TOKEN; "
                "set that variable to this token, or make a recorder in each process"
            )
        with_token = self._token is not None
        return _unpickled, (self._name, self._url, with_token, self._folder, self._durable, self._settings)

    def _begin(self, *, child: bool) -> None:
        self._child = child
        self.dropped: Counter[DropReason] = Counter()
        self._told_late = False
        self._outbox = Outbox(
            self._spool,
            ahead=child if self._durable is None else self._durable,
            batch_events=self._settings.batch_events,
            buffer_events=self._settings.buffer_events,
            clock=self._clock,
            drop=self._drop,
            refused=self._refused,
        )
        self._sender = Sender(self._outbox, self._settings, self._new_delivery, timer=self._timer, rng=self._rng)

    @classmethod
    def of_environment(cls, url: str, token: str | None, config: Config) -> PushRecorder:
        """Return a recorder whose configuration is what any process of this environment would read."""
        recorder = cls(url, token=token, config=config)
        recorder._own_config = False
        return recorder

    @property
    def delivered(self) -> int:
        """How many events arrived by this process, those that others had left in the spool included."""
        return self._sender.delivered

    @property
    def deaths(self) -> int:
        """How often the sending thread died and was started anew; nothing is lost by that."""
        return self._sender.deaths

    @property
    def pending(self) -> int:
        """How many events wait to be delivered, those in the spool aside."""
        return self._outbox.count

    def record_many(self, events: Iterable[DomainEvent]) -> None:
        """Take several events. Returns at once and never raises; what finds no room is dropped and counted."""
        try:
            self._outbox.add(events)
            if self._sender.closing:
                self._reopen()
            if self._outbox.waiting >= self._settings.batch_events:
                self._sender.wake()
            if not self._sender.runs:
                endings.attach()
                self._sender.start()
        except Exception as error:  # noqa: BLE001 - the recorder's edge: nothing may reach the caller
            _log.warning("events not recorded", error=f"{type(error).__name__}: {error}")

    def flush(self, timeout_seconds: float = 10.0) -> bool:
        """Wait until everything recorded so far has been delivered or spooled; False when that took too long."""
        return self._sender.flush(timeout_seconds)

    def close(self) -> None:
        """Deliver what is there, within a few seconds; the rest goes to the spool. May be called more than once."""
        if self._sender.runs or self._outbox.count:
            self._sender.close()
        self._sender.closing = True

    def at_end(self) -> None:
        """Close when the process ends, and deliver what its children have left."""
        self.close()
        if not self._child and endings.has_children() and self._spool is not None and self._spool.has_left_over():
            self._sender.close()

    async def __aenter__(self) -> PushRecorder:
        self._sender.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        import asyncio  # there already, where this is awaited

        await asyncio.to_thread(self.close)

    def __enter__(self) -> PushRecorder:
        self._sender.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- around a fork

    def before_fork(self) -> None:
        """Let the sending thread stop, so that nothing of it is in the child."""
        self._sender.pause()

    def stopped(self, seconds: float) -> None:
        """Wait until it has stopped, at most so long."""
        self._sender.paused(seconds)

    def after_fork_in_parent(self) -> None:
        """Go on."""
        self._sender.resume()

    def after_fork_in_child(self) -> None:
        """Begin anew, empty: the parent delivers what it recorded."""
        self._outbox.abandon()
        self._sender.abandon()
        self._rng.seed()
        self._begin(child=True)

    def _reopen(self) -> None:
        if not self._told_late:
            self._told_late = True
            _log.warning(
                "recorded after close; it is delivered all the same, and when the process ends: close a recorder once "
                "nothing records any more"
            )
        self._sender.reopen()

    def _new_delivery(self) -> Delivery:
        from pipeline.recording.delivery import Delivery  # what speaks HTTP takes longest to load

        timeout = self._settings.timeout_seconds
        return Delivery(self._url, self._token, timeout_seconds=timeout, transport=self._transport)

    def _drop(self, reason: DropReason, count: int, why: str) -> None:
        self.dropped[reason] += count
        if why:
            _log.warning("events dropped", reason=reason, events=count, why=why)

    def _refused(self) -> None:
        if self._durable:
            _log.warning("the spool is full or cannot be written: events are held in memory and would not survive")


def _durable_by_environment() -> bool | None:
    word = os.environ.get("PIPEMETER_DURABLE_PUSH", "").strip()
    try:
        return truth(word) if word else None
    except ValueError:
        expected = "true or false (1, yes, on; 0, no, off)"
        raise ConfigError([Problem("environment", None, "PIPEMETER_DURABLE_PUSH", word, expected)]) from None


def _unpickled(
    name: str,
    url: str,
    with_token: bool,
    spool: str | Literal[False],
    durable: bool | None,
    settings: PushSettings,
) -> PushRecorder:
    """Return this process's recorder of a name: a new one for each piece of work would leave a thread for each."""
    with _foreign_lock:
        recorder = _named.get(name)
        if recorder is None:
            token = os.environ.get("EXPORTER_TOKEN") if with_token else None
            recorder = PushRecorder(url, token=token, spool=spool, durable=durable, settings=settings)
            recorder._name, _named[name], _foreign[name] = name, recorder, recorder
        return recorder
