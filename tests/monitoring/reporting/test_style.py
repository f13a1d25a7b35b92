from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

from monitoring.reporting import charts, page
from monitoring.reporting.readings import State
from monitoring.reporting.style import STYLE


def test_every_colour_that_is_used_is_defined_for_light_dark_and_paper() -> None:
    used = set(re.findall(r"var\((--[\w-]+)\)", STYLE))
    light, dark, paper = (
        set(re.findall(r"(--[\w-]+):", part)) for part in re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
    )
    assert used <= light
    assert used <= dark
    assert paper <= light


def test_every_class_that_charts_and_page_give_is_styled() -> None:
    source = "".join(Path(module.__file__ or "").read_text() for module in (charts, page))
    given = set(re.findall(r'"class", "([\w -]+)"', source)) | set(re.findall(r'"class": "([\w -]+)"', source))
    names = {name for text in given for name in text.split()}
    assert len(names) > 8
    assert not {name for name in names if f".{name}" not in STYLE}


def test_a_state_that_is_judged_has_a_colour_in_tables_and_tiles() -> None:
    for state in get_args(State):
        if state != "not judged":
            assert f"state-{state.replace(' ', '-')}" in STYLE


def test_nothing_is_loaded_from_outside() -> None:
    assert "url(" not in STYLE
    assert "@import" not in STYLE
