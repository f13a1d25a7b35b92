"""From what the stages found to the named facts that conditions use (see `pipeline.decisions.facts`)."""

from __future__ import annotations

from pipeline.item import Analysis, Assessment, Fact, Fallacies, Fetched, Perspectives, Transcript
from pipeline.words import count_words

_SILENCE_RELIABILITY = 0.98  # a few sampled windows stand for the whole


def after_download(fetched: Fetched) -> dict[str, Fact]:
    """Return the facts known at `post_download`; a duration is as reliable as its probe."""
    facts = {
        "media_kind": Fact(fetched.media_kind),
        "size_bytes": Fact(fetched.size_bytes),
        "has_captions": Fact(fetched.captions_path is not None or fetched.media_kind == "captions"),
        "title_words": Fact(count_words(fetched.title or "")),
    }
    if fetched.duration_seconds is not None:
        facts["duration_seconds"] = Fact(fetched.duration_seconds, fetched.duration_reliability)
    if fetched.media_kind in ("audio", "video"):
        others = [str(track) for track in fetched.sound_tracks if track.number != fetched.sound_track]
        facts["sound_tracks"] = Fact(len(fetched.sound_tracks))
        facts["other_sound_tracks"] = Fact(", ".join(others))
    if fetched.silence_ratio is not None:
        facts["silence_ratio"] = Fact(fetched.silence_ratio, _SILENCE_RELIABILITY)
    return facts


def after_transcription(fetched: Fetched, transcript: Transcript) -> dict[str, Fact]:
    """Return the facts new at `post_transcription`; what rests on the words is as reliable as the transcript."""
    words = count_words(transcript.text)
    facts = {
        "transcript_words": Fact(words, transcript.confidence),
        "transcript_confidence": Fact(transcript.confidence),
        "transcript_origin": Fact(transcript.origin),
    }
    if fetched.duration_seconds:
        facts["words_per_minute"] = Fact(60 * words / fetched.duration_seconds, transcript.confidence)
    if transcript.language:
        facts["language"] = Fact(transcript.language, transcript.language_confidence)
    return facts


def after_assessment(assessment: Assessment) -> dict[str, Fact]:
    """Return the facts new at `post_quality_filtering`, the four scores excepted (the scope takes those itself)."""
    return {
        **assessment.facts,
        "content_type": Fact(assessment.content_type, assessment.content_type_confidence),
        "content_type_confidence": Fact(assessment.content_type_confidence),
    }


def after_analysis(analysis: Analysis, perspectives: Perspectives, fallacies: Fallacies) -> dict[str, Fact]:
    """Return the facts new at `post_analysis`; a count is as reliable as whoever counted says."""
    unmeasured = analysis.count_confidence is None
    return {
        "claims": Fact(len(analysis.claims), _of_count(analysis)),
        "summary_words": Fact(count_words(analysis.summary), analysis.confidence if unmeasured else 1.0),
        "perspectives": Fact(len(perspectives.perspectives), _of_count(perspectives)),
        "fallacies": Fact(len(fallacies.fallacies), _of_count(fallacies)),
        "analysis_confidence": Fact(analysis.confidence),
    }


def _of_count(result: Analysis | Perspectives | Fallacies) -> float:
    return result.confidence if result.count_confidence is None else result.count_confidence
