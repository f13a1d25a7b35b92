"""What somebody else's program pays for an import: modules that take long to load come where they are first needed."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

HEAVY = frozenset(
    {
        "asyncio",
        "cel",
        "click",
        "httpx",
        "numpy",
        "prometheus_client",
        "rich",
        "sqlite3",
        "ssl",
        "stamina",
        "starlette",
        "structlog",
        "yaml",
        "backports",
    }
)


def _loaded(program: str) -> set[str]:
    program += "\nimport sys; print(*sys.modules)"
    environ = {
        name: value for name, value in os.environ.items() if not name.startswith("COV")
    }  # coverage loads its own
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environ)
    return {name.partition(".")[0] for name in done.stdout.split()}


@pytest.mark.parametrize("package", ["pipeline", "pipemeter"])
def test_the_name_that_records_loads_nothing_heavy(package: str) -> None:
    assert not _loaded(f"from {package} import record_pipeline_metrics") & HEAVY


def test_recording_switched_off_loads_nothing_heavy() -> None:
    program = "from pipemeter import record_pipeline_metrics\ntry: record_pipeline_metrics('full').send(None)\n"
    program += "except StopIteration: pass"
    assert not _loaded(program) & HEAVY


def test_a_recorder_that_pushes_loads_what_it_sends_with_when_it_sends() -> None:
    found = _loaded("from pipemeter import PushRecorder; PushRecorder('http://127.0.0.1:9', spool=False)")
    assert not found & {"asyncio", "cel", "click", "httpx", "prometheus_client", "rich", "structlog", "yaml"}


def test_the_help_of_the_command_line_loads_no_verb() -> None:
    program = "from click.testing import CliRunner; from pipemeter.cli import cli; CliRunner().invoke(cli, ['--help'])"
    assert not _loaded(program) & (HEAVY - {"click"})


@pytest.mark.parametrize("package", ["pipeline", "pipemeter"])
def test_every_name_of_the_contract_can_be_imported(package: str) -> None:
    names = "InProcessRecorder, ItemScope, NullRecorder, PushRecorder, Recorder, current_item, "
    names += "record_pipeline_metrics, recorder_from_environment"
    _loaded(f"from {package} import {names}")
    _loaded(f"from {package} import *\nassert PushRecorder")
