"""Where pipemeter keeps what must survive a restart: journal, memory, learned costs, spools."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def state_dir(environ: Mapping[str, str] | None = None) -> Path:
    """Return the state folder, not created: `MONITORING_HOME`, else `XDG_STATE_HOME/pipemeter`, else XDG's default."""
    env = os.environ if environ is None else environ
    if home := env.get("MONITORING_HOME"):
        return Path(home).expanduser()
    base = env.get("XDG_STATE_HOME")
    return (Path(base).expanduser() if base else Path.home() / ".local" / "state") / "pipemeter"
