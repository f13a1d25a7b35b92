from __future__ import annotations

from pathlib import Path

from exporter.exporter import Exporter
from exporter.settings import ExporterSettings
from pipeline.configuration.config import Config
from pipeline.events import ConfigActivated


def exporter_of(folder: Path, **settings: object) -> Exporter:
    given = {"journal": folder / "journal.sqlite", **settings}
    return Exporter(ExporterSettings(**given), Config())  # type: ignore[arg-type]


def test_the_last_configuration_of_each_version_comes_back(tmp_path: Path) -> None:
    first = exporter_of(tmp_path)
    for config_hash in ("one", "two"):
        first.acceptor.accept([ConfigActivated(config_hash, "v", {"min_overall": 0.6}, {"early_exit": True})])
    first.close()
    second = exporter_of(tmp_path)
    value = second.metrics.registry.get_sample_value
    assert value("pipeline_config_info", {"config_version": "v", "config_hash": "two"}) == 1
    assert value("pipeline_config_info", {"config_version": "v", "config_hash": "one"}) is None
    assert value("pipeline_feature_enabled", {"feature": "early_exit"}) == 1
    second.acceptor.accept([ConfigActivated("three", "v")])
    assert value("pipeline_config_info", {"config_version": "v", "config_hash": "two"}) is None
    second.close()
