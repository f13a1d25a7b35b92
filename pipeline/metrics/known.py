"""Label values that the configuration makes known before anything has happened."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from pipeline.metrics.family import Family


class KnownValues(msgspec.Struct, frozen=True):
    """`values` by label; `pairs` by family and paired label (`Family.pairs`), then by the value they belong to."""

    values: Mapping[str, tuple[str, ...]] = {}
    pairs: Mapping[tuple[str, str], Mapping[str, tuple[str, ...]]] = {}

    def of(self, family: Family, label: str) -> tuple[str, ...]:
        """Return the values known of one label of one family, each once."""
        if label in family.pairs:
            paired = self.pairs.get((family.name, label), {})
            return tuple(dict.fromkeys(value for values in paired.values() for value in values))
        return () if family.own_label(label) else tuple(self.values.get(label, ()))

    def belonging(self, family: Family, label: str, owner: str) -> tuple[str, ...]:
        """Return the values of a paired label that belong to one value of the label it is paired with."""
        return self.pairs.get((family.name, label), {}).get(owner, ())


NOTHING_KNOWN = KnownValues()
