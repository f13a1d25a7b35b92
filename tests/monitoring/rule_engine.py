"""The rule engine of a real Prometheus, as `promtool test rules` runs it: what fires at every step of made-up series."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from monitoring.replay.firings import Firing, Labels

NEEDED = pytest.mark.skipif(  # in CI a missing server is a failure, not a skip
    shutil.which("promtool") is None and "CI" not in os.environ, reason="Debian's package prometheus is not installed"
)
Alert = tuple[str, Labels]  # name, labels


def series(name: str, labels: Mapping[str, str], values: Iterable[str]) -> dict[str, str]:
    """Return one input series; values as promtool writes them: `1.5`, `_` (no sample), `stale`, `NaN`."""
    inside = ",".join(f"{label}={json.dumps(value)}" for label, value in labels.items())
    return {"series": f"{name}{{{inside}}}", "values": " ".join(values)}


def check(
    folder: Path, groups: Sequence[Mapping[str, Any]], given: Sequence[Mapping[str, str]], step: int, tests: list[Any]
) -> str:
    """Evaluate the groups over the series, both every `step` seconds from time 0; return what promtool objects to."""
    (folder / "rules.json").write_text(json.dumps({"groups": groups}))
    document = {
        "rule_files": ["rules.json"],
        "evaluation_interval": f"{step}s",
        "group_eval_order": [group["name"] for group in groups],
        "tests": [{"interval": f"{step}s", "input_series": given, "promql_expr_test": tests}],
    }
    (folder / "test.json").write_text(json.dumps(document))
    done = subprocess.run(
        ["promtool", "test", "rules", "test.json"], cwd=folder, capture_output=True, text=True, check=False, timeout=300
    )
    return "" if done.returncode == 0 else (done.stderr + done.stdout)[:4000] or "failed"


def firing_at(at: int, firings: Mapping[Alert, Sequence[Firing]]) -> dict[str, Any]:
    """Return the test that exactly these alerts fire at a time: those whose firing covers it."""
    samples = []
    for (name, labels), found in firings.items():
        if any(one.start <= at < one.end or (one.ongoing and at == one.end) for one in found):
            inside = ",".join(f"{label}={json.dumps(value)}" for label, value in (*labels, ("alertname", name)))
            samples.append({"labels": f'ALERTS{{alertstate="firing",{inside}}}', "value": 1})
    return {"expr": 'ALERTS{alertstate="firing"}', "eval_time": f"{at}s", "exp_samples": samples}
