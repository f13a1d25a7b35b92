from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from bench.quality import damage
from pipeline.errors import StageError
from pipeline.item import Assessment, Transcript
from pipeline.stages.assess import Assessor

Judge = Callable[[str], Assessment]


@pytest.mark.parametrize("text", ["", " \n\t ", "... ?! ...", "[music]"])
def test_a_transcript_without_words_is_refused_as_empty(text: str, assessor: Assessor) -> None:
    with pytest.raises(StageError) as caught:
        assessor.assess(Transcript(text, "speech", 0.5))
    assert caught.value.error_type == "empty"


def test_a_text_without_spaces_is_as_long_as_its_translation(judge: Judge) -> None:
    chinese = "今天早上八点，一列货运列车在北部山区的隧道口附近脱轨，没有人员伤亡。" * 2
    facts = judge(chinese).facts
    assert facts["transcript_words"].value == round(2 * 31 / 1.5)
    assert facts["sentences"].value == 2
    assert facts["words_per_sentence"].value == 20.5


def test_every_fact_is_there_and_in_range(article: str, judge: Judge) -> None:
    facts = judge(article).facts
    assert facts["transcript_words"].value == len(article.split()) - 1 == 225  # the dash after the place is none
    for name in ("lexical_diversity", "repetition_ratio", "filler_ratio", "truncation"):
        assert 0.0 <= float(facts[name].value) <= 1.0
    assert isinstance(facts["sentences"].value, int)
    assert float(facts["words_per_sentence"].value) > 5
    assert all(0.0 <= fact.reliability <= 1.0 for fact in facts.values())


def test_reliability_is_that_of_the_transcript_for_a_text_long_enough(article: str, assessor: Assessor) -> None:
    assert assessor.assess(Transcript(article, "speech", 0.7)).reliability == pytest.approx(0.7, abs=0.01)


def test_a_few_words_are_little_to_rely_on(assessor: Assessor) -> None:
    assert assessor.assess(Transcript("Boats were late today.", "text", 1.0)).reliability < 0.15


def test_boundaries_of_sentences_are_not_relied_on_without_punctuation(article: str, judge: Judge) -> None:
    assert judge(article).facts["sentences"].reliability == pytest.approx(0.9)
    assert judge(damage.bare(article)).facts["sentences"].reliability == pytest.approx(0.3)


def test_the_embedding_is_that_of_the_text(article: str, assessor: Assessor, judge: Judge) -> None:
    assert np.allclose(judge(article).embedding, assessor.embed([article])[0])


def test_the_same_text_gets_the_same_assessment_in_every_thread(
    good_texts: Mapping[str, list[str]], judge: Judge
) -> None:
    texts = [text for part in good_texts.values() for text in part]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(judge, texts)) == [judge(text) for text in texts]


def test_the_cost_of_a_two_hour_transcript_grows_with_its_length_not_its_square(
    good_texts: Mapping[str, list[str]], judge: Judge
) -> None:
    words = " ".join(text for part in good_texts.values() for text in part).split()
    words = [word for word in words if any(map(str.isalnum, word))]

    def cost(count: int) -> float:
        started = time.process_time()
        assert judge(" ".join((words * 5)[:count])).facts["transcript_words"].value == count
        return time.process_time() - started

    cost(1000)  # loads what is loaded once
    assert cost(20_000) < 40 * cost(2_000)  # 100 times if it were the square


def test_length_alone_does_not_change_coherence_and_informativeness(
    good_texts: Mapping[str, list[str]], judge: Judge
) -> None:
    scores = judge("\n\n".join(text for part in good_texts.values() for text in part)).scores
    assert scores.coherence > 0.65
    assert scores.informativeness > 0.65


def test_good_texts_pass_the_default_thresholds(good_texts: Mapping[str, list[str]], judge: Judge) -> None:
    for part in good_texts.values():
        for text in part:
            scores = judge(text).scores
            assert scores.overall >= 0.65
            assert min(scores.coherence, scores.completeness, scores.informativeness) >= 0.60


def test_poor_texts_are_below_good_ones(
    good_texts: Mapping[str, list[str]], poor_texts: Mapping[str, str], judge: Judge
) -> None:
    good = [judge(text).scores.overall for part in good_texts.values() for text in part]
    poor = [judge(text).scores.overall for text in poor_texts.values()]
    pairs = [low < high for low in poor for high in good]
    assert sum(pairs) / len(pairs) >= 0.97


def test_each_damage_lowers_its_own_dimension(good_texts: Mapping[str, list[str]], judge: Judge) -> None:
    rng = random.Random(9)
    for part in good_texts.values():
        whole = judge(part[2]).scores
        assert judge(damage.shuffled(part[2], rng)).scores.coherence < whole.coherence - 0.3
        assert judge(damage.cut(part[2])).scores.completeness < whole.completeness - 0.3
        assert judge(damage.repeating(part[2], rng)).scores.informativeness < whole.informativeness - 0.3
