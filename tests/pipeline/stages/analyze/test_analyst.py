from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.item import Assessment, Scores, Transcript
from pipeline.stages.analyze import Analyst
from pipeline.stages.analyze.summary import Embed
from tests.pipeline.stages.analyze.conftest import hashed

TEXT = (
    "The council spent 4.2 million euros on the bridge in 2019. Critics say that the money was wasted on a bridge. "
    "Everyone is switching to the new bridge, so it must be the best one. The old bridge was closed in March."
)


def assessment(reliability: float = 0.9) -> Assessment:
    return Assessment(Scores(0.8, 0.8, 0.8, 0.8), "news", 0.9, reliability, {})


def test_the_heuristics_find_something_of_everything_and_say_who_they_are(embed: Embed) -> None:
    analyst, transcript = Analyst(embed), Transcript(TEXT, "text", 1.0, language="en")
    analysis = analyst.analysis(transcript, assessment())
    perspectives = analyst.perspective(transcript, assessment())
    fallacies = analyst.fallacy(transcript, assessment())
    assert "bridge" in analysis.summary
    assert any("bridge" in keyword for keyword in analysis.keywords)
    assert {claim.kind for claim in analysis.claims} >= {"number"}
    assert "Critics" in {view.holder for view in perspectives.perspectives}
    assert [fallacy.name for fallacy in fallacies.fallacies] == ["appeal to popularity"]
    assert {result.origin for result in (analysis, perspectives, fallacies)} == {"heuristics"}
    assert {(result.llm_calls, result.cost_usd) for result in (analysis, perspectives, fallacies)} == {(0, 0.0)}


def test_heuristics_are_never_very_sure(embed: Embed) -> None:
    analyst, transcript = Analyst(embed), Transcript(TEXT, "text", 1.0)
    for stage in (analyst.analysis, analyst.perspective, analyst.fallacy):
        assert 0 < stage(transcript, assessment(1.0)).confidence <= 0.5


def test_confidence_follows_reliability_and_language(embed: Embed) -> None:
    analyst = Analyst(embed)
    english = analyst.analysis(Transcript(TEXT, "text", 1.0, language="en"), assessment(1.0)).confidence
    doubtful = analyst.analysis(Transcript(TEXT, "text", 1.0, language="en"), assessment(0.5)).confidence
    german = analyst.analysis(Transcript(TEXT, "text", 1.0, language="de"), assessment(1.0)).confidence
    assert doubtful == german == english / 2


@pytest.mark.parametrize("text", ["", " \n", "...", "\ud800\udfff \ud800", "\x00\x00", "word"])
def test_a_text_of_nothing_gives_empty_results(embed: Embed, text: str) -> None:
    analyst, transcript = Analyst(embed), Transcript(text, "speech", 0.1)
    assert analyst.analysis(transcript, assessment(0.0)).claims == ()
    assert analyst.perspective(transcript, assessment(0.0)).perspectives == ()
    assert analyst.fallacy(transcript, assessment(0.0)).fallacies == ()


def test_the_same_text_gives_the_same_results_from_any_thread(embed: Embed) -> None:
    analyst, transcript = Analyst(embed), Transcript(TEXT, "text", 1.0)
    stages = [analyst.analysis, analyst.perspective, analyst.fallacy] * 8
    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(lambda stage: stage(transcript, assessment()), stages))
    assert results == results[:3] * 8


@settings(deadline=None)
@given(st.text(alphabet=st.characters(), max_size=300))
def test_no_text_breaks_it(text: str) -> None:
    analyst, transcript = Analyst(hashed), Transcript(text, "text", 1.0)
    for stage in (analyst.analysis, analyst.perspective, analyst.fallacy):
        stage(transcript, assessment())
