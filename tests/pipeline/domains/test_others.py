from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from pipeline.domains.catalogue import DOMAINS
from pipeline.domains.others import Loaded, load
from pipeline.events import ItemFinished
from pipeline.metrics.registry import Metrics
from tests.toys import SAYS, install

SILENT = """
class Silent(Exception):
    def __repr__(self):
        raise ValueError("no")

    __str__ = __repr__


"""
EVIL = """
class Evil:
    @property
    def __class__(self):
        return 1 / 0


DOMAIN = Evil()
"""
_number = itertools.count()
SAYS = SAYS


class Site:
    """A folder on the path that packages are laid into; each is imported once, so each has a name of its own."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        monkeypatch.syspath_prepend(str(folder))

    def add(self, says: str = SAYS, points: str | None = None) -> str:
        """Install a package; return its name."""
        name = f"toys{next(_number)}"
        install(self._folder, name, says, points and points.replace("toys.", f"{name}."))
        return name

    def points_of(self, name: str) -> Path:
        """Return the file of a package's entry points."""
        return self._folder / f"{name}-1.0.dist-info" / "entry_points.txt"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    return Site(tmp_path / "site", monkeypatch)


def metrics_of(loaded: Loaded) -> Metrics:
    return Metrics(CollectorRegistry(), loaded.domains)


def event(loaded: Loaded, **fields: Any) -> object:
    return loaded.domains[-1].events[0](**fields)


def test_without_other_packages_there_are_ours() -> None:
    assert load(DOMAINS) == Loaded(DOMAINS)


def test_a_domain_of_another_package_comes_after_ours(site: Site) -> None:
    site.add()
    loaded = load(DOMAINS)
    assert [domain.name for domain in loaded.domains] == ["pipeline", "exporter", "toy"]
    assert loaded.refused == ()


def test_its_events_reach_its_metrics_within_its_guards(site: Site) -> None:
    site.add()
    loaded = load(DOMAINS)
    metrics = metrics_of(loaded)
    value = metrics.registry.get_sample_value
    assert value("toy_sold_total", {"colour": "green", "toy_shop": "unspecified"}) == 0
    metrics.apply(event(loaded, colour="red", shop="corner", waited_seconds=2.0))
    for n in range(20):
        metrics.apply(event(loaded, colour="mauve", shop=f"shop {n}"))
    assert value("toy_sold_total", {"colour": "red", "toy_shop": "corner"}) == 1
    assert value("toy_sold_total", {"colour": "other", "toy_shop": "other"}) == 13
    assert value("toy_wait_seconds_count") == 21
    assert value("exporter_label_overflow_total", {"label": "colour"}) == 20
    assert value("exporter_label_overflow_total", {"label": "toy_shop"}) == 13


def test_a_handler_that_raises_loses_its_own_event_only(site: Site) -> None:
    site.add(SAYS.replace("wait.observe(event.waited_seconds)", "1 / event.waited_seconds"))
    loaded = load(DOMAINS)
    metrics = metrics_of(loaded)
    with capture_logs() as logs:
        metrics.apply_many([event(loaded, colour="red"), event(loaded, colour="blue", waited_seconds=1.0)])
    assert metrics.registry.get_sample_value("exporter_rejected_records_total", {"reason": "invalid"}) == 1
    assert [(log["event_type"], log["error"]) for log in logs] == [
        ("ToySold", "ZeroDivisionError: float division by zero")
    ]


def test_a_handler_that_ends_the_program_ends_nothing(site: Site) -> None:
    site.add(SAYS.replace("wait.observe(event.waited_seconds)", "raise SystemExit(9)"))
    loaded = load(DOMAINS)
    metrics = metrics_of(loaded)
    with capture_logs() as logs:
        metrics.apply(event(loaded, colour="red"))
    assert [log["error"] for log in logs] == ["SystemExit: 9"]


@pytest.mark.parametrize("second", ["raise SystemExit(5)", "return [ToySold]", "return {ToySold: None}", "return {}"])
def test_handlers_that_are_bound_once_only_lose_their_own_events(site: Site, second: str) -> None:
    start = f"def handlers(metrics):\n    if bound:\n        {second}\n    bound.append(metrics)\n"
    site.add(SAYS.replace("def handlers(metrics):\n", f"bound = []\n\n\n{start}"))
    loaded = load(DOMAINS)
    assert loaded.refused == ()
    metrics = metrics_of(loaded)
    metrics.apply_many([event(loaded, colour="red"), ItemFinished("full")])
    value = metrics.registry.get_sample_value
    assert value("exporter_rejected_records_total", {"reason": "invalid"}) == 1
    assert value("toy_wait_seconds_count") == 0
    finished = {"processing_type": "full", "content_type": "unspecified", "config_version": "unspecified"}
    assert value("pipeline_items_total", finished) == 1


