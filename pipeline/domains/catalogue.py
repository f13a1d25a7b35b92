"""Every metric family and every label that pipemeter exposes, in one place.

A label means the same wherever it stands, so its values are declared once for all families.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from pipeline.domains.content import families as content
from pipeline.domains.content import labels as content_labels
from pipeline.domains.exporter import families as exporter
from pipeline.domains.exporter import labels as exporter_labels
from pipeline.metrics.family import Family, Label
from pipeline.metrics.known import NOTHING_KNOWN, KnownValues

FAMILIES: tuple[Family, ...] = (*content.FAMILIES, *exporter.FAMILIES)

# `reason` means something else in each family that has it: its values therefore stand with the families (`Family.own`)
_LABELS = {label.name: label for label in (*content_labels.LABELS, *exporter_labels.LABELS)}


def label_of(
    family: Family, name: str, known: KnownValues = NOTHING_KNOWN, caps: Mapping[str, int] | None = None
) -> Label:
    """Return the declaration of one label of one family.

    `known` adds values from the configuration (content types, checkpoints, exit reasons, the version); `caps` lets an
    operator set another cap. A cap never falls below the number of values known beforehand.
    """
    own = next((label for label in family.own if label.name == name), None)
    base = own or _LABELS.get(name) or _overflow_label(name)
    if base.cap == 0:
        return base
    values = tuple(dict.fromkeys((*base.values, *known.of(family, name))))
    return msgspec.structs.replace(base, values=values, cap=max((caps or {}).get(name, base.cap), len(values)))


def _overflow_label(name: str) -> Label:
    if name != "label":
        raise LookupError(f"label {name!r} is not declared in the catalogue")
    return Label("label", tuple(sorted({*_LABELS, *(own.name for family in FAMILIES for own in family.own)})))


def family(name: str) -> Family:
    """Return the family of that name. Raises LookupError."""
    for candidate in FAMILIES:
        if candidate.name == name:
            return candidate
    raise LookupError(f"metric {name!r} is not declared in the catalogue")
