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