def test_what_a_handler_counts_without_the_guard_makes_no_series(site: Site) -> None:
    site.add(SAYS.replace("shop(event.shop)", "event.shop or 'unspecified'"))
    loaded = load(DOMAINS)
    metrics = metrics_of(loaded)
    metrics.apply_many(event(loaded, colour="red", shop=f"shop {n}") for n in range(3000))
    metrics.apply(event(loaded, colour="red"))
    (sold,) = [family for family in metrics.registry.collect() if family.name == "toy_sold"]
    assert {sample.labels["toy_shop"] for sample in sold.samples} == {"unspecified"}
    value = metrics.registry.get_sample_value
    assert value("toy_sold_total", {"colour": "red", "toy_shop": "unspecified"}) == 1
    assert value("exporter_rejected_records_total", {"reason": "invalid"}) == 3000


@pytest.mark.parametrize("lines", [b"toys", b"t\xe9 = toys.says:DOMAIN"])
def test_entry_points_that_cannot_be_read_are_named_and_keep_no_other_out(site: Site, lines: bytes) -> None:
    site.add()
    broken = site.add()
    site.points_of(broken).write_bytes(b"[pipemeter.domains]\n" + lines + b"\n")
    loaded = load(DOMAINS)
    assert loaded.domains[-1].name == "toy"
    (sentence,) = loaded.refused
    assert sentence.startswith(f"{broken} 1.0: its entry_points.txt cannot be read: ")


def test_entry_points_of_others_that_cannot_be_read_are_no_matter_of_ours(site: Site) -> None:
    site.add()
    stranger = site.add()
    site.points_of(stranger).write_bytes(b"[console_scripts]\nt\xe9\n")
    loaded = load(DOMAINS)
    assert loaded.domains[-1].name == "toy"
    assert loaded.refused == ()


def test_a_package_without_metadata_goes_by_what_its_entry_point_leads_to(site: Site) -> None:
    name = site.add("import no_such_module")
    (site.points_of(name).parent / "METADATA").unlink()
    (sentence,) = load(DOMAINS).refused
    assert sentence.startswith(f"{name}.says:DOMAIN: domain toy: cannot be loaded: ModuleNotFoundError: ")


def test_a_domain_that_only_declares_has_nothing_to_guard(site: Site) -> None:
    site.add(SAYS.replace("events=(ToySold,),", "").replace("handlers=handlers,", ""))
    loaded = load(DOMAINS)
    assert loaded.domains[-1].handlers is None
    assert loaded.refused == ()


@pytest.mark.parametrize(
    ("says", "points", "why"),
    [
        ("import no_such_module", None, "domain toy: cannot be loaded: ModuleNotFoundError: No module named"),
        ("DOMAIN = 1 / 0", None, "domain toy: cannot be loaded: ZeroDivisionError: division by zero"),
        ("raise SystemExit(7)", None, "domain toy: cannot be loaded: SystemExit: 7"),
        (f"{SILENT}raise Silent", None, "domain toy: cannot be loaded: Silent: (its text cannot be had)"),
        (
            f"{SILENT}DOMAIN = Silent()",
            None,
            "its entry point leads to a value of type Silent that cannot be written",
        ),
        (EVIL, None, "domain toy: cannot be loaded: ZeroDivisionError: "),
        (
            SAYS,
            "toy = toys says DOMAIN",
            "domain toy: its entry point is 'toys says DOMAIN', expected package.module:ATTRIBUTE",
        ),
        (SAYS, "toy = toys.says:DOMAINE", "domain toy: cannot be loaded: AttributeError: "),
        (SAYS, "toy = toys.says:SOLD", "its entry point leads to Family("),
        (SAYS.replace('("red", "blue", "green")', "()"), None, "domain toy: label colour: it has neither values nor a"),
        (SAYS.replace("(1, 5, 30, 120)", "()"), None, "domain toy: metric toy_wait_seconds: a histogram needs edges"),
    ],
)
def test_what_cannot_be_used_is_left_out_with_the_reason(site: Site, says: str, points: str | None, why: str) -> None:
    name = site.add(says, points)
    loaded = load(DOMAINS)
    assert loaded.domains == DOMAINS
    assert [sentence[: len(f"{name} 1.0: {why}")] for sentence in loaded.refused] == [f"{name} 1.0: {why}"]


def test_of_two_that_claim_one_name_the_first_in_the_order_of_packages_has_it(site: Site) -> None:
    first, second = site.add(), site.add()
    loaded = load(DOMAINS)
    assert [domain.name for domain in loaded.domains] == ["pipeline", "exporter", "toy"]
    assert loaded.refused == (f"{second} 1.0: domain toy: {first} 1.0 has a domain of that name already",)


def test_one_that_is_refused_does_not_keep_others_out(site: Site) -> None:
    site.add("DOMAIN = None")
    site.add()
    loaded = load(DOMAINS)
    assert len(loaded.refused) == 1
    assert loaded.domains[-1].name == "toy"
