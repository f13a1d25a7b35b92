"""The router: which way a content type goes, together with what the quality filter says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

import msgspec

from pipeline.decisions.quality import QualityVerdict
from pipeline.events import BypassReason

Mode = Literal["full", "lightweight", "quality_check"]
Priority = Literal["high", "medium", "low"]
MODES: tuple[Mode, ...] = get_args(Mode)
PRIORITIES: tuple[Priority, ...] = get_args(Priority)


class TypeRoute(msgspec.Struct, frozen=True):
    """How one content type is treated. `examples` define a custom type by what its texts talk about."""

    priority: Priority = "medium"
    processing_mode: Mode = "quality_check"
    examples: tuple[str, ...] = ()


class Routing(msgspec.Struct, frozen=True):
    """The routes by content type, and the mode of every other type."""

    types: Mapping[str, TypeRoute] = {}
    default_mode: Mode = "quality_check"

    def of(self, content_type: str | None) -> TypeRoute:
        """Return the route of a content type."""
        return self.types.get(content_type or "", TypeRoute(processing_mode=self.default_mode))


class RouteVerdict(msgspec.Struct, frozen=True):
    """The way an item goes after assessment. `reason` is set when it is bypassed."""

    mode: Mode
    bypass: bool
    reason: BypassReason | None = None


def route(
    content_type: str | None,
    quality: QualityVerdict,
    routing: Routing,
    *,
    quality_filtering: bool,
    content_routing: bool,
) -> RouteVerdict:
    """Decide between the lightweight way and going on.

    Without content routing every type is `quality_check`. Mode `full` is never bypassed, `lightweight` always,
    `quality_check` when quality filtering is on and a score is below its threshold.
    """
    mode = routing.of(content_type).processing_mode if content_routing else "quality_check"
    if mode == "lightweight":
        return RouteVerdict(mode, bypass=True, reason="content_type")
    if mode == "quality_check" and quality_filtering and quality.below:
        return RouteVerdict(mode, bypass=True, reason="low_quality")
    return RouteVerdict(mode, bypass=False)
