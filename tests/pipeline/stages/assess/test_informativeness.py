from __future__ import annotations

import random
from collections.abc import Callable, Mapping

import pytest

from bench.quality import damage
from pipeline.item import Assessment
from pipeline.stages.assess.informativeness import padding_shares
from pipeline.stages.assess.vocabulary import Vocabulary

Judge = Callable[[str], Assessment]


def test_two_sentences_over_and_over_cost_informativeness(good_texts: Mapping[str, list[str]], judge: Judge) -> None:
    for part in good_texts.values():
        before, after = judge(part[0]).scores, judge(damage.repeating(part[0], random.Random(5))).scores
        assert before.informativeness >= 0.65
        assert after.informativeness < 0.60


@pytest.mark.parametrize(
    "name",
    [
        "filler-ramble",
        "clickbait-secret-never-told",
        "subscribe-loop",
        "seo-garden-shed",
        "machine-boilerplate",
        "promo-repeat",
        "empty-hype",
    ],
)
def test_talk_that_says_nothing_is_seen_as_such(name: str, poor_texts: Mapping[str, str], judge: Judge) -> None:
    assert judge(poor_texts[name]).scores.informativeness < 0.40


def test_padding_is_a_share_of_words(words: Vocabulary) -> None:
    text = ("um", "you", "know", *["harbour"] * 297)
    assert padding_shares(text, words)["filler"] == pytest.approx(3 / 300)


def test_a_phrase_in_a_short_text_is_counted_as_in_one_of_150_words(words: Vocabulary) -> None:
    assert padding_shares(("please", "subscribe"), words)["begging"] == pytest.approx(1 / 150)
