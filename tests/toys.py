"""A toy shop as an installed package with a domain of its own, and others that are wrong somewhere."""

from __future__ import annotations

from pathlib import Path

POINTS = "toy = toys.says:DOMAIN"
SAYS = """\
from pipeline.events import DomainEvent, Seconds
from pipeline.metrics.domain import Domain
from pipeline.metrics.family import Family, Label


class ToySold(DomainEvent, frozen=True, tag="toy_sold"):
    '''A toy was sold; how long its buyer had waited.'''

    colour: str
    shop: str | None = None
    waited_seconds: Seconds = 0.0


SOLD = Family(
    "toy_sold_total",
    "counter",
    "Toys sold.",
    ("colour", "toy_shop"),
    own=(Label("toy_shop", cap=8, unspecified="beside"),),
)
WAIT = Family(
    "toy_wait_seconds", "histogram", "Time that buyers waited.", (), (1, 5, 30, 120), "five seconds are promised"
)


class Traffic:
    '''One buyer after the other.'''

    def __init__(self, rng, dials):
        self._rng = rng

    def start(self):
        return []

    def item(self):
        return [ToySold(self._rng.choice(("red", "blue")), "corner", self._rng.expovariate(0.2))]


def handlers(metrics):
    sold, wait = metrics.series(SOLD), metrics.family(WAIT)
    colour, shop = metrics.guard(SOLD, "colour"), metrics.guard(SOLD, "toy_shop")

    def toy_sold(event):
        sold(colour(event.colour), shop(event.shop)).inc()
        wait.observe(event.waited_seconds)

    return {ToySold: toy_sold}


DOMAIN = Domain(
    "toy",
    families=(SOLD, WAIT),
    labels=(Label("colour", ("red", "blue", "green")),),
    events=(ToySold,),
    handlers=handlers,
    traffic=Traffic,
)
"""
SELL = """\
from prometheus_client import CollectorRegistry

from pipeline import InProcessRecorder
from toys.says import ToySold

registry = CollectorRegistry()
with InProcessRecorder(registry) as recorder:
    recorder.record(ToySold("red", "corner", 2.5))
print(registry.get_sample_value("toy_sold_total", {"colour": "red", "toy_shop": "corner"}))
"""


def install(folder: Path, package: str = "toys", says: str | None = None, points: str | None = None) -> Path:
    """Lay a package into a folder as pip would; a path with the folder in it finds it. Return the folder.

    Without further arguments it is the toy shop's. `says`: another source for it; `points`: lines of its entry points.
    """
    home = folder / package
    home.mkdir(parents=True)
    (home / "__init__.py").touch()
    (home / "says.py").write_text(SAYS if says is None else says)
    told = folder / f"{package}-1.0.dist-info"
    told.mkdir()
    (told / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    lines = points if points is not None else POINTS.replace("toys.", f"{package}.")
    (told / "entry_points.txt").write_text(f"[pipemeter.domains]\n{lines}\n")
    return folder
