"""A small real embedding: words hashed into 256 dimensions. Sentences with the same words are near each other."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray


def hashed(sentences: Sequence[str]) -> NDArray[np.float32]:
    vectors = np.zeros((len(sentences), 256), dtype=np.float32)
    for row, sentence in enumerate(sentences):
        for word in re.findall(r"\w{4,}", sentence.lower()):
            vectors[row, zlib.crc32(word.encode()) % 256] += 1
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths == 0, 1, lengths), dtype=np.float32)


@pytest.fixture
def embed() -> Callable[[Sequence[str]], NDArray[np.float32]]:
    return hashed
