from __future__ import annotations

import pytest

from pipeline.decisions.quality import QualityVerdict
from pipeline.decisions.routing import RouteVerdict, Routing, TypeRoute, route

ROUTING = Routing({"talk": TypeRoute(processing_mode="full"), "fun": TypeRoute(processing_mode="lightweight")})


LOW, GOOD = QualityVerdict(True, -0.1, ("overall",)), QualityVerdict(False, 0.1, ())


@pytest.mark.parametrize(
    ("content_type", "quality", "filtering", "routing_on", "expected"),
    [
        ("talk", LOW, True, True, RouteVerdict("full", bypass=False)),
        ("fun", GOOD, True, True, RouteVerdict("lightweight", bypass=True, reason="content_type")),
        ("other", LOW, True, True, RouteVerdict("quality_check", bypass=True, reason="low_quality")),
        ("other", GOOD, True, True, RouteVerdict("quality_check", bypass=False)),
        ("other", LOW, False, True, RouteVerdict("quality_check", bypass=False)),
        ("fun", GOOD, True, False, RouteVerdict("quality_check", bypass=False)),
        ("talk", LOW, True, False, RouteVerdict("quality_check", bypass=True, reason="low_quality")),
        ("fun", LOW, False, False, RouteVerdict("quality_check", bypass=False)),
        (None, LOW, True, True, RouteVerdict("quality_check", bypass=True, reason="low_quality")),
    ],
)
def test_the_mode_decides_with_the_quality(
    content_type: str | None, quality: QualityVerdict, filtering: bool, routing_on: bool, expected: RouteVerdict
) -> None:
    found = route(content_type, quality, ROUTING, quality_filtering=filtering, content_routing=routing_on)
    assert found == expected
