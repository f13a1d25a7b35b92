from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipeline.errors import PipemeterError
from pipeline.files import replacing, write_text


def test_a_file_appears_whole_with_its_folders_and_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "file.txt"
    with replacing(path, mode=0o640) as file:
        file.write(b"half")
        assert not path.exists()
        file.write(b" and half")
    assert path.read_bytes() == b"half and half"
    assert path.stat().st_mode & 0o777 == 0o640
    assert list(path.parent.iterdir()) == [path]


def test_a_block_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    write_text(path, "old")
    with pytest.raises(ZeroDivisionError), replacing(path) as file:
        file.write(b"%d" % (1 // 0))
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_without_a_mode_the_umask_decides(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_text(tmp_path / "file.txt", "text", synced=False)
    finally:
        os.umask(before)
    assert (tmp_path / "file.txt").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("name", ["in-the-way/file.txt", "folder"])
def test_what_cannot_be_written_is_said_in_a_sentence(tmp_path: Path, name: str) -> None:
    (tmp_path / "in-the-way").write_text("a file")
    (tmp_path / "folder" / "full").mkdir(parents=True)
    with pytest.raises(PipemeterError, match=f"{name} cannot be written: "):
        write_text(tmp_path / name, "text")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "in-the-way"]
