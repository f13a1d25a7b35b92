"""One file with any sections of the configuration folder, such as `pipemeter tune` writes."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from pipeline.configuration.config import Config, load_config
from pipeline.configuration.config_files import FILE_OF
from pipeline.configuration.values import changes
from pipeline.errors import ConfigError

FOLDER = Path(__file__).parents[3] / "config"


def same(one: Config, other: Config) -> bool:
    """Tell whether all decisions and settings agree, wherever they come from."""
    fields = set(Config.__struct_fields__) - {"origins", "checkpoints"}
    return one.hash() == other.hash() and all(getattr(one, name) == getattr(other, name) for name in fields)


@pytest.mark.parametrize("name", sorted(set(FILE_OF.values())))
def test_every_section_that_a_file_of_the_folder_may_have_is_known(tmp_path: Path, name: str) -> None:
    """A section that is new in a file of config/ needs its line in FILE_OF."""
    (tmp_path / name).write_text("zzz: {}\n")
    with pytest.raises(ConfigError) as refused:
        load_config(tmp_path)
    (problem,) = refused.value.problems
    known = problem.expected.partition("one of: ")[2].split(", ")
    assert known == sorted(section for section, file in FILE_OF.items() if file == name)


def test_all_files_of_the_folder_in_one_file_mean_the_same(tmp_path: Path) -> None:
    path = tmp_path / "all.yaml"
    path.write_text("\n".join((FOLDER / name).read_text() for name in sorted(set(FILE_OF.values()))))
    assert same(load_config(path), load_config(FOLDER))


def test_sections_that_a_file_does_not_have_are_built_in(tmp_path: Path) -> None:
    path = tmp_path / "some.yaml"
    path.write_text("thresholds: {min_overall: 0.71}\npublish: {discord: false}\nshadow_rate: 0.03\n")
    found = load_config(path)
    assert (found.thresholds.min_overall, found.publish.discord, found.shadow_rate) == (0.71, False, 0.03)
    assert found.routing == load_config(None).routing
    assert found.origins["thresholds.min_overall"] == f"{path}:1"
    assert found.origins["shadow_rate"] == f"{path}:3"


def test_everything_wrong_with_one_file_is_told_at_once_with_its_lines(tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text("treshold: {min_overall: 0.7}\nthresholds:\n  min_overall: 7\ncheckpoints:\n  post_dinner: {}\n")
    with pytest.raises(ConfigError) as refused:
        load_config(path)
    assert [(p.line, p.key) for p in refused.value.problems] == [
        (1, "treshold"), (3, "thresholds.min_overall"), (5, "checkpoints.post_dinner"),
    ]  # fmt: skip
    assert "a known section, `thresholds`" in str(refused.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[1, 2]", ":1: [1, 2]: expected a mapping of keys to values"),
        ("just words", "expected a mapping of keys to values"),
        ("thresholds:\n  min_overall: [", ":2: (syntax): "),
        ("\x00", "(syntax): "),
        (b"thresholds: {min_overall: \xff}", "(file): byte 26: expected UTF-8 text"),
        ("thresholds: {}\nllm: {}\nthresholds: {}", ":3: thresholds: given twice: expected one value (first at line 1)"),
        ("thresholds: [0.7]", ":1: thresholds: [0.7]: expected a mapping"),
        ("llm: {base_url: 'http://l', api_key: sk-sesame}", ":1: llm.api_key: (not shown): expected nothing"),
        ("checkpoints:\n  post_download:\n    min_confidence: 0.8\n    conditions: ['nonsense > 1']", ":4: checkpoints."),
        ("overall_metrics: {}", ":1: overall_metrics: {}: expected a known section, one of: "),
        ("shadow_rate: 1.5", ":1: shadow_rate: 1.5: expected a number from 0 to 1"),
        ("when: !!python/object:os.system {}", ":1: when: "),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_file_is_one_sentence_with_its_line(
    tmp_path: Path, text: str | bytes, expected: str
) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigError) as refused:
        load_config(path)
    (problem,) = refused.value.problems
    assert str(problem).startswith(str(path))
    assert expected in str(problem)
    assert "sesame" not in str(problem)


def test_the_environment_and_the_command_line_go_over_the_file(tmp_path: Path) -> None:
    path = tmp_path / "some.yaml"
    path.write_text("thresholds: {min_overall: 0.71, min_coherence: 0.41}\nllm: {model: small}\n")
    found = load_config(path, {"QUALITY_MIN_OVERALL": "0.72", "LLM_MODEL": "large"}, version="b")
    assert (found.thresholds.min_overall, found.thresholds.min_coherence) == (0.72, 0.41)
    assert (found.llm.model, found.version) == ("large", "b")
    assert found.origins["llm.model"] == "environment LLM_MODEL"


def test_an_empty_file_is_the_built_in_configuration(tmp_path: Path) -> None:
    path = tmp_path / "empty.yaml"
    path.write_text("# nothing yet\n")
    assert same(load_config(path), Config())
    assert msgspec.structs.asdict(load_config(path))["origins"] == {}


@pytest.mark.parametrize(
    ("name", "meant"),
    [("early_exit.yml", "early_exit.yaml"), ("early-exits.yaml", "early_exit.yaml"), ("Pipeline.yml", "pipeline.yaml")],
)
def test_a_file_of_the_folder_whose_name_is_a_slip_is_refused(tmp_path: Path, name: str, meant: str) -> None:
    (tmp_path / name).write_text("{}\n")
    with pytest.raises(ConfigError) as refused:
        load_config(tmp_path)
    assert [str(problem) for problem in refused.value.problems] == [
        f"{tmp_path / name}: (file): a name that nothing reads: expected {meant}"
    ]


@pytest.mark.parametrize("name", ["monitoring.yaml", "early_exit.yaml.bak", "early_exit_old.yaml", "notes.yml"])
def test_other_files_may_lie_in_the_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("{}\n")
    assert same(load_config(tmp_path), Config())


@pytest.mark.parametrize("null", ["null", "~"])
@pytest.mark.parametrize("section", sorted(set(FILE_OF) - {"shadow_rate", "shadow_seed"}))
def test_a_whole_section_that_is_null_is_refused_in_a_file_and_in_a_folder(
    tmp_path: Path, section: str, null: str
) -> None:
    (tmp_path / FILE_OF[section]).write_text(f"# one\n{section}: {null}\n")
    for place in (tmp_path, tmp_path / FILE_OF[section]):
        with pytest.raises(ConfigError) as refused:
            load_config(place)
        assert [str(problem) for problem in refused.value.problems] == [
            f"{tmp_path / FILE_OF[section]}:2: {section}: nothing: expected a mapping of keys to values, "
            "or no such section: then all in it is as built in"
        ]


def test_a_type_without_any_key_is_told_as_added_and_one_that_has_no_route_cannot_be_taken_away(tmp_path: Path) -> None:
    path = tmp_path / "content_routing.yaml"
    path.write_text("content_types: {podcast: {}}\n")
    assert [str(change) for change in changes(load_config(tmp_path))] == [f"content_types.podcast is added ({path}:1)"]
    path.write_text("content_types: {newz: null}\n")
    with pytest.raises(ConfigError, match=r"content_types\.newz: nothing: expected a type that has a route, `news`"):
        load_config(tmp_path)
