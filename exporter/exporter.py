"""An exporter as one object: its metrics, its journal, what takes in and what gives out."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable

import structlog
from prometheus_client import CollectorRegistry

from exporter.api.alerts_log import AlertsApi
from exporter.api.performance import PerformanceApi, ProcessSource, PrometheusSource, Source
from exporter.counting.counters import Counters
from exporter.errors import ApiError
from exporter.intake.acceptor import Acceptor, Limits
from exporter.intake.bodies import Budget
from exporter.intake.requests import RecordRequests
from exporter.journal.gate import Gate
from exporter.journal.journal import AnyJournal, Journal
from exporter.journal.keeper import Keeper
from exporter.journal.memory import NoJournal
from exporter.pushgateway.groups import PushStore
from exporter.pushgateway.pushing import PushApi
from exporter.settings import ExporterSettings
from exporter.text.expiry import Expiry
from exporter.text.scrape import Scrape
from monitoring.servers.prometheus import PrometheusClient
from pipeline.configuration.config import Config
from pipeline.domains.catalogue import live_metrics
from pipeline.domains.exporter.families import (
    ALERTS_HELD_BACK,
    ALERTS_LOGGED,
    BUILD_INFO,
    FORGOTTEN_KEYS,
    IDEMPOTENCY_KEYS,
    JOURNAL_ERRORS,
    JOURNAL_SIZE,
    PUSHED_SERIES,
    REJECTED_RECORDS,
    WAITING_REQUESTS,
)
from pipeline.version import installed_version

_log = structlog.get_logger("exporter")


class Exporter:
    """Everything an exporter consists of, put together. Raises JournalError when its journal cannot be had."""

    def __init__(
        self,
        settings: ExporterSettings,
        config: Config,
        *,
        registry: CollectorRegistry | None = None,
        source: Source | None = None,
        write_line: Callable[[str], None] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.started = clock()
        self.ready = False
        self.stopping = False
        self.metrics = live_metrics(
            registry or CollectorRegistry(), known=config.known_values(), caps=config.label_caps
        )
        self.metrics.series(BUILD_INFO)(installed_version(), platform.python_version()).set(1)
        self.metrics.apply(config.activated())  # until a pipeline says otherwise: replayed events go over it
        self.journal: AnyJournal = (
            Journal(settings.journal, settings.sync, clock=clock) if settings.journal else NoJournal()
        )
        _tell(self.journal)
        limits = Limits(settings.max_waiting_requests, settings.max_waiting_bytes)
        self.counters = Counters(self.metrics, clock)
        self.gate = Gate(self.journal, self.metrics.family(JOURNAL_ERRORS), clock)
        self.acceptor = Acceptor(self.counters, self.gate, limits=limits, clock=clock)
        self.pushes = PushStore(
            self.metrics.registry,
            max_series=settings.max_pushed_series,
            expiry_seconds=settings.push_expiry_seconds,
            clock=clock,
        )
        self.metrics.registry.register(self.pushes)
        self.keeper = Keeper(
            self.counters, self.gate, self.pushes, compact_at_bytes=settings.compact_at_bytes, clock=clock
        )
        try:
            self.replayed = self.keeper.restore()
        except BaseException:
            self.journal.close()
            raise
        budget = Budget(settings.max_waiting_bytes)
        self.requests = RecordRequests(self.acceptor, settings, budget)
        held = self.metrics.series(ALERTS_HELD_BACK)
        self.alerts = AlertsApi(
            settings,
            budget,
            write=write_line or _print_line,
            count=self.metrics.family(ALERTS_LOGGED).inc,
            count_held=lambda reason, number: held(reason).inc(number),
            clock=clock,
        )
        self.push_api = PushApi(self.pushes, self.gate, settings, budget)
        self.performance = PerformanceApi(source or source_for(settings, self.counters, clock))
        self.scrape = Scrape(self.metrics, expiry=_expiry(settings), before=self._before_scrape, clock=clock)
        self.before_scrape: list[Callable[[], object]] = []
        self._forgotten = self.metrics.family(FORGOTTEN_KEYS)
        self._waiting = self.metrics.family(WAITING_REQUESTS)
        self._size = self.metrics.family(JOURNAL_SIZE)
        self._keys = self.metrics.family(IDEMPOTENCY_KEYS)
        self._pushed = self.metrics.family(PUSHED_SERIES)
        self._rejected = self.metrics.series(REJECTED_RECORDS)
        self.ready = True

    def count_refusal(self, error: ApiError) -> None:
        """Count the records that a refusal kept out."""
        if error.reason is not None:
            self._rejected(error.reason).inc(error.records)

    def _before_scrape(self) -> None:
        for bring_up_to_date in self.before_scrape:
            bring_up_to_date()
        self.gate.look()
        self._forgotten.inc(self.journal.forgotten_keys - self._forgotten._value.get())
        self._waiting.set(self.acceptor.pending)
        self._size.set(self.journal.size_bytes())
        self._keys.set(self.journal.key_count)
        self._pushed.set(self.pushes.series)

    def close(self) -> None:
        """Write a last snapshot and let go of the journal."""
        if not self.stopping:
            self.stopping, self.ready = True, False
            self.keeper.compact_now()
            self.journal.close()


def source_for(settings: ExporterSettings, counters: Counters, clock: Callable[[], float]) -> Source:
    """Return where the API's numbers come from."""
    if settings.prometheus_url:
        return PrometheusSource(PrometheusClient(settings.prometheus_url), clock)
    return ProcessSource(counters, clock)


def _tell(journal: AnyJournal) -> None:
    """Say what became of the journal while nobody looked after it."""
    if journal.mended is not None:
        _log.error("the journal was mended", journal=str(journal.path), told=journal.mended.sentence())
    if journal.before:
        _log.warning("the journal is gone; counting begins at zero", journal=str(journal.path), records=journal.before)


def _print_line(line: str) -> None:
    print(line, flush=True)


def _expiry(settings: ExporterSettings) -> Expiry | None:
    seconds = settings.series_expiry_seconds
    return Expiry(seconds, time.monotonic) if seconds else None
