"""A choice at the top of boards; each has All."""

from __future__ import annotations

import msgspec


class Variable(msgspec.Struct, frozen=True):
    """One choice: the label it narrows, what it is called, where its values come from (a query of Grafana's).

    `everywhere`: readers do not expect it to narrow every panel, so that none says that it does not.
    """

    name: str
    label: str
    help: str
    query: str
    everywhere: bool = False
