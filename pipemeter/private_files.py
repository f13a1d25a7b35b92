"""Files that hold secrets: written whole or not at all, for nobody else to read, never where git would keep them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from pipeline.errors import PipemeterError
from pipeline.files import write_text


def write_file(path: Path, text: str, mode: int) -> bool:
    """Put a file in place, readable as `mode` says; tell whether that changed anything. Raises PipemeterError."""
    try:
        if _is(path, text, mode):
            return False
    except OSError as error:
        raise PipemeterError(f"{path} cannot be written: {error.strerror or type(error).__name__}") from None
    write_text(path, text, mode=mode)
    return True


def _is(path: Path, text: str, mode: int) -> bool:
    same_kind = path.is_file() and not path.is_symlink() and path.stat().st_mode & 0o777 == mode
    return same_kind and path.read_text(encoding="utf-8", errors="replace") == text


def refuse_tracked(folder: Path) -> str | None:
    """Refuse a folder that git keeps files of; return a warning if it merely does not ignore it.

    Raises PipemeterError, also where there is a work tree and no git to ask.
    """
    folder = folder.resolve()
    start = next(parent for parent in (folder, *folder.parents) if parent.is_dir())
    if not any((parent / ".git").exists() for parent in (start, *start.parents)):
        return None
    tracked = _git(start, "ls-files", "-z", "--", str(folder))
    if tracked is None or tracked.returncode:
        raise PipemeterError(f"{folder} is inside a git work tree, and git does not say what it tracks there; "
                             "choose a folder outside, secrets are written")  # fmt: skip
    if tracked.stdout:
        raise PipemeterError(f"{folder} holds files that git tracks, and secrets would be committed with them; "
                             "choose another folder")  # fmt: skip
    ignored = _git(start, "check-ignore", "-q", "--", str(folder / "alertmanager.yml"))
    if ignored is not None and ignored.returncode == 0:
        return None
    return f"git does not ignore {folder}: take care not to commit what is written there"


def _git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes] | None:
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    command = ["git", "-c", "safe.directory=*", "-C", str(folder), *arguments]
    try:
        return subprocess.run(command, capture_output=True, check=False, env=env, timeout=30)  # noqa: S603 - no shell
    except (OSError, subprocess.TimeoutExpired):
        return None
