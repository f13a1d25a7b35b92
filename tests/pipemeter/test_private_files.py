from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from pipeline.errors import PipemeterError
from pipemeter.private_files import refuse_tracked, write_file


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(folder), "-c", "user.name=t", "-c", "user.email=t@example.com", *arguments],
                   check=True, capture_output=True)  # fmt: skip


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_file_is_readable_as_asked_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        assert write_file(tmp_path / "deep/secret", "sesame", 0o600)
    finally:
        os.umask(before)
    assert ((tmp_path / "deep/secret").read_text(), mode(tmp_path / "deep/secret")) == ("sesame", 0o600)


def test_what_is_as_it_should_be_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    assert write_file(path, "sesame", 0o600)
    written = path.stat().st_mtime_ns
    assert not write_file(path, "sesame", 0o600)
    assert path.stat().st_mtime_ns == written


@pytest.mark.parametrize("how", ["text", "mode", "link"])
def test_another_text_another_mode_and_a_link_are_replaced(tmp_path: Path, how: str) -> None:
    path, other = tmp_path / "secret", tmp_path / "other"
    other.write_text("sesame")
    if how == "link":
        path.symlink_to(other)
    else:
        write_file(path, "old" if how == "text" else "sesame", 0o644 if how == "mode" else 0o600)
    assert write_file(path, "sesame", 0o600)
    assert (path.read_text(), mode(path), path.is_symlink()) == ("sesame", 0o600, False)
    assert other.read_text() == "sesame"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["other", "secret"]


def test_a_place_that_cannot_be_written_is_named_without_the_text(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PipemeterError, match=r"file/secret cannot be written: ") as error:
        write_file(tmp_path / "file/secret", "sesame", 0o600)
    assert "sesame" not in str(error.value)


def test_outside_of_git_nothing_is_refused(tmp_path: Path) -> None:
    assert refuse_tracked(tmp_path / "not/there/yet") is None


def test_a_folder_that_git_keeps_files_of_is_refused_however_it_is_named(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept/alertmanager.yml").write_text("ours")
    (tmp_path / ".gitignore").write_text("ignored/\n")
    git(tmp_path, "add", ".")
    (tmp_path / "link").symlink_to("kept")
    for folder in ("kept", "link", ".", "kept/../kept"):
        with pytest.raises(PipemeterError, match="git tracks"):
            refuse_tracked(tmp_path / folder)
    assert refuse_tracked(tmp_path / "ignored/deep") is None
    assert "git does not ignore" in str(refuse_tracked(tmp_path / "loose"))


def test_where_git_does_not_answer_nothing_may_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".git").mkdir()
    with pytest.raises(PipemeterError, match="git does not say what it tracks"):
        refuse_tracked(tmp_path / "am")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(PipemeterError, match="git does not say what it tracks"):
        refuse_tracked(tmp_path / "am")


def test_the_work_tree_is_that_of_the_folder_and_not_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "kept").write_text("ours")
    git(tmp_path, "add", ".")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    with pytest.raises(PipemeterError, match="git tracks"):
        refuse_tracked(tmp_path)
