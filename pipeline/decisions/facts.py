"""The named facts that exit conditions may use: type, unit, range, from which checkpoint on they are known.

`scale` is the distance from a threshold at which a comparison counts as perfectly clear, in the fact's own unit: about
twice the error one has to expect of it. Of claims, perspectives and fallacies it is half a one, so that any comparison
is clear: what their numbers are worth is measured, and their reliability says so. Facts without a scale (texts,
booleans) are clear by nature.
"""

from __future__ import annotations

from typing import Literal

import msgspec

FactType = Literal["int", "double", "string", "bool"]


class FactDeclaration(msgspec.Struct, frozen=True):
    """One fact: what it means and where it comes from."""

    name: str
    type: FactType
    known_from: str  # the first checkpoint at which it is known
    help: str
    scale: float | None = None
    highest: float | None = None  # of a number; the lowest is 0
    surest: float = 1.0  # how reliable it can be at most, 0..1


# What the stages of ours say of their own facts at best (docs/quality.md, docs/analysis.md); of all others 1.
_SUREST = {"silence_ratio": 0.98, "truncation": 0.9, "sentences": 0.9, "words_per_sentence": 0.9, "claims": 0.92,
           "perspectives": 0.96, "fallacies": 0.94}  # fmt: skip
COUNTED = (
    "claims",
    "perspectives",
    "fallacies",
)  # by a language model, where there is one, as surely as it says itself


def _at(checkpoint: str, *rows: tuple[str, FactType, float | None, str]) -> list[FactDeclaration]:
    return [
        FactDeclaration(name, kind, checkpoint, text, scale, 1.0 if "0-1" in text else None, _SUREST.get(name, 1.0))
        for name, kind, scale, text in rows
    ]


FACTS: dict[str, FactDeclaration] = {
    fact.name: fact
    for fact in (
        *_at(
            "post_download",
            ("media_kind", "string", None, "video, audio, captions, article or text"),
            (
                "duration_seconds",
                "double",
                2.0,
                "length of media, or of captions up to their last cue; unknown for texts",
            ),
            ("size_bytes", "int", 1024.0, "size of what was downloaded"),
            ("has_captions", "bool", None, "captions came with the media"),
            ("silence_ratio", "double", 0.05, "share of sampled audio windows without sound, 0-1; media only"),
            (
                "sound_tracks",
                "int",
                1.0,
                "sound tracks; the default one is heard, else the first not silent",
            ),
            ("other_sound_tracks", "string", None, "those not heard: number, language, title, silent; else empty"),
            ("title_words", "int", 1.0, "words in the title"),
        ),
        *_at(
            "post_transcription",
            ("transcript_words", "int", 10.0, "words in the transcript"),
            ("transcript_confidence", "double", 0.2, "confidence of the transcript, 0-1"),
            ("transcript_origin", "string", None, "captions, speech or text"),
            ("words_per_minute", "double", 20.0, "speaking rate; media and captions only"),
            ("language", "string", None, "ISO 639-1 code, such as en"),
        ),
        *_at(
            "post_quality_filtering",
            ("overall_quality", "double", 0.1, "overall quality, 0-1"),
            ("coherence", "double", 0.1, "coherence, 0-1"),
            ("completeness", "double", 0.1, "completeness, 0-1"),
            ("informativeness", "double", 0.1, "informativeness, 0-1"),
            ("content_type", "string", None, "the content type found"),
            ("content_type_confidence", "double", 0.2, "confidence of the content type, 0-1"),
            ("lexical_diversity", "double", 0.1, "variety of words, 0-1"),
            ("repetition_ratio", "double", 0.1, "share of the text that repeats itself, 0-1"),
            ("filler_ratio", "double", 0.05, "share of filler words, 0-1"),
            ("sentences", "int", 2.0, "sentences, or stretches between pauses where there is no punctuation"),
            ("words_per_sentence", "double", 3.0, "mean length of a sentence"),
            ("truncation", "double", 0.2, "signs that the text was cut off, 0-1"),
        ),
        *_at(
            "post_analysis",
            ("claims", "int", 0.5, "checkable claims found"),
            ("summary_words", "int", 10.0, "words in the summary"),
            ("perspectives", "int", 0.5, "points of view found"),
            ("fallacies", "int", 0.5, "possible fallacies found"),
            ("analysis_confidence", "double", 0.2, "confidence of the analysis, 0-1"),
        ),
    )
}
