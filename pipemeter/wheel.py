"""The installed package as a wheel again: for a container's image that holds the same pipemeter as this machine.

Made of the files that the installation lists, in the same order and with the same times: the same bytes each time.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import zipfile
from importlib.metadata import PackageNotFoundError, PackagePath, distribution

from pipeline.defaults import checkout
from pipeline.errors import PipemeterError

_OF_THE_INSTALLATION = ("INSTALLER", "REQUESTED", "RECORD", "direct_url.json")
_TIME = (1980, 1, 1, 0, 0, 0)


def wheel() -> tuple[str, bytes]:
    """Return the name and the bytes of the wheel. Raises PipemeterError where nothing is installed to make it of."""
    try:
        found = distribution("pipemeter")
    except PackageNotFoundError:
        raise PipemeterError("pipemeter is not installed here, so there is nothing to make an image of") from None
    files = [file for file in found.files or () if _belongs(file)]
    if checkout() or not files:
        raise PipemeterError("pipemeter runs from a checkout here: images are built from that")
    packed, lines = io.BytesIO(), io.StringIO()
    record = csv.writer(lines, lineterminator="\n")
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            path = file.locate()
            data = path.read_bytes()  # type: ignore[attr-defined]  # importlib.metadata promises less than it gives
            mode = 0o755 if data.startswith(b"#!") else 0o644
            _add(archive, file.as_posix(), data, mode)
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            record.writerow((file.as_posix(), f"sha256={digest}", len(data)))
        folder = next(file.parent for file in files if file.parent.suffix == ".dist-info" and file.name == "METADATA")
        record.writerow(((folder / "RECORD").as_posix(), "", ""))
        _add(archive, (folder / "RECORD").as_posix(), lines.getvalue().encode(), 0o644)
    return f"pipemeter-{found.version}-py3-none-any.whl", packed.getvalue()


def _belongs(file: PackagePath) -> bool:
    """Tell whether a file came in the wheel, and was not made when it was installed."""
    return ".." not in file.parts and file.suffix != ".pyc" and file.name not in _OF_THE_INSTALLATION


def _add(archive: zipfile.ZipFile, name: str, data: bytes, mode: int) -> None:
    entry = zipfile.ZipInfo(name, _TIME)
    entry.external_attr = (0o100000 | mode) << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, data)
