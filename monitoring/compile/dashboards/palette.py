"""What the boards of all domains share: the choices at their top, the colours that mean something."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

import msgspec

from monitoring.domains.domain import Domain
from monitoring.domains.variable import Variable
from pipeline.errors import DomainError

_T = TypeVar("_T")


class Palette(msgspec.Struct, frozen=True):
    """Variables by name; colours by label and value."""

    variables: Mapping[str, Variable]
    colours: Mapping[str, Mapping[str, str]]


def palette_of(domains: Iterable[Domain]) -> Palette:
    """Return what these domains declare. Raises DomainError when two declare one thing differently."""
    variables: dict[str, Variable] = {}
    colours: dict[str, Mapping[str, str]] = {}
    for domain in domains:
        for variable in domain.variables:
            _add(variables, variable.name, variable, f"domain {domain.name}: variable")
        for label, own in domain.colours.items():
            _add(colours, label, own, f"domain {domain.name}: colours of the label")
    return Palette(variables, colours)


def _add(found: dict[str, _T], name: str, value: _T, what: str) -> None:
    if found.setdefault(name, value) != value:
        raise DomainError([f"{what} {name!r}: another domain declares it differently"])
