"""The language of a text, by py3langid: a naive Bayes model over byte sequences, inside its wheel."""

from __future__ import annotations

import functools
from typing import Any

SAMPLE_CHARACTERS = 4000  # enough to be certain; more only costs time


def language_of(text: str) -> tuple[str | None, float]:
    """Return the language (ISO 639-1) and its probability among the known ones (0..1); (None, 0.0) without letters.

    May be called from several threads: the model is only read.
    """
    sample = text[:SAMPLE_CHARACTERS].strip()
    if not any(character.isalpha() for character in sample):
        return None, 0.0
    code, probability = _identifier().classify(sample)
    return (code, min(1.0, float(probability))) if len(code) == 2 else (None, 0.0)


@functools.cache
def _identifier() -> Any:
    """Load the weights once. An object of our own: the package's module-level one has scores without a scale."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
