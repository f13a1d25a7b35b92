from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from exporter.journal.checkup import Checkup, check
from exporter.journal.entries import Entry, key_hash
from exporter.journal.errors import JournalError
from exporter.journal.journal import Journal
from pipemeter.verbs.journal import command

TWO = Entry(5.0, "records", b'[{"processing_type":"full"},{"processing_type":"full"}]', 2)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    made = Journal(tmp_path / "j.sqlite")
    made.append([TWO, TWO], [key_hash("a")], 1_767_225_000.0)
    made.compact(b"", 1_767_225_600.0)
    made.append([TWO])
    return made


def asked(*arguments: object) -> tuple[int, str]:
    ran = CliRunner().invoke(command, [str(argument) for argument in arguments])
    return (1 if ran.exception and not isinstance(ran.exception, SystemExit) else ran.exit_code), ran.output


def test_a_journal_that_is_whole_is_told_with_what_it_holds(journal: Journal) -> None:
    command_line = [sys.executable, "-m", "pipemeter", "journal", "check", "--json", "--journal", str(journal.path)]
    ran = subprocess.run(command_line, capture_output=True, check=True)  # a lock is nothing to its own process
    beside = msgspec.json.decode(ran.stdout, type=Checkup)
    assert (beside.state, beside.in_use, beside.entries, beside.keys, beside.records) == ("whole", True, 1, 1, 6)
    journal.close()
    after = check(journal.path)
    assert (after.state, after.in_use, after.entries, after.keys, after.records) == ("whole", False, 1, 1, 6)
    assert after.snapshot_timestamp_seconds == 1_767_225_600.0
    code, said = asked("check", "--journal", journal.path)
    assert code == 0
    assert said.splitlines() == [
        f"journal {journal.path} is whole",
        "snapshot of 2026-01-01 00:00:00+00:00",
        "1 entries since, 1 keys, 6 records accepted in all",
    ]
    assert asked("repair", "--journal", journal.path)[1].strip().endswith("is whole; there is nothing to mend")


def test_checking_changes_nothing(journal: Journal) -> None:
    journal.close()
    before = {path: path.read_bytes() for path in journal.path.parent.glob("j.sqlite*")}
    check(journal.path)
    after = {path: path.read_bytes() for path in journal.path.parent.glob("j.sqlite*")}
    assert {path: content for path, content in after.items() if content} == {p: c for p, c in before.items() if c}


def test_a_journal_that_is_not_there_is_none(tmp_path: Path) -> None:
    assert check(tmp_path / "j.sqlite").state == "none"
    assert check(tmp_path / "no folder" / "j.sqlite").state == "none"
    assert asked("check", "--journal", tmp_path / "j.sqlite") == (0, f"there is no journal {tmp_path}/j.sqlite\n")
    assert asked("repair", "--journal", tmp_path / "j.sqlite")[0] == 1
    assert not list(tmp_path.glob("*.sqlite"))


def test_damage_is_told_and_mended_by_hand(journal: Journal) -> None:
    journal.append([TWO])
    journal.close()
    content = journal.path.read_bytes()
    journal.path.write_bytes(content.replace(b'"full"', b'"furl"'))
    code, said = asked("check", "--journal", journal.path, "--json")
    found = json.loads(said)
    assert (code, found["state"], found["lost_records"], found["at_least"]) == (1, "damaged", 4, False)
    assert "entry 3 is not what was written" in found["reason"]
    assert "4 records are lost; `pipemeter journal repair`" in asked("check", "--journal", journal.path)[1]
    code, said = asked("repair", "--journal", journal.path, "--json")
    mended = json.loads(said)["mended"]
    assert (code, mended["lost"], mended["snapshot"], mended["keys"]) == (0, 4, True, 1)
    assert Path(mended["kept_as"]).read_bytes() != content
    assert check(journal.path).state == "whole"


def test_a_journal_in_use_is_not_repaired(journal: Journal) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "pipemeter", "journal", "repair", "--journal", str(journal.path)],
        capture_output=True,
        check=False,
    )
    assert ran.returncode == 1
    assert b"belongs to another running exporter" in ran.stderr
    journal.close()


def test_a_journal_of_a_newer_version_is_said_so(tmp_path: Path) -> None:
    newer = sqlite3.connect(tmp_path / "j.sqlite")
    newer.execute("PRAGMA user_version = 3")
    newer.close()
    with pytest.raises(JournalError, match=r"written by a newer version \(format 3, this one knows 2\)"):
        check(tmp_path / "j.sqlite")


def test_a_journal_that_was_cut_off_is_damaged_though_what_is_left_makes_sense(journal: Journal) -> None:
    journal.close()
    journal.path.write_bytes(b"")
    found = check(journal.path)
    assert (found.state, found.lost_records) == ("damaged", 6)
    assert (found.reason or "").endswith("ends before the last 6 of 6 records")


def test_without_a_journal_there_is_nothing_to_check(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXPORTER_JOURNAL", "off")
    assert asked("check")[0] == 1
