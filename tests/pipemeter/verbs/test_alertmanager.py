"""`alertmanager render`: what is written, with which secrets, and where not."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from tests.pipemeter.conftest import Pipemeter

SLACK = "https://hooks.slack.com/services/T/B/verysecret"


DISCORD = "https://discord.com/api/webhooks/1/verysecret"


def rendered(folder: Path) -> dict[str, dict[str, object]]:
    """The receivers that were written, by name."""
    config = yaml.safe_load((folder / "alertmanager.yml").read_text())
    return {receiver["name"]: receiver for receiver in config["receivers"]}


def test_without_any_secret_the_log_channel_is_written_and_the_rest_is_noted(
    pipemeter: Pipemeter, tmp_path: Path
) -> None:
    done = pipemeter("alertmanager", "render", "--out", "am")
    assert done.code == 0, done.err
    assert done.out == "wrote am/alertmanager.yml (channels: log)\n"
    assert "channel slack is left out: SLACK_WEBHOOK_URL is not set" in done.err
    assert list(rendered(tmp_path / "am")) == ["heartbeat", "log"]
    assert (tmp_path / "am" / "alertmanager.yml").stat().st_mode & 0o777 == 0o600
    assert sorted(p.name for p in (tmp_path / "am" / "templates").iterdir()) == [
        "discord.tmpl",
        "message.tmpl",
        "slack.tmpl",
    ]


def test_secrets_are_filled_in_and_never_printed(pipemeter: Pipemeter, tmp_path: Path) -> None:
    (tmp_path / "discord").write_text(DISCORD + "\n")
    done = pipemeter("alertmanager", "render", "--out", "am", "--alertmanager", "v0.34.0", SLACK_WEBHOOK_URL=SLACK,
                     DISCORD_WEBHOOK_URL_FILE=str(tmp_path / "discord"), EXPORTER_TOKEN="tokensecret",
                     DASHBOARD_API_URL="http://exporter:8000", HEARTBEAT_URL="https://beat.example.com/verysecret")  # fmt: skip
    assert done.code == 0, done.err
    assert done.out.endswith("(channels: slack, discord, log)\n")
    assert "secret" not in done.out + done.err
    text = (tmp_path / "am" / "alertmanager.yml").read_text()
    assert all(
        one in text for one in (SLACK, DISCORD, "tokensecret", "http://exporter:8000/api/alerts", "beat.example.com")
    )
    assert not list((tmp_path / "am").glob(".alert*"))


def test_rendering_again_changes_nothing_and_takes_away_what_is_no_longer_made(
    pipemeter: Pipemeter, tmp_path: Path
) -> None:
    pipemeter("alertmanager", "render", "--out", "am")
    first = (tmp_path / "am" / "alertmanager.yml").stat().st_mtime_ns
    left = tmp_path / "am" / "templates" / "old.tmpl"
    left.write_text((tmp_path / "am" / "templates" / "slack.tmpl").read_text())
    own = tmp_path / "am" / "templates" / "own.tmpl"
    own.write_text('{{ define "own" }}{{ end }}')
    assert pipemeter("alertmanager", "render", "--out", "am").out.startswith("wrote")
    assert pipemeter("alertmanager", "render", "--out", "am").out.startswith("unchanged:")
    assert (tmp_path / "am" / "alertmanager.yml").stat().st_mtime_ns == first
    assert (left.exists(), own.exists()) == (False, True)


def test_a_malformed_address_is_named_by_its_variable_and_nothing_is_written(
    pipemeter: Pipemeter, tmp_path: Path
) -> None:
    done = pipemeter("alertmanager", "render", "--out", "am", SLACK_WEBHOOK_URL="hooks.slack.com/verysecret")
    assert done.code == 2
    assert "SLACK_WEBHOOK_URL" in done.err
    assert "secret" not in done.err
    assert not (tmp_path / "am").exists()


@pytest.mark.parametrize("version", ["latest", "0.24"])
def test_a_version_that_is_none_or_too_old_is_bad_usage(pipemeter: Pipemeter, version: str) -> None:
    done = pipemeter("alertmanager", "render", "--out", "am", "--alertmanager", version)
    assert done.code == 2
    assert "0.25" in done.err


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(folder), "-c", "user.name=t", "-c", "user.email=t@example.com", *arguments],
                   check=True, capture_output=True)  # fmt: skip


def test_a_folder_that_git_keeps_files_of_is_refused(pipemeter: Pipemeter, tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "alertmanager.yml").write_text("ours")
    git(tmp_path, "add", ".")
    (tmp_path / "link").symlink_to("kept")
    done = pipemeter("alertmanager", "render", "--out", "link", SLACK_WEBHOOK_URL=SLACK)
    assert done.code == 1
    assert "git tracks" in done.err
    assert (tmp_path / "kept" / "alertmanager.yml").read_text() == "ours"


def test_in_a_work_tree_without_git_to_ask_nothing_is_written(pipemeter: Pipemeter, tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    done = pipemeter("alertmanager", "render", "--out", "am", PATH="")
    assert done.code == 1
    assert "git does not say what it tracks" in done.err
    assert not (tmp_path / "am").exists()


def test_a_folder_that_cannot_be_written_is_one_sentence(pipemeter: Pipemeter, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = pipemeter("alertmanager", "render", "--out", "file/am")
    assert done.code == 1
    assert "cannot be written" in done.err
