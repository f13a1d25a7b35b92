"""One file with any sections of the configuration folder, such as `pipemeter tune` writes."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from pipeline.config import Config, load_config
from pipeline.config_files import FILE_OF
from pipeline.errors import ConfigError

FOLDER = Path(__file__).parents[2] / "config"


def same(one: Config, other: Config) -> bool:
    """Tell whether all decisions and settings agree, wherever they come from."""
    fields = set(Config.__struct_fields__) - {"origins", "checkpoints"}
    return one.hash() == other.hash() and all(getattr(one, name) == getattr(other, name) for name in fields)


def test_all_files_of_the_folder_in_one_file_mean_the_same(tmp_path: Path) -> None:
    """A section that is new in a file of config/ needs its line in FILE_OF."""
    path = tmp_path / "all.yaml"
    path.write_text("\n".join((FOLDER / name).read_text() for name in sorted(set(FILE_OF.values()))))
    assert same(load_config(path), load_config(FOLDER))


def test_sections_that_a_file_does_not_have_are_built_in(tmp_path: Path) -> None:
    path = tmp_path / "some.yaml"
    path.write_text("thresholds: {min_overall: 0.71}\npublish: {discord: false}\nshadow_rate: 0.02\n")
    found = load_config(path)
    assert found.shadow_rate == 0.02
    assert (found.thresholds.min_overall, found.publish.discord) == (0.71, False)
    assert found.routing == load_config(None).routing
    assert found.origins["thresholds.min_overall"] == f"{path}:1"


def test_everything_wrong_with_one_file_is_told_at_once_with_its_lines(tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text("treshold: {min_overall: 0.7}\nthresholds:\n  min_overall: 7\ncheckpoints:\n  post_dinner: {}\n")
    with pytest.raises(ConfigError) as refused:
        load_config(path)
    assert [(p.line, p.key) for p in refused.value.problems] == [
        (1, "treshold"), (3, "thresholds.min_overall"), (5, "checkpoints.post_dinner"),
    ]  # fmt: skip
    assert "a known section, `thresholds`" in str(refused.value)


@pytest.mark.parametrize("text", ["[1, 2]", "a: [", "\x00"])
def test_a_file_that_is_no_mapping_is_refused_in_one_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as refused:
        load_config(path)
    assert len(refused.value.problems) == 1


def test_an_empty_file_is_the_built_in_configuration(tmp_path: Path) -> None:
    path = tmp_path / "empty.yaml"
    path.write_text("# nothing yet\n")
    assert same(load_config(path), Config())
    assert msgspec.structs.asdict(load_config(path))["origins"] == {}
