"""The names of the fallacies looked for, and the cues of `fallacy_cues.yaml`, compiled when first asked for."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Literal, get_args

import yaml

FallacyName = Literal[
    "ad hominem",
    "straw man",
    "false dilemma",
    "slippery slope",
    "appeal to popularity",
    "appeal to authority",
    "appeal to emotion",
    "hasty generalisation",
    "circular reasoning",
    "whataboutism",
]
FALLACY_NAMES: tuple[FallacyName, ...] = get_args(FallacyName)

# a text that names fallacies explains them, and its examples are no arguments
TERMS = re.compile(
    r"\b(?:fallac(?:y|ies|ious)|ad hominem|straw ?m[ae]n|strawman|false (?:dilemma|dichotomy)|circular reasoning|"
    r"begging the question|whataboutism|(?:hasty|sweeping) generali[sz]ations?|argumentum|"
    r"appeal to (?:authority|emotion|popularity)|bandwagon (?:argument|effect))\b",
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(r"<(\w+)>")


@cache
def cues() -> tuple[tuple[FallacyName, float, re.Pattern[str]], ...]:
    """Return every (name, confidence 0..1, pattern) in the order of the names."""
    listed = yaml.safe_load(files(__package__).joinpath("fallacy_cues.yaml").read_text(encoding="utf-8"))
    vocabulary: dict[str, str] = listed["vocabulary"]
    return tuple(
        (name, confidence, re.compile(_filled(pattern, vocabulary), re.IGNORECASE))
        for name in FALLACY_NAMES
        for confidence, pattern in map(_parsed, listed["cues"][name].splitlines())
    )


def _parsed(line: str) -> tuple[float, str]:
    confidence, pattern = line.split(maxsplit=1)
    return float(confidence), pattern


def _filled(pattern: str, vocabulary: dict[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda match: _filled(vocabulary[match[1]], vocabulary), pattern)
