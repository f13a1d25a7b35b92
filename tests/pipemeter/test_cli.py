"""The command `pipemeter` itself, as a process."""

from __future__ import annotations

import re

from tests.pipemeter.conftest import Pipemeter


def test_help_names_every_command(pipemeter: Pipemeter) -> None:
    done = pipemeter("--help")
    assert all(
        re.search(rf"^  {verb} +\S", done.out, re.MULTILINE)
        for verb in ("run", "explain", "serve", "simulate", "doctor")
    )


def test_an_unknown_command_is_bad_usage(pipemeter: Pipemeter) -> None:
    assert pipemeter("rum").code == 2
