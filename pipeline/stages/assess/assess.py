"""The assessment stage: quality in four numbers, content type with a confidence, and the facts behind them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np

from pipeline.errors import StageError
from pipeline.item import Assessment, Fact, Scores, Transcript
from pipeline.stages.assess.coherence import coherence_signs
from pipeline.stages.assess.completeness import completeness_signs
from pipeline.stages.assess.content_type import BUILT_IN_TYPES, cues, topic
from pipeline.stages.assess.custom_types import known_types, topic_windows
from pipeline.stages.assess.embeddings import DIMENSIONS, Embedder, Matrix
from pipeline.stages.assess.informativeness import informativeness_signs
from pipeline.stages.assess.language import Language, find_language
from pipeline.stages.assess.material import Material, material
from pipeline.stages.assess.reading import read
from pipeline.stages.assess.text_statistics import head_share, lexical_diversity
from pipeline.stages.assess.vocabulary import vocabulary
from pipeline.stages.assess.weights import Weights, weights
from pipeline.words import count_words

_COHERENCE, _COMPLETENESS, _INFORMATIVENESS = 0.35, 0.25, 0.40  # shares of the dimensions in the mean
_WORST = 0.4  # how far the overall score is pulled from the mean to the worst dimension
_WORDS_TO_JUDGE = 40.0  # words after which the doubt that comes with brevity has fallen to 1/e
_UNIVERSAL = ("repetition", "diversity")  # signs of informativeness that need no lexicon
_NO_TYPES: Mapping[str, Sequence[str]] = MappingProxyType({})

Signs = dict[str, float]


class Assessor:
    """Scores transcripts. Deterministic, reads only committed weights, safe to use from many threads."""

    def __init__(self, custom_types: Mapping[str, Sequence[str]] = _NO_TYPES) -> None:
        self._embedder = Embedder()
        self._vocabulary = vocabulary()
        self._weights: Weights = weights()
        self._custom = known_types(
            custom_types, self._weights.ordinary, self._weights.background, self._vocabulary, self._embedder
        )

    def embed(self, texts: Sequence[str]) -> Matrix:
        """Return unit vectors, one row of 256 per text (see `Embedder.embed`)."""
        return self._embedder.embed(texts)

    def assess(self, transcript: Transcript, *, title: str | None = None) -> Assessment:
        """Score a transcript. A title helps to recognise custom types; it never vouches for the quality of the text.

        Raises StageError("empty") when there is no word in it.
        """
        text = read(transcript.text)
        if not text.words:
            raise StageError("empty", "There is no text to assess: the transcript holds no words.")
        language = find_language(transcript, text.words, self._vocabulary)
        subject = material(text, self._vocabulary, self._embedder, self._weights.background)
        signs = self._signs(subject, language)
        kind, confidence = self._content_type(subject, language, title)
        enough = 1.0 - math.exp(-text.word_count / _WORDS_TO_JUDGE)
        return Assessment(
            scores=self._scores(signs, language),
            content_type=kind,
            content_type_confidence=round(confidence * enough * language.factor, 4),
            reliability=round(transcript.confidence * enough * language.factor, 4),
            facts=_facts(transcript, subject, signs, language, enough),
            embedding=tuple(map(float, self.embed([transcript.text])[0])),
        )

    def _signs(self, subject: Material, language: Language) -> Signs:
        """Return every sign by name; which of them count for which score is the grades' business."""
        return {
            **coherence_signs(subject, self._vocabulary, self._weights.transitions),
            **completeness_signs(subject.text, self._vocabulary),
            **informativeness_signs(subject, self._vocabulary, self._embedder, self._weights.emptiness),
            "head share": head_share(subject.text.words),
            "identified": language.identified,
        }

    def _scores(self, signs: Signs, language: Language) -> Scores:
        fitted = self._weights
        if language.english:
            coherence = fitted.coherence.score(signs)
            informativeness = fitted.informativeness.score(signs)
        else:
            coherence = fitted.foreign_coherence.score(signs)
            informativeness = fitted.informativeness.score({name: signs[name] for name in _UNIVERSAL})
        completeness = fitted.completeness.score(signs)
        return Scores(
            overall=round(overall(coherence, completeness, informativeness), 4),
            coherence=round(coherence, 4),
            completeness=round(completeness, 4),
            informativeness=round(informativeness, 4),
        )

    def _windows(self, subject: Material, title: str | None) -> Matrix:
        """Return the topics of the text's windows, the title's as one more."""
        own = topic_windows(subject)
        if not title:
            return own
        heading = material(read(title), self._vocabulary, self._embedder, self._weights.background)
        return np.vstack([own, topic_windows(heading)])

    def _content_type(self, subject: Material, language: Language, title: str | None) -> tuple[str, float]:
        windows = self._windows(subject, title) if self._custom else np.zeros((0, DIMENSIONS), np.float32)
        rivals = [(custom.confidence(windows), custom.name) for custom in self._custom]
        best, name = max(rivals, default=(0.0, ""))
        if best > 0.5:
            return name, best
        about = topic(subject)
        told = cues(subject.text, self._vocabulary, english=language.english)
        shares = self._weights.types.shares(told, about if language.english else np.zeros_like(about))
        place = int(shares.argmax())
        return BUILT_IN_TYPES[place], float(shares[place])


def overall(coherence: float, completeness: float, informativeness: float) -> float:
    """Return 0.6 of the weighted mean (0.35, 0.25, 0.40) plus 0.4 of the worst, so that nothing makes up for it."""
    mean = _COHERENCE * coherence + _COMPLETENESS * completeness + _INFORMATIVENESS * informativeness
    return (1 - _WORST) * mean + _WORST * min(coherence, completeness, informativeness)


def _facts(
    transcript: Transcript, subject: Material, signs: Signs, language: Language, enough: float
) -> dict[str, Fact]:
    text = subject.text
    sure = transcript.confidence
    judged = round(sure * enough, 4)
    boundaries = round(sure * (0.9 if text.punctuated else 0.3), 4)
    return {
        "transcript_words": Fact(count_words(transcript.text), sure),
        "lexical_diversity": Fact(round(lexical_diversity(text.words), 4), judged),
        "repetition_ratio": Fact(round(signs["repetition"], 4), judged),
        "filler_ratio": Fact(round(signs["filler"], 4), round(judged * language.factor, 4)),
        "truncation": Fact(round(signs["truncation"], 4), boundaries),
        "sentences": Fact(len(text.sentences), boundaries),
        "words_per_sentence": Fact(round(text.word_count / len(text.sentences), 2), boundaries),
    }
