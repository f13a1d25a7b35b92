from __future__ import annotations

from pipeline.domains.content.families import EARLY_EXITS, ITEMS
from pipeline.domains.content.known import known_values
from pipeline.metrics.known import KnownValues


def test_a_configuration_makes_types_its_version_and_each_checkpoints_reasons_known() -> None:
    known = known_values(("news",), "blue", {"post_download": ("too_short",), "post_analysis": ("no_claims",)})
    assert known.of(ITEMS, "content_type") == ("news",)
    assert known.of(ITEMS, "config_version") == ("blue",)
    assert known.of(EARLY_EXITS, "checkpoint") == ("post_download", "post_analysis")
    assert known.of(EARLY_EXITS, "reason") == ("too_short", "no_claims")
    assert known.belonging(EARLY_EXITS, "reason", "post_analysis") == ("no_claims",)


def test_without_a_version_none_is_known() -> None:
    assert known_values().of(ITEMS, "config_version") == ()
    assert known_values(version="") == KnownValues(
        {"content_type": (), "config_version": (), "checkpoint": ()}, {(EARLY_EXITS.name, "reason"): {}}
    )
