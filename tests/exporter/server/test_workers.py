from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from exporter.server.workers import refuse_several, workers_asked
from tests.exporter.conftest import ROOT


def test_several_workers_are_refused_with_the_reason(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "uvicorn", "--factory", "exporter.app:create_app", "--workers", "2", "--port", "0"]
    environ = {"MONITORING_HOME": str(tmp_path), "PYTHONPATH": str(ROOT), "PATH": ""}
    ran = subprocess.run(command, env=environ, cwd=tmp_path, capture_output=True, timeout=60, check=False)
    said = ran.stderr.decode()
    assert "one process owns the counters" in said
    assert "Traceback" not in said


def test_one_worker_is_not_several() -> None:
    assert workers_asked(["uvicorn", "--workers", "4"], {}) == workers_asked(["x", "--workers=4"], {}) == 4
    assert workers_asked(["uvicorn"], {"WEB_CONCURRENCY": "3"}) == 3
    assert workers_asked(["uvicorn", "--workers"], {}) == workers_asked(["uvicorn"], {}) == 1
    refuse_several({}, ["uvicorn", "--workers", "4"])  # this test's process is nobody's worker
