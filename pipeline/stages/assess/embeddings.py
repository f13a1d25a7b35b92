"""Sentence embeddings from static word vectors that come inside an installed wheel: no network, no model server.

The weights are wordllama's 256-dimensional token vectors (MIT licence). They are read directly with safetensors and
tokenizers rather than by `wordllama.load`, which asks a model hub first and configures the root logger on import.
"""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.errors import StageError

Matrix = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]

DIMENSIONS = 256
_WEIGHTS = Path("weights", "l2_supercat_256.safetensors")
_TOKENIZER = Path("tokenizers", "l2_supercat_tokenizer_config.json")
_LONGEST_TEXT = 400_000  # characters of one text that are looked at: 20 hours of speech


class WordRows(NamedTuple):
    """Words looked up one by one: mean vector (not normalised), tokens it was cut into, rank of a whole one.

    Byte-pair tokens are numbered in the order in which they were merged, so a whole word's number is about its rank
    by frequency; a word that had to be cut is rarer than all of these and has the size of the vocabulary.
    """

    vectors: Matrix
    pieces: Indices
    ranks: Indices


class Embedder:
    """Turns texts into unit vectors; cosine similarity is then a dot product. Safe to use from many threads."""

    def __init__(self) -> None:
        from tokenizers import Tokenizer

        folder = weights_folder()
        try:
            self._rows = _token_rows(str(folder / _WEIGHTS))
            self._tokenizer = Tokenizer.from_file(str(folder / _TOKENIZER))
        except Exception as error:  # both readers are extensions that raise bare Exception
            raise StageError("internal", f"The embedding weights in {folder} cannot be read: {error}") from error

    def embed(self, texts: Sequence[str]) -> Matrix:
        """Return one row of 256 per text: the mean of its tokens' vectors, at unit length.

        A text without any token (empty, only spaces) has no direction: its row is all zero. Same text, same row.
        """
        if not texts:
            return np.zeros((0, DIMENSIONS), np.float32)
        return unit_rows(np.stack([self._mean(self._tokens(text)) for text in texts]))

    def words(self, words: Sequence[str]) -> WordRows:
        """Look words up; they come in lower case, and a name is tried with its capital too (`London` is a token)."""
        tokens = [min(self._tokens(word), self._tokens(word.capitalize()), key=len) for word in words]
        vectors = np.stack([self._mean(ids) for ids in tokens]) if tokens else np.zeros((0, DIMENSIONS), np.float32)
        pieces = np.array([len(ids) for ids in tokens], np.int64)
        ranks = np.array([ids[0] if len(ids) == 1 else len(self._rows) for ids in tokens], np.int64)
        return WordRows(vectors, pieces, ranks)

    def _tokens(self, text: str) -> list[int]:
        # one by one, not encode_batch: its thread pool warns when the process forks later
        sound = text[:_LONGEST_TEXT].encode("utf-8", "replace").decode("utf-8")  # half a surrogate pair is refused
        ids: list[int] = self._tokenizer.encode(sound, add_special_tokens=False).ids
        return ids

    def _mean(self, ids: list[int]) -> Matrix:
        if not ids:
            return np.zeros(DIMENSIONS, np.float32)
        mean: Matrix = self._rows[ids].mean(axis=0, dtype=np.float32)
        return mean


def weights_folder() -> Path:
    """Return the folder of the wheel that carries the weights; StageError("internal") when it is not installed."""
    spec = importlib.util.find_spec(
        "wordllama"
    )  # find, not import: importing it takes a second and reconfigures logging
    if spec is None or spec.origin is None:
        raise StageError("internal", "The package wordllama, which carries the embedding weights, is not installed.")
    return Path(spec.origin).parent


def unit_rows(matrix: Matrix) -> Matrix:
    """Return the rows scaled to length 1; rows of zeros stay as they are."""
    lengths = np.linalg.norm(matrix, axis=1, keepdims=True)
    scaled: Matrix = (matrix / np.where(lengths > 0, lengths, 1.0)).astype(np.float32)
    return scaled


@functools.cache
def _token_rows(path: str) -> Matrix:
    from safetensors.numpy import load_file

    rows: Matrix = load_file(path)["embedding.weight"].astype(np.float32)
    rows.flags.writeable = False
    return rows
