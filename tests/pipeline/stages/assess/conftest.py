"""One assessor for all tests of the assess stage (its weights are read once), and texts of the tune corpus."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from pipeline.item import Assessment, Transcript
from pipeline.stages.assess import BUILT_IN_TYPES, Assessor
from pipeline.stages.assess.embeddings import Embedder
from pipeline.stages.assess.material import Material, material
from pipeline.stages.assess.reading import read
from pipeline.stages.assess.vocabulary import Vocabulary, vocabulary
from pipeline.stages.assess.weights import Weights, weights

_TUNE = Path(__file__).parents[4] / "bench" / "quality" / "corpus" / "tune"

Judge = Callable[[str], Assessment]
Subject = Callable[[str], Material]


@pytest.fixture(scope="session")
def assessor() -> Assessor:
    return Assessor()


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    return Embedder()


@pytest.fixture(scope="session")
def words() -> Vocabulary:
    return vocabulary()


@pytest.fixture(scope="session")
def fitted() -> Weights:
    return weights()


@pytest.fixture(scope="session")
def subject(words: Vocabulary, embedder: Embedder, fitted: Weights) -> Subject:
    """Turn a text into its content words."""
    return lambda text: material(read(text), words, embedder, fitted.background)


@pytest.fixture(scope="session")
def judge(assessor: Assessor) -> Judge:
    """Assess a text as a text file is assessed."""
    return lambda text: assessor.assess(Transcript(text, "text", 1.0))


@pytest.fixture(scope="session")
def good_texts() -> Mapping[str, list[str]]:
    """The first four texts of each type."""
    return {kind: [path.read_text() for path in sorted((_TUNE / kind).glob("*.txt"))[:4]] for kind in BUILT_IN_TYPES}


@pytest.fixture(scope="session")
def poor_texts() -> Mapping[str, str]:
    return {path.stem[3:]: path.read_text() for path in sorted((_TUNE / "poor").glob("*.txt"))}


@pytest.fixture(scope="session")
def article(good_texts: Mapping[str, list[str]]) -> str:
    """A news item of 300 words about a ferry."""
    return good_texts["news"][0]
