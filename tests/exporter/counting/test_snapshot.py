from __future__ import annotations

from pathlib import Path

from exporter.exporter import Exporter
from exporter.settings import ExporterSettings
from pipeline.configuration.config import Config
from pipeline.domains.content.families import ITEMS
from pipeline.events import ItemFinished


def exporter_of(folder: Path, **settings: object) -> Exporter:
    given = {"journal": folder / "journal.sqlite", **settings}
    return Exporter(ExporterSettings(**given), Config())  # type: ignore[arg-type]


def _items(exporter: Exporter) -> float:
    return sum(float(c._value.get()) for c in exporter.metrics.family(ITEMS)._metrics.values())


def test_label_values_of_a_snapshot_go_through_todays_caps(tmp_path: Path) -> None:
    first = exporter_of(tmp_path)
    first.acceptor.accept([ItemFinished("full", content_type=f"type-{n}") for n in range(10)])
    first.close()
    settings = ExporterSettings(journal=tmp_path / "journal.sqlite")
    second = Exporter(settings, Config(label_caps={"content_type": 6}))
    labels = {"processing_type": "full", "config_version": "unspecified", "content_type": "other"}
    assert second.metrics.registry.get_sample_value("pipeline_items_total", labels) == 8
    assert _items(second) == 10
    second.close()
