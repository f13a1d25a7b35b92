"""What all tests share: a clean environment and a state folder of their own."""

from __future__ import annotations

import functools
import os
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import prometheus_client
import pytest

# promtool, Prometheus, Alertmanager: a fourth of their work is collecting garbage, of which the short runs here make little
os.environ.setdefault("GOGC", "400")

_OURS = ("ENABLE_", "QUALITY_", "CONFIG_VERSION", "SHADOW_", "PIPEMETER_", "DASHBOARD_", "EXPORTER_", "PROMETHEUS_URL",
         "GRAFANA_URL", "DISCORD_", "SLACK_", "LLM_", "QDRANT_", "ALERTMANAGER_URL", "HEARTBEAT_", "PAGERDUTY_",
         "SMTP_")  # fmt: skip


# Files that take longest, most of it waiting for servers: begun first, the others are done meanwhile.
_FIRST = (
    "test_installed_stages.py",
    "monitoring/test_end_to_end.py",
    "test_installed_core.py",
    "monitoring/compile/test_alert_tests.py",
    "pipemeter/verbs/test_run.py",
    "monitoring/replay/test_replayer.py",
    "monitoring/compile/test_vmalert.py",
    "pipeline/test_samples.py",
    "monitoring/compile/test_runbooks.py",
    "monitoring/delivery/test_delivery.py",
    "pipemeter/verbs/test_alerts.py",
    "exporter/test_prometheus.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first (needs `--no-loadscope-reorder`, or xdist puts those with the fewest tests last)."""
    places = {Path(__file__).parent / name: place for place, name in enumerate(_FIRST)}
    assert all(path.exists() for path in places)
    items.sort(key=lambda item: places.get(item.path, len(places)))


def pytest_xdist_auto_num_workers() -> int:
    """Return how many workers `-n auto` means: half as many again as there are cores, since some of them wait."""
    return max(2, (os.cpu_count() or 1) * 3 // 2)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the machine reaches a test, and no test reaches the state of the machine."""
    for name in list(os.environ):
        if name.startswith(_OURS):
            monkeypatch.delenv(name)
    monkeypatch.setenv("MONITORING_HOME", str(tmp_path / "state"))


@pytest.fixture(autouse=True, scope="session")
def no_created_series() -> None:
    """As in the exporter: `_created` series are switched off."""
    prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]


@pytest.fixture(scope="session")
def two_weeks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The made-up weeks of `tests/weeks.py` in a real Prometheus, served as long as the tests run."""
    from tests.weeks import served  # with all that makes history: not needed by most tests

    with served(tmp_path_factory.mktemp("weeks")) as url:
        yield url


@pytest.fixture(autouse=True, scope="session")
def one_tls_context() -> Iterator[None]:
    """HTTP clients with the same certificates share a context: to make one takes 20 ms, and tests make thousands."""
    make = httpx.create_ssl_context

    @functools.cache
    def made(_files: tuple[str | None, ...], verify: Any, cert: Any, trust_env: bool) -> ssl.SSLContext:
        return make(verify, cert, trust_env)

    def shared(verify: Any = True, cert: Any = None, trust_env: bool = True) -> ssl.SSLContext:
        return made((os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")), verify, cert, trust_env)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("httpx._transports.default.create_ssl_context", shared)
        yield
