"""Which environment variables are read, and what is said of those that are not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipemeter.variables import OLD, READ, idle_variables
from tests.pipemeter.conftest import REPOSITORY, Pipemeter

_READING = re.compile(r"""env(?:iron)?(?:\.get)?[(\[]\s*"([A-Z][A-Z0-9_]+)\"""")


def told(environ: dict[str, str], *, similar: bool = False) -> list[str]:
    return [str(idle) for idle in idle_variables(environ, similar=similar)]


def test_every_variable_that_the_code_reads_is_in_the_list() -> None:
    files = [
        path
        for name in ("pipeline", "exporter", "monitoring", "pipemeter")
        for path in (REPOSITORY / name).rglob("*.py")
    ]
    found = {name for path in files for name in _READING.findall(path.read_text())}
    assert {"LOG_LEVEL", "PROMETHEUS_URL", "CONFIG_VERSION", "MONITORING_HOME"} <= found
    assert found <= READ


@pytest.mark.parametrize("name", sorted(OLD))
def test_an_old_name_is_told_with_what_does(name: str) -> None:
    assert told({name: "sesame"}) == [f"{name} is set and does nothing here: {OLD[name]}"]
    assert not {name} & READ


@pytest.mark.parametrize("name", ["QDRANT_URL", "QDRANT_API_KEY", "DISCORD_WEBHOOK_URL", "LOG_LEVEL", "EXPORTER_SYNC"])
def test_a_name_that_is_read_is_not_told(name: str) -> None:
    assert told({name: "x"}, similar=True) == []


def test_a_name_with_our_beginning_that_nobody_reads_is_told_with_the_nearest_that_does() -> None:
    assert told({"ENABLE_EARLY_EXITS": "1"}) == [
        "ENABLE_EARLY_EXITS is set and does nothing here: ENABLE_EARLY_EXIT does"
    ]
    assert told({"PIPEMETER_DURABLE": "1"}) == [
        "PIPEMETER_DURABLE is set and does nothing here: PIPEMETER_DURABLE_PUSH does"
    ]
    (line,) = told({"PIPEMETER_COLOUR_SCHEME": "dark"})
    assert line.startswith("PIPEMETER_COLOUR_SCHEME is set and does nothing here: ")


def test_a_misspelt_name_without_our_beginning_is_told_where_similar_ones_are_asked_for() -> None:
    assert told({"DISCORD_WEBHOK_URL": "x"}) == []
    assert told({"DISCORD_WEBHOK_URL": "x"}, similar=True) == [
        "DISCORD_WEBHOK_URL is set and does nothing here: DISCORD_WEBHOOK_URL does"
    ]


@pytest.mark.parametrize(
    "name",
    ["PATH", "EXPORTER_SERVICE_HOST", "EXPORTER_SERVICE_PORT_HTTP", "EXPORTER_PORT_8000_TCP_ADDR", "EXPORTER_PORT"],
)
def test_what_the_shell_compose_and_kubernetes_set_is_not_for_us(name: str) -> None:
    assert told({name: "tcp://10.0.0.1:8000"}, similar=True) == []


def test_a_variable_that_is_set_to_nothing_is_not_told() -> None:
    assert told(dict.fromkeys(OLD, "")) == []


def test_a_variable_that_monitoring_yaml_names_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config").mkdir()
    text = "notifications:\n  channels:\n    slack: {type: slack, url_env: PIPEMETER_SLACK}\n  routes: [{channels: [slack]}]\n"
    (tmp_path / "config" / "monitoring.yaml").write_text(text)
    assert told({"PIPEMETER_SLACK": "x", "PIPEMETER_SLACK_FILE": "y"}) == []


def test_run_begins_with_the_variables_that_do_nothing_and_doctor_tells_them_too(pipemeter: Pipemeter) -> None:
    done = pipemeter("run", "none.txt", OPENAI_API_KEY="sesame", REDIS_URL="redis://sesame")
    first = done.err.splitlines()[0]
    assert first.startswith("pipemeter: environment: OPENAI_API_KEY is set and does nothing here: LLM_API_KEY does")
    assert "REDIS_URL" in first
    examined = pipemeter("doctor", "--json", OPENAI_API_KEY="sesame")
    (finding,) = [f for f in examined.lines()[0]["findings"] if f["check"] == "environment"]
    assert (finding["state"], finding["detail"]) == (
        "warning",
        f"OPENAI_API_KEY is set and does nothing here: {OLD['OPENAI_API_KEY']}",
    )
    assert "sesame" not in done.err + done.out + examined.out


def test_a_run_whose_files_change_something_says_what(pipemeter: Pipemeter, tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "early_exit.yaml").write_text("checkpoints:\n  post_download: {min_confidence: 0.9}\n")
    wanted = "checkpoints.post_download.min_confidence is 0.9, not 0.85 (config/early_exit.yaml:2)"
    for verb in ("run", "explain"):
        assert pipemeter(verb, "none.txt").err.splitlines()[0] == (
            f"pipemeter: configuration files change what is built in: {wanted}"
        )
    (change,) = pipemeter("doctor", "--json").lines()[0]["changes"]
    assert (change["key"], change["value"], change["built_in"], change["text"]) == (
        "checkpoints.post_download.min_confidence", 0.9, 0.85, wanted,
    )  # fmt: skip


def test_a_start_without_changes_says_nothing_of_them(pipemeter: Pipemeter) -> None:
    assert "change" not in pipemeter("run", "none.txt").err
