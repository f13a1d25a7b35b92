"""Files that appear only when they are whole: old or new, never half, with their mode from the first byte on."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from pipeline.errors import PipemeterError


@contextlib.contextmanager
def replacing(path: Path, *, mode: int | None = None, synced: bool = True) -> Iterator[BinaryIO]:
    """Yield a file beside `path` that takes its name once the block ends well; otherwise nothing is left of it.

    Missing folders are made. `mode`: of the file (None: as for any new file, by the umask). `synced`: wait until the
    disk has it, so that a power loss cannot leave an empty file. Raises PipemeterError if it cannot be written.
    """
    with _told(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        number, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".partial", dir=path.parent)  # mode 0600
    partial = Path(name)
    try:
        with _told(path):
            with os.fdopen(number, "wb") as file:
                yield file
                file.flush()
                if synced:
                    os.fsync(file.fileno())
            partial.chmod(0o666 & ~_umask() if mode is None else mode)
            partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def write_text(path: Path, text: str, *, mode: int | None = None, synced: bool = True) -> None:
    """Put a text in place, as UTF-8. See `replacing`."""
    with replacing(path, mode=mode, synced=synced) as file:
        file.write(text.encode())


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise PipemeterError(f"{path} cannot be written: {error.strerror or type(error).__name__}") from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
