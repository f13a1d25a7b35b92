"""The families and labels of some domains, found by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from pipeline.metrics.domain import Domain
from pipeline.metrics.family import Family, Label
from pipeline.metrics.known import NOTHING_KNOWN, KnownValues


class Declarations:
    """What some domains declare, in their order."""

    def __init__(self, domains: Iterable[Domain]) -> None:
        self.domains = tuple(domains)
        self.families = {family.name: family for domain in self.domains for family in domain.families}
        self.labels = {label.name: label for domain in self.domains for label in domain.labels}
        named = {*self.labels, *(own.name for family in self.families.values() for own in family.own)}
        self.labels["label"] = Label("label", tuple(sorted(named)))  # the names of labels, as a label

    def family(self, name: str) -> Family:
        """Return the family of that name. Raises LookupError."""
        try:
            return self.families[name]
        except KeyError:
            raise LookupError(f"metric {name!r} is not declared in the catalogue") from None

    def label(
        self, family: Family, name: str, known: KnownValues = NOTHING_KNOWN, caps: Mapping[str, int] | None = None
    ) -> Label:
        """Return the declaration of one label of one family. Raises LookupError for one that nobody declares.

        `known` adds values from the configuration (content types, checkpoints, exit reasons, the version); `caps` lets
        an operator set another cap. A cap never falls below the number of values known beforehand.
        """
        base = family.own_label(name) or self.labels.get(name)
        if base is None:
            raise LookupError(f"label {name!r} is not declared in the catalogue")
        if base.cap == 0:
            return base
        values = tuple(dict.fromkeys((*base.values, *known.of(family, name))))
        return msgspec.structs.replace(base, values=values, cap=max((caps or {}).get(name, base.cap), len(values)))
