from __future__ import annotations

from pathlib import Path

import pytest

from pipeline import yaml_file
from pipeline.errors import ConfigError, Problem


def _problem(tmp_path: Path, text: str | bytes) -> Problem:
    path = tmp_path / "file.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(ConfigError) as caught:
        yaml_file.load(path)
    return caught.value.problems[0]


def test_a_duplicate_key_is_named_with_both_lines(tmp_path: Path) -> None:
    problem = _problem(tmp_path, "a:\n  b: 1\n  c: 2\n  b: 3\n")
    assert (problem.line, problem.key) == (4, "a.b")
    assert "line 2" in problem.expected


def test_a_syntax_error_is_named_with_its_line(tmp_path: Path) -> None:
    assert _problem(tmp_path, "a: 1\nb: [1,\n").line == 3


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    assert "UTF-8" in _problem(tmp_path, b"a: \xff\n").expected


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.yaml"):
        yaml_file.load(tmp_path / "nowhere.yaml")


def test_values_know_their_place(tmp_path: Path) -> None:
    path = tmp_path / "file.yaml"
    path.write_text("top:\n  list:\n    - one\n    - 2\n")
    node = yaml_file.load(path).value["top"].value["list"].value[1]
    assert (node.plain(), node.line, node.key) == (2, 4, "top.list[1]")


def test_an_empty_file_is_an_empty_mapping(tmp_path: Path) -> None:
    path = tmp_path / "file.yaml"
    path.write_text("# nothing\n")
    assert yaml_file.load(path).plain() == {}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("https://hooks.slack.com/services/T0/B0/sesame", "'https://hooks.slack.com/...'"),
        ("https://someone:sesame@example.com", "'https://...'"),
        ("http://someone:ses/ame@example.com/x", "'http://...'"),
        ("https://example.com?key=sesame", "'https://example.com/...'"),
        ("see http://localhost:9090 and http://localhost/", "'see http://localhost:9090 and http://localhost/'"),
        ({"slack": {"url": "https://example.com/sesame", "token": "sesame"}}, None),
        ([{"api_key": "sesame", "routing_key": "sesame", "password": 1234}], None),
        (0.5, "0.5"),
        (None, "nothing"),
        ("a" * 90, "'" + "a" * 76 + "..."),
    ],
    ids=str,
)
def test_a_value_is_shown_without_what_may_be_secret(value: object, text: str | None) -> None:
    shown = yaml_file.shown(value)
    assert text is None or shown == text
    assert "sesame" not in shown
    assert "1234" not in shown


def test_nothing_is_shown_of_a_key_called_like_a_secret(tmp_path: Path) -> None:
    path = tmp_path / "file.yaml"
    path.write_text("hook: {token: 7531, token_env: EXPORTER_TOKEN}\n")
    hook = yaml_file.load(path).value["hook"].value
    assert "(not shown)" in str(hook["token"].problem("nothing"))
    assert "EXPORTER_TOKEN" in str(hook["token_env"].problem("nothing"))


def test_the_nearest_name_comes_first() -> None:
    assert yaml_file.nearest("min_overal", ["min_overall", "min_coherence"]).startswith("`min_overall`")
