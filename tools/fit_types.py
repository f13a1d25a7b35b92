"""Fit the content type model: multinomial logistic regression on cues and topic, pulled towards hand-set weights.

Every text teaches eight times: as written, on one line, without labels, as bare recogniser output, and its halves.
Strength of the pull and the softmax temperature were chosen by leaving out four texts at a time; the temperature is at
least 1, because texts from elsewhere differ more than texts of one corpus do.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from bench.quality import damage
from pipeline.stages.assess.content_type import BUILT_IN_TYPES, TypeModel, cue_names
from pipeline.stages.assess.vocabulary import Vocabulary

Row = npt.NDArray[np.float64]
Describe = Callable[[str], tuple[Row, Row]]

EXPECTED = {  # which cue speaks for which type, before any text has been seen
    "discussion": ("backchannel", "asking", "panel", "turns"),
    "news": ("attribution", "newsroom", "dateline", "perfect"),
    "education": ("instruction", "explaining", "classroom"),
    "entertainment": ("storytelling", "playful", "exclamations"),
}
_CUE_PULL, _TOPIC_PULL, _EXPECTED_WEIGHT = 0.03, 0.3, 0.4
_FOLDS = 16
_STEPS = 400
_WEIGHTS = (1.0, 1.0, 1.0, 1.0, 0.4, 0.4, 0.4, 0.4)  # of the eight versions


class Rows:
    """The corpus as numbers: texts x versions x cues, texts x versions x 256, type of each text."""

    def __init__(self, cues: Row, topics: Row, kinds: npt.NDArray[np.int64]) -> None:
        self.cues, self.topics, self.kinds = cues, topics, kinds

    def chosen(self, mask: npt.NDArray[np.bool_]) -> Rows:
        """Return the rows of some texts."""
        return Rows(self.cues[mask], self.topics[mask], self.kinds[mask])


def versions(text: str) -> list[str]:
    """Return the eight ways in which a text teaches."""
    plain = damage.bare(text)
    halves = [" ".join(part) for whole in (text, plain) for part in _halves(whole.split())]
    return [text, damage.one_line(text), damage.without_labels(text), plain, *halves]


def rows(texts: Sequence[tuple[str, str]], describe: Describe) -> Rows:
    """Describe every version of every (type, text)."""
    described = [[describe(version) for version in versions(text)] for _, text in texts]
    return Rows(
        np.array([[cues for cues, _ in group] for group in described]),
        np.array([[topic for _, topic in group] for group in described]),
        np.array([BUILT_IN_TYPES.index(kind) for kind, _ in texts]),
    )


def fit(data: Rows, vocabulary: Vocabulary) -> tuple[TypeModel, str]:
    """Return the model, its temperature fitted on texts left out, and a report about those."""
    names = cue_names(vocabulary)
    logits = np.zeros((len(data.kinds), len(_WEIGHTS), len(BUILT_IN_TYPES)))
    for fold in range(_FOLDS):
        out = np.arange(len(data.kinds)) % _FOLDS == fold
        model = _fit(data.chosen(~out), names)
        for text in np.flatnonzero(out):
            logits[text] = _inputs(model, data.cues[text], data.topics[text]) @ model.matrix
    temperatures = np.arange(1.0, 3.01, 0.1)
    losses = [_loss(logits[:, :4] / value, data.kinds) for value in temperatures]
    best = float(temperatures[int(np.argmin(losses))])
    right = (logits.argmax(axis=2) == data.kinds[:, None]).mean(axis=0).round(3)
    report = f"left out: right per version {right.tolist()}, temperature {best:.1f}, loss {min(losses):.3f}"
    whole = _fit(data, names)
    return TypeModel(whole.centre, whole.spread, whole.topic_centre, whole.matrix, best), report


def _fit(data: Rows, names: Sequence[str]) -> TypeModel:
    cues, topics = data.cues.reshape(-1, data.cues.shape[-1]), data.topics.reshape(-1, data.topics.shape[-1])
    expected = _expected(names, topics.shape[1])
    start = TypeModel(np.nanmean(cues, axis=0), np.nanstd(cues, axis=0) + 1e-3, topics.mean(axis=0), expected, 1.0)
    inputs = _inputs(start, cues, topics)
    targets = np.eye(len(BUILT_IN_TYPES))[np.repeat(data.kinds, len(_WEIGHTS))]
    matrix = _descend(inputs, targets, np.tile(_WEIGHTS, len(data.kinds)), expected, len(names))
    return TypeModel(start.centre, start.spread, start.topic_centre, matrix, 1.0)


def _descend(inputs: Row, targets: Row, weights: Row, expected: Row, cue_count: int) -> Row:
    """Nesterov's accelerated gradient descent from the expected weights."""
    pull = np.full((inputs.shape[1], 1), _TOPIC_PULL)
    pull[:cue_count], pull[-1] = _CUE_PULL, 1e-3
    shares = (weights / weights.sum())[:, None]
    step = 1.0 / (np.linalg.norm(inputs * np.sqrt(shares), 2) ** 2 / 2 + _TOPIC_PULL)
    current = ahead = expected
    momentum = 1.0
    for _ in range(_STEPS):
        slope = inputs.T @ ((_softmax(inputs @ ahead) - targets) * shares) + pull * (ahead - expected)
        following = ahead - step * slope
        next_momentum = (1 + math.sqrt(1 + 4 * momentum**2)) / 2
        ahead = following + (momentum - 1) / next_momentum * (following - current)
        current, momentum = following, next_momentum
    return current


def _expected(names: Sequence[str], topic_size: int) -> Row:
    matrix = np.zeros((len(names) + topic_size + 1, len(BUILT_IN_TYPES)))
    for place, kind in enumerate(BUILT_IN_TYPES):
        for cue in EXPECTED[kind]:
            matrix[names.index(cue)] = -_EXPECTED_WEIGHT / (len(BUILT_IN_TYPES) - 1)
            matrix[names.index(cue), place] = _EXPECTED_WEIGHT
    return matrix


def _inputs(model: TypeModel, cues: Row, topics: Row) -> Row:
    return np.stack([model.inputs(*pair) for pair in zip(cues, topics, strict=True)])


def _halves(words: list[str]) -> tuple[list[str], list[str]]:
    return words[: len(words) // 2], words[len(words) // 2 :]


def _loss(logits: Row, kinds: npt.NDArray[np.int64]) -> float:
    right = np.take_along_axis(_softmax(logits), kinds[:, None, None], axis=-1)
    return float(-np.log(right).mean())


def _softmax(logits: Row) -> Row:
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    shares: Row = shifted / shifted.sum(axis=-1, keepdims=True)
    return shares
