from __future__ import annotations

import io
import sys
from pathlib import Path

import click
import pytest

from pipeline.errors import ConfigError
from pipemeter.options import Within, named_sources, read_config, read_version


def listed(monkeypatch: pytest.MonkeyPatch, text: str, *sources: str) -> list[str]:
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))
    return named_sources(sources)


def test_a_dash_stands_for_a_list_on_standard_input_in_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    text = " b.mp3 \n\n# a remark\n  # another\nc d.txt\n"
    assert listed(monkeypatch, text, "a", "-", "e") == ["a", "b.mp3", "c d.txt", "e"]


@pytest.mark.parametrize("sources", [(), ("-",)])
def test_no_source_at_all_is_bad_usage(monkeypatch: pytest.MonkeyPatch, sources: tuple[str, ...]) -> None:
    with pytest.raises(click.UsageError, match="no source given"):
        listed(monkeypatch, "\n# nothing\n", *sources)


@pytest.mark.parametrize("text", ["nan", "NaN", "-0.1", "1.1", "inf", "x"])
def test_what_lies_outside_of_a_range_or_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter):
        Within(0, 1).convert(text, None, None)


def test_the_ends_of_a_range_belong_to_it() -> None:
    assert [Within(0, 1).convert(text, None, None) for text in ("0", "1", "0.5")] == [0.0, 1.0, 0.5]


@pytest.mark.parametrize(("text", "version"), [("0.25", (0, 25)), ("v3.5.1", (3, 5)), ("2.42", (2, 42))])
def test_a_version_is_major_and_minor(text: str, version: tuple[int, int]) -> None:
    parameter = click.Option(["--prometheus"])
    assert read_version(click.Context(click.Command("x")), parameter, text) == version
    with pytest.raises(click.BadParameter):
        read_version(click.Context(click.Command("x")), parameter, "latest")


def test_private_addresses_are_refused_unless_the_command_line_allows_them(tmp_path: Path) -> None:
    assert not read_config(None, None).download.allow_private_addresses
    allowed = read_config(None, None, allow_private=True)
    assert allowed.download.allow_private_addresses
    assert allowed.origins["download.allow_private_addresses"] == "command line"


def test_the_configuration_of_the_folder_one_stands_in_is_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config").mkdir()
    (tmp_path / "config/quality_filtering.yaml").write_text("thresholds: {min_overall: 0.71}\n")
    assert read_config(None, None).thresholds.min_overall == 0.71
    (tmp_path / "other.yaml").write_text("thresholds: {min_overall: 7}\n")
    with pytest.raises(ConfigError, match=r"other\.yaml:1: thresholds\.min_overall"):
        read_config(tmp_path / "other.yaml", None)
