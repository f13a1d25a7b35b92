"""The grouping key of a push, read from the path as it was sent: taken apart before anything in it is decoded."""

from __future__ import annotations

import base64
import binascii
import re
from urllib.parse import unquote_to_bytes

from exporter.errors import ApiError

MAX_NAME, MAX_VALUE = 200, 1000  # characters
LABEL = re.compile(r"^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$")
Group = tuple[tuple[str, str], ...]


def group_of(raw: str) -> Group:
    """Read the grouping key from the path behind `/metrics/`: `job/NAME{/LABEL/VALUE}`. Raises ApiError 400.

    `LABEL@base64` says that its value is in base64 (URL-safe, `=` for the empty value). A slash in a value is `%2F`.
    """
    parts = raw.split("/")
    if len(parts) == 3 and not parts[2]:
        parts.pop()  # job/NAME/
    if len(parts) % 2:
        raise refused(f"the path needs pairs of label and value, got {len(parts)} parts")
    if "" in parts[:-1]:
        raise refused("the path has an empty part; an empty value is written LABEL@base64/=")
    pairs: dict[str, str] = {}
    for name, value in zip(map(_decoded, parts[::2]), parts[1::2], strict=True):
        label = name.removesuffix("@base64")
        if not LABEL.match(label) or label in pairs or len(label) > MAX_NAME:
            raise refused(f"{label[:60]!r} cannot be a grouping label")
        pairs[label] = _from_base64(_decoded(value)) if label != name else _decoded(value)
        if len(pairs[label]) > MAX_VALUE:
            raise refused(f"the value of {label!r} is longer than {MAX_VALUE} characters")
    if not pairs.get("job"):
        raise refused("the grouping key needs a job that is not empty")
    return tuple(sorted(pairs.items()))


def shown(group: Group) -> str:
    """Write a grouping key for a message: `{job="a", shard="b"}`."""
    return "{" + ", ".join(f'{name}="{value[:60]}"' for name, value in group) + "}"


def refused(message: str) -> ApiError:
    """Return the refusal of a push that makes no sense."""
    return ApiError(400, "malformed", message)


def _decoded(part: str) -> str:
    try:
        return unquote_to_bytes(part).decode("utf-8")
    except UnicodeDecodeError:
        raise refused(f"{part[:60]!r} is not valid UTF-8") from None


def _from_base64(value: str) -> str:
    try:
        padded = value.rstrip("=") + "=" * (-len(value.rstrip("=")) % 4)
        return base64.b64decode(padded, altchars=b"-_", validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        raise refused(f"{value[:60]!r} is not valid base64") from None
