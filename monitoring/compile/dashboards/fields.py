"""Pieces of Grafana's JSON that several kinds of panels have: colours, thresholds, what stands for no value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from monitoring.domains.scale import Scale, Steps

Json = dict[str, Any]

SOURCE: Json = {"type": "prometheus", "uid": "${datasource}"}
LAST: Json = {"calcs": ["lastNotNull"], "fields": "", "values": False}  # of a series, as one number


class Look(msgspec.Struct, frozen=True):
    """What one kind of panel adds to what all panels have: its `options` and the defaults of its fields."""

    type: str
    options: Json
    colour: Json | None = None
    custom: Json | None = None
    mappings: Sequence[Json] = ()
    overrides: Sequence[Json] = ()
    transformations: Sequence[Json] = ()


def thresholds(steps: Steps) -> Json:
    """Return where colours change."""
    return {"mode": "absolute", "steps": [{"color": colour, "value": value} for value, colour in steps]}


def by_steps(scale: Scale, otherwise: str = "text") -> Json:
    """Colour by the scale's steps, in one plain colour where it has none."""
    return {"mode": "thresholds"} if scale.steps else {"mode": "fixed", "fixedColor": otherwise}


def absent(text: str) -> Json:
    """Write an absent value in a plain colour: it is neither good nor bad."""
    return {
        "type": "special",
        "options": {"match": "null+nan", "result": {"text": text, "color": "text", "index": 0}},
    }


def override(name: str, properties: Mapping[str, object]) -> Json:
    """Return what holds for the one field of that name, property by property."""
    return {
        "matcher": {"id": "byName", "options": name},
        "properties": [{"id": key, "value": value} for key, value in properties.items()],
    }
