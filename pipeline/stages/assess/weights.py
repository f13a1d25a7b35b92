"""What tools/train_assess.py fitted, as one value: read once, never changed."""

from __future__ import annotations

import functools
from pathlib import Path

import msgspec
import numpy as np

from pipeline.stages.assess.content_type import TypeModel
from pipeline.stages.assess.embeddings import Matrix
from pipeline.stages.assess.emptiness import Emptiness
from pipeline.stages.assess.grade import Grade
from pipeline.stages.assess.language_flow import Table

GRADES_FILE = Path(__file__).with_name("grades.json")
ARRAYS_FILE = Path(__file__).with_name("weights.npz")


class Weights(msgspec.Struct, frozen=True):
    """Fitted numbers: transitions of word classes, the background direction of words, grades, content types."""

    transitions: Table
    background: Matrix  # (256,)
    ordinary: Matrix  # topics of ordinary texts, one unit row each: what custom types are compared with
    emptiness: Emptiness
    types: TypeModel
    coherence: Grade
    completeness: Grade
    informativeness: Grade
    foreign_coherence: Grade  # of text in a language whose grammar is not known here


@functools.cache
def weights() -> Weights:
    """Return the committed weights."""
    grades = msgspec.json.decode(GRADES_FILE.read_bytes(), type=dict[str, Grade])
    with np.load(ARRAYS_FILE) as arrays:
        model = TypeModel(
            centre=arrays["type_centre"],
            spread=arrays["type_spread"],
            topic_centre=arrays["type_topic_centre"],
            matrix=arrays["type_matrix"].astype(np.float64),
            temperature=float(arrays["type_temperature"]),
        )
        return Weights(
            transitions=arrays["transitions"].astype(np.float32),
            background=arrays["background"].astype(np.float32),
            ordinary=arrays["ordinary"].astype(np.float32),
            emptiness=Emptiness(
                centre=arrays["empty_centre"].astype(np.float32),
                direction=arrays["empty_direction"].astype(np.float32),
                bias=float(arrays["empty_bias"]),
            ),
            types=model,
            **grades,
        )
