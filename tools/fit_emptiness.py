"""Fit the direction of empty talk: logistic regression between hand-written examples and windows of good texts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pipeline.stages.assess.embeddings import Embedder
from pipeline.stages.assess.emptiness import Emptiness, windows
from pipeline.stages.assess.reading import read

EXAMPLES = Path(__file__).with_name("empty_talk.txt")
_PULL = 0.03
_SCALE = 8.0  # brings the parts of centred unit vectors to about 0.5, so that the pull is the same for all
_STEPS = 300


def examples() -> list[str]:
    """Return the hand-written examples."""
    paragraphs = EXAMPLES.read_text(encoding="utf-8").split("\n\n")
    return [" ".join(paragraph.split()) for paragraph in paragraphs if not paragraph.startswith("#")]


def fit(good: Sequence[str], empty: Sequence[str], embedder: Embedder) -> Emptiness:
    """Return the direction from the good texts to the empty ones; both sides weigh the same."""
    sides = [
        embedder.embed([window for text in texts for window in windows(read(text).words)]).astype(np.float64)
        for texts in (good, empty)
    ]
    rows = np.vstack(sides)
    centre = rows.mean(axis=0)
    design = np.hstack([(rows - centre) * _SCALE, np.ones((len(rows), 1))])
    targets = np.repeat([0.0, 1.0], [len(side) for side in sides])
    shares = np.repeat([0.5 / len(side) for side in sides], [len(side) for side in sides])
    pull = np.array([_PULL] * rows.shape[1] + [0.0])
    step = 1.0 / (np.linalg.norm(design * np.sqrt(shares)[:, None], 2) ** 2 / 4 + _PULL)
    values = np.zeros(design.shape[1])
    for _ in range(_STEPS):
        chances = 1.0 / (1.0 + np.exp(-(design @ values)))
        values -= step * (design.T @ ((chances - targets) * shares) + pull * values)
    direction = (values[:-1] * _SCALE).astype(np.float32)
    return Emptiness(centre.astype(np.float32), direction, float(values[-1]))
