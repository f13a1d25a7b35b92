from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from pipeline.configuration.config_files import facts_at
from pipeline.decisions.facts import FACTS
from pipeline.domains.content.labels import DIMENSIONS
from pipeline.item import (
    Analysis,
    Claim,
    Fact,
    Fallacies,
    Fallacy,
    Fetched,
    Perspective,
    Perspectives,
    SoundTrack,
    Transcript,
)
from pipeline.running.gather import after_analysis, after_assessment, after_download, after_transcription
from pipeline.stages.assess.assess import Assessor
from tests.pipeline.running.given import FETCHED, TRANSCRIPT

TEXT = Fetched("cd" * 32, "text", 80)
ANALYSIS = Analysis("three words here", ("a",), (Claim("x", 0.5), Claim("y", 0.5)), 0.6)
PERSPECTIVES = Perspectives((Perspective(None, "x", 0.5),), 0.7)
FALLACIES = Fallacies((Fallacy("a", "x", 0.5), Fallacy("b", "x", 0.5), Fallacy("c", "x", 0.5)), 0.8)
KINDS = {"int": int, "double": float, "string": str, "bool": bool}


def test_every_fact_that_is_declared_is_gathered_with_its_type_at_its_checkpoint() -> None:
    tracks = (SoundTrack(1, "en"), SoundTrack(2, "de"))
    found = {
        "post_download": after_download(msgspec.structs.replace(FETCHED, sound_tracks=tracks, sound_track=1)),
        "post_transcription": after_transcription(FETCHED, TRANSCRIPT),
        "post_quality_filtering": after_assessment(Assessor().assess(TRANSCRIPT, title=None)),
        "post_analysis": after_analysis(ANALYSIS, PERSPECTIVES, FALLACIES),
    }
    scores = {"overall_quality", *DIMENSIONS[1:]}  # are put in by the item scope
    for checkpoint, facts in found.items():
        new = {name for name, fact in FACTS.items() if fact.known_from == checkpoint} - scores
        assert new <= facts.keys() <= facts_at(checkpoint).keys()
        for name, fact in facts.items():
            assert type(fact.value) is KINDS[FACTS[name].type], name
            assert 0 <= fact.reliability <= 1


def test_a_duration_is_as_reliable_as_its_probe_and_silence_is_sampled() -> None:
    found = after_download(msgspec.structs.replace(FETCHED, duration_reliability=0.4))
    assert found["duration_seconds"] == Fact(120.0, 0.4)
    assert found["silence_ratio"] == Fact(0.2, 0.98)
    assert found["title_words"] == Fact(2)


def test_a_text_has_neither_duration_nor_silence_nor_pace_and_an_unnamed_one_no_title() -> None:
    found = after_download(TEXT)
    assert set(found) == {"media_kind", "size_bytes", "has_captions", "title_words"}
    assert found["title_words"] == Fact(0)
    assert set(after_transcription(TEXT, Transcript("so", "text", 1.0))) == {
        "transcript_words", "transcript_confidence", "transcript_origin",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("fetched", "has"),
    [
        (TEXT, False),
        (msgspec.structs.replace(FETCHED, captions_path=Path("film.srt")), True),
        (msgspec.structs.replace(TEXT, media_kind="captions"), True),
    ],
)
def test_captions_are_there_beside_a_film_or_alone(fetched: Fetched, has: bool) -> None:
    assert after_download(fetched)["has_captions"] == Fact(has)


def test_what_rests_on_the_words_is_as_reliable_as_the_transcript() -> None:
    found = after_transcription(FETCHED, TRANSCRIPT)
    assert found["transcript_words"] == Fact(80, 0.9)
    assert found["words_per_minute"] == Fact(40.0, 0.9)  # 80 words in 120 s
    assert found["language"] == Fact("en", 0.8)


def test_a_count_is_as_reliable_as_it_was_measured_where_it_was() -> None:
    found = after_analysis(
        msgspec.structs.replace(ANALYSIS, count_confidence=0.9),
        msgspec.structs.replace(PERSPECTIVES, count_confidence=0.9),
        msgspec.structs.replace(FALLACIES, count_confidence=0.9),
    )
    assert {name: fact.reliability for name, fact in found.items()} == {
        "claims": 0.9, "summary_words": 1.0, "perspectives": 0.9, "fallacies": 0.9, "analysis_confidence": 1.0,
    }  # fmt: skip


def test_counts_are_as_reliable_as_the_stage_that_counted() -> None:
    found = after_analysis(ANALYSIS, PERSPECTIVES, FALLACIES)
    assert found == {
        "claims": Fact(2, 0.6), "summary_words": Fact(3, 0.6), "perspectives": Fact(1, 0.7), "fallacies": Fact(3, 0.8),
        "analysis_confidence": Fact(0.6),
    }  # fmt: skip
