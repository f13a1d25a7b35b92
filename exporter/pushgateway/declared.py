"""What the readers of both formats hand over: families as a body declares them, not checked yet."""

from __future__ import annotations

import msgspec
from prometheus_client.samples import Sample as ParsedSample


class Declared(msgspec.Struct):
    """One family as a body declares it, not checked yet."""

    name: str
    kind: str
    help: str
    samples: list[ParsedSample]
