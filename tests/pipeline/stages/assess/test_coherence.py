from __future__ import annotations

import random
from collections.abc import Callable, Mapping

import pytest

from bench.quality import damage
from pipeline.item import Assessment
from pipeline.stages.assess.coherence import returns, thread, ties
from pipeline.stages.assess.material import Material

Judge = Callable[[str], Assessment]
Subject = Callable[[str], Material]


def test_a_text_about_one_thing_holds_together_better_than_a_patchwork(
    good_texts: Mapping[str, list[str]], subject: Subject
) -> None:
    texts = [text for part in good_texts.values() for text in part]
    patchwork = subject(damage.patchwork(texts, random.Random(1)))
    article = subject(good_texts["education"][0])
    assert ties(article) > ties(patchwork)
    assert thread(article) > thread(patchwork)
    assert returns(article) > returns(patchwork)


def test_blocks_do_not_change_how_words_are_tied(
    article: str, subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = ties(subject(article))
    monkeypatch.setattr("pipeline.stages.assess.coherence._BLOCK", 7)
    assert ties(subject(article)) == pytest.approx(whole, abs=1e-6)


def test_a_text_without_content_words_has_no_ties(subject: Subject) -> None:
    empty = subject("and so it was that you were not there")
    assert ties(empty) == thread(empty) == returns(empty) == 0.0


@pytest.mark.parametrize("spoil", [damage.shuffled, damage.shuffled_within_sentences])
def test_shuffled_words_cost_coherence(
    spoil: Callable[[str, random.Random], str], good_texts: Mapping[str, list[str]], judge: Judge
) -> None:
    for part in good_texts.values():
        before, after = judge(part[0]).scores, judge(spoil(part[0], random.Random(3))).scores
        assert before.coherence >= 0.65
        assert after.coherence < 0.60


@pytest.mark.parametrize("name", ["pseudo-latin-gibberish", "word-salad", "fragments", "garbled-asr", "topic-jumping"])
def test_incoherent_text_is_seen_as_such(name: str, poor_texts: Mapping[str, str], judge: Judge) -> None:
    assert judge(poor_texts[name]).scores.coherence < 0.65


def test_repeating_itself_is_not_what_coherence_is_about(article: str, judge: Judge) -> None:
    assert judge(damage.repeating(article, random.Random(4))).scores.coherence > 0.60
