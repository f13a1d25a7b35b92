"""Reading the boards' queries in tests."""

from __future__ import annotations

from typing import Any


def expressions_of(document: dict[str, Any]) -> list[str]:
    """Return every query of a board's panels and annotations."""
    panels = [target["expr"] for panel in document["panels"] for target in panel["targets"]]
    return panels + [annotation["expr"] for annotation in document["annotations"]["list"]]
