"""Reading the boards' queries in tests."""

from __future__ import annotations

import re
from typing import Any


def expressions_of(document: dict[str, Any]) -> list[str]:
    """Return every query of a board's panels and annotations."""
    panels = [target["expr"] for panel in document["panels"] for target in panel["targets"]]
    return panels + [annotation["expr"] for annotation in document["annotations"]["list"]]


def filled_in(expression: str, span: str = "24h") -> str:
    """Return a query with its variables put in the way Grafana does, All chosen everywhere."""
    text = expression.replace("$__rate_interval", "5m").replace("$__range", span)
    return re.sub(r"\$\w+", ".*", text)
