"""Holds the compiled files against the real programs: `python -m tools.check_rules`.

promtool reads every rule file and runs every generated test, amtool reads Alertmanager's configuration. Where the
programs are missing, that is said on a person's machine and fails in CI.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parents[1]
_INSTALL = "on Debian and Ubuntu: sudo apt install prometheus prometheus-alertmanager"


def commands(root: Path) -> list[list[str]]:
    """Return every check as a command, the longest first."""
    rules = sorted([*root.glob("prometheus/rules/*.yaml"), *root.glob("alert_rules/*.yaml")])
    tests = sorted(root.glob("alert_rules/tests/*.yaml"), key=lambda path: (-path.name.count("-"), path.name))
    found = [["promtool", "test", "rules", str(path)] for path in tests]
    found.append(["promtool", "check", "rules", *map(str, rules)])
    found.append(["amtool", "check-config", str(root / "alertmanager/alertmanager.yml")])
    if (root / "prometheus/prometheus.yml").exists():
        found.append(["promtool", "check", "config", str(root / "prometheus/prometheus.yml")])
    return found


def run(command: Sequence[str]) -> str | None:
    """Run one check; return what it said if it failed."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else f"{' '.join(command)}\n{done.stdout}{done.stderr}"


def main() -> int:
    """Run all checks on all cores; return the exit code."""
    missing = [name for name in ("promtool", "amtool") if shutil.which(name) is None]
    if missing:
        print(f"{' and '.join(missing)}: not installed, compiled rules are not checked; {_INSTALL}", file=sys.stderr)
        return int("CI" in os.environ)
    checks = commands(ROOT)
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        failures = [said for said in pool.map(run, checks) if said]
    for said in failures:
        print(said, file=sys.stderr)
    print(f"{len(checks)} checks of compiled files, {len(failures)} failed", file=sys.stderr)
    return int(bool(failures))


if __name__ == "__main__":
    sys.exit(main())
