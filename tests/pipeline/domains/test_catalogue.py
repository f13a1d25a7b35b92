from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from pipeline import events
from pipeline.configuration.config import load_config
from pipeline.domains import catalogue
from pipeline.errors import DomainError
from pipeline.metrics.family import Family
from tests.toys import SAYS, install

CACHES = (
    catalogue._loaded,
    catalogue._declarations,
    catalogue._warn_of_refused,
    catalogue.event_types,
    catalogue.any_event,
)


@pytest.fixture
def fresh() -> Iterator[None]:
    """As in a process that has not asked for domains yet."""
    for cached in CACHES:
        cached.cache_clear()
    yield
    for cached in CACHES:
        cached.cache_clear()


@pytest.fixture
def broken(fresh: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    says = SAYS.replace('"Toys sold."', '""')
    monkeypatch.syspath_prepend(str(install(tmp_path / "site", "mute_toys", says)))


@pytest.fixture
def toys(fresh: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(install(tmp_path / "site", "sound_toys")))


def test_ours_are_named_in_the_union_of_events_and_in_the_domains() -> None:
    assert tuple(kind for domain in catalogue.DOMAINS for kind in domain.events) == events.EVENT_TYPES


def test_families_are_plain_data_that_other_tools_can_read() -> None:
    assert msgspec.json.decode(msgspec.json.encode(catalogue.FAMILIES), type=tuple[Family, ...]) == catalogue.FAMILIES


def test_a_family_or_a_label_that_nobody_declares_is_refused_by_name() -> None:
    with pytest.raises(LookupError, match="toy_sold_total"):
        catalogue.family("toy_sold_total")
    with pytest.raises(LookupError, match="colour"):
        catalogue.label_of(catalogue.FAMILIES[0], "colour")


@pytest.mark.usefixtures("toys")
def test_what_another_package_declares_is_found_with_ours() -> None:
    assert [domain.name for domain in catalogue.domains()] == ["pipeline", "exporter", "toy"]
    assert catalogue.sound_domains() == catalogue.domains()
    assert catalogue.families()[: len(catalogue.FAMILIES)] == catalogue.FAMILIES
    assert catalogue.label_of(catalogue.family("toy_sold_total"), "colour").values == ("red", "blue", "green")
    assert catalogue.event_types()[-1].__struct_config__.tag == "toy_sold"
    metrics = catalogue.live_metrics(CollectorRegistry())
    assert metrics.registry.get_sample_value("toy_wait_seconds_count") == 0


@pytest.mark.usefixtures("toys")
def test_labels_of_another_package_are_among_those_that_can_overflow() -> None:
    named = catalogue.label_of(catalogue.family("exporter_label_overflow_total"), "label").values
    assert {"colour", "toy_shop", "content_type", "reason"} <= set(named)


@pytest.mark.usefixtures("toys")
def test_an_operator_caps_a_label_of_another_package_too(tmp_path: Path) -> None:
    (tmp_path / "pipeline.yaml").write_text("label_caps: {toy_shop: 2}\n")
    config = load_config(tmp_path)
    metrics = catalogue.live_metrics(CollectorRegistry(), known=config.known_values(), caps=config.label_caps)
    guard = metrics.guard("toy_sold_total", "toy_shop")
    assert [guard(shop) for shop in ("a", "b", "c")] == ["a", "b", "other"]


@pytest.mark.usefixtures("broken")
def test_a_configuration_is_read_whatever_other_packages_do(tmp_path: Path) -> None:
    (tmp_path / "pipeline.yaml").write_text("label_caps: {checkpoint: 9}\n")
    assert load_config(tmp_path).label_caps == {"checkpoint": 9}


@pytest.mark.usefixtures("broken")
def test_a_domain_that_is_refused_is_an_error_where_all_are_asked_for() -> None:
    for ask in (catalogue.domains, catalogue.families, catalogue.event_types):
        with pytest.raises(DomainError) as caught:
            ask()
        assert caught.value.problems == ("mute_toys 1.0: domain toy: metric toy_sold_total: it has no help text",)


@pytest.mark.usefixtures("broken")
def test_a_domain_that_is_refused_is_one_warning_where_nothing_may_raise() -> None:
    with capture_logs() as logs:
        assert [catalogue.sound_domains() for _ in range(3)] == [catalogue.DOMAINS] * 3
    assert [(log["log_level"], log["reasons"]) for log in logs] == [
        ("warning", ["mute_toys 1.0: domain toy: metric toy_sold_total: it has no help text"])
    ]
