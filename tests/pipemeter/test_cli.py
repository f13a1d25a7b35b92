"""The command `pipemeter` itself: its verbs, and how it ends whatever happens."""

from __future__ import annotations

import errno
import re
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import click
import pytest

from pipeline.errors import ConfigError, PipemeterError, Problem
from pipemeter import cli, exits
from tests.pipemeter.conftest import REPOSITORY, Pipemeter, environment

VERBS = sorted(path.stem for path in (REPOSITORY / "pipemeter/verbs").glob("*.py") if path.stem != "__init__")


def test_help_names_every_command_in_one_line_each(pipemeter: Pipemeter) -> None:
    out = pipemeter("--help").out
    assert sorted(re.findall(r"^  ([a-z]+) {2,}\S", out, re.MULTILINE)) == VERBS


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_is_a_command_of_its_name_with_a_help_of_its_own(verb: str) -> None:
    command = import_module(f"pipemeter.verbs.{verb}").command
    assert isinstance(command, click.Command)
    assert command.name == verb
    assert command.help


def test_an_unknown_command_is_bad_usage(pipemeter: Pipemeter) -> None:
    assert pipemeter("rum").code == exits.USAGE


@pytest.mark.parametrize("way", [("-m", "pipemeter"), (str(Path(sys.executable).with_name("pipemeter")),)])
def test_module_and_command_are_the_same(process: Pipemeter, tmp_path: Path, way: tuple[str, ...]) -> None:
    command = [sys.executable, *way] if way[0] == "-m" else list(way)
    done = subprocess.run(
        [*command, "--version"], cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == process("--version").out


def test_who_only_asks_for_help_waits_for_no_verb(process: Pipemeter, tmp_path: Path) -> None:
    code = "import sys; sys.argv = ['pipemeter', '--help']\nfrom pipemeter.cli import main\ntry: main()\nexcept SystemExit: pass\n"
    loaded = "print([name for name in sys.modules if name.startswith('pipemeter.verbs.')], file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", code + loaded],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == "[]\n"


@pytest.fixture
def ends(pipemeter: Pipemeter, monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], tuple[int, str]]:
    """Let the command meet an error; return its exit code and what it says."""

    def end(error: BaseException) -> tuple[int, str]:
        def fail(**_: object) -> None:
            raise error

        monkeypatch.setattr(cli.cli, "main", fail)
        done = pipemeter("status")
        assert done.out == ""
        return done.code, done.err

    return end


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (click.UsageError("no such thing"), exits.USAGE, "Error: no such thing"),
        (
            ConfigError([Problem("a.yaml", 3, "x", "7", "less")]),
            exits.USAGE,
            "pipemeter: a.yaml:3: x: 7: expected less\n",
        ),
        (PipemeterError("it does not work"), exits.FAILED, "pipemeter: it does not work\n"),
        (KeyboardInterrupt(), exits.INTERRUPTED, "pipemeter: interrupted\n"),
        (click.Abort(), exits.INTERRUPTED, "pipemeter: interrupted\n"),
        (OSError(errno.ENOSPC, "No space left on device"), exits.FAILED, "pipemeter: No space left on device\n"),
        (
            FileNotFoundError(errno.ENOENT, "No such file or directory", "x/y"),
            exits.FAILED,
            "pipemeter: x/y: No such file or directory\n",
        ),
        (ModuleNotFoundError("No module named 'av'", name="av"), exits.FAILED, "`av`, which is not installed"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else None,
)
def test_what_goes_wrong_is_one_sentence_and_an_exit_code(
    ends: Callable[[BaseException], tuple[int, str]], error: BaseException, code: int, said: str
) -> None:
    found, text = ends(error)
    assert found == code
    assert said in text


def test_every_problem_of_a_configuration_is_told(ends: Callable[[BaseException], tuple[int, str]]) -> None:
    problems = [Problem("a", 1, "b", "c", "d"), Problem("e", 2, "f", "g", "h")]
    assert ends(ConfigError(problems)) == (
        exits.USAGE,
        "pipemeter: a:1: b: c: expected d\npipemeter: e:2: f: g: expected h\n",
    )


def test_a_bug_is_not_hidden(ends: Callable[[BaseException], tuple[int, str]]) -> None:
    with pytest.raises(ZeroDivisionError):
        ends(ZeroDivisionError("a bug"))
