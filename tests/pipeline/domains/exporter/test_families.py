from __future__ import annotations

from typing import get_args

from exporter.errors import Reason
from pipeline.domains.exporter.families import FAMILIES, REFUSALS
from pipeline.metrics.labels import LABEL_OVERFLOW


def test_every_reason_for_which_the_exporter_refuses_can_be_counted() -> None:
    assert get_args(Reason) == REFUSALS


def test_a_restart_brings_back_only_what_records_make() -> None:
    kept = {family.name for family in FAMILIES if family.kept == "counted"}
    assert kept == {
        "exporter_records_total",
        "exporter_incomplete_records_total",
        "exporter_journal_lost_records_total",
        "exporter_label_overflow_total",
    }


def test_the_overflow_of_labels_stands_among_the_exporters_own() -> None:
    assert FAMILIES.count(LABEL_OVERFLOW) == 1
