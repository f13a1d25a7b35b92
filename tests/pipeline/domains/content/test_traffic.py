from __future__ import annotations

import random
from collections import Counter

import pytest

from pipeline.decisions.quality import QualityThresholds, judge
from pipeline.domains.content.traffic import SAVINGS_BIAS, WRONG_SKIPS, Traffic, _margin
from pipeline.events import ConfigActivated, DomainEvent, ItemAbandoned, ItemFinished, ShadowJudged, StageSkipped
from pipeline.item import Scores


def events(shadow: float, items: int) -> list[DomainEvent]:
    traffic = Traffic(random.Random(5), shadow=shadow)
    return [event for _ in range(items) for event in traffic.item()]


def test_the_shadow_sample_leaves_the_other_events_as_they_are() -> None:
    plain = events(0.0, 300)
    assert not any(isinstance(event, ShadowJudged) for event in plain)
    assert [event for event in events(0.7, 300) if not isinstance(event, ShadowJudged)] == plain


def test_abandoned_items_leave_the_other_events_as_they_are() -> None:
    def made(abandon: float) -> list[DomainEvent]:
        traffic = Traffic(random.Random(5), abandon=abandon)
        return [event for _ in range(300) for event in traffic.item()]

    plain, more = made(0.0), made(0.5)
    assert [event for event in more if not isinstance(event, ItemAbandoned)] == plain
    abandoned = [event for event in more if isinstance(event, ItemAbandoned)]
    assert 100 < len(abandoned) < 200
    assert {event.reason for event in abandoned} == {"cancelled", "interrupted"}


def test_margins_are_made_apart_from_the_quality_filter_and_say_the_same() -> None:
    dice = random.Random(5)
    for _ in range(300):
        scores = Scores(*(dice.random() for _ in range(4)))
        judged = judge(scores, QualityThresholds(min_overall=0.7))
        assert (_margin(scores, 0.7), _margin(scores, 0.7) < 0) == (judged.margin, judged.below)


def test_configurations_have_hashes_like_real_ones() -> None:
    hashes = [e.config_hash for e in Traffic(random.Random(5)).start() if isinstance(e, ConfigActivated)]
    assert len(set(hashes)) == len(hashes) == 2
    assert all(len(one) == 12 and int(one, 16) for one in hashes)


def test_the_stages_share_what_each_item_saves() -> None:
    traffic, ways = Traffic(random.Random(5)), set()
    for made in (traffic.item() for _ in range(400)):
        skipped = sum(event.saved_seconds for event in made if isinstance(event, StageSkipped))
        for left in (event for event in made if isinstance(event, ItemFinished)):
            ways.add(left.processing_type)
            share, spent = left.time_saved_pct or 0.0, left.processing_time or 0.0
            assert skipped == pytest.approx(spent * share / (1 - share))
    assert ways == {"full", "lightweight", "early_exit"}


def test_the_shadow_sample_has_the_share_and_the_truth_it_was_given() -> None:
    made = events(0.5, 12_000)
    skipped = sum(isinstance(event, ItemFinished) and event.processing_type != "full" for event in made)
    judged = [event for event in made if isinstance(event, ShadowJudged)]
    assert len(judged) / skipped == pytest.approx(0.5, abs=0.03)
    verdicts = Counter((event.decision, event.verdict) for event in judged)
    for decision, share in WRONG_SKIPS.items():
        count = verdicts[decision, "right"] + verdicts[decision, "wrong"]
        assert count > 500
        assert verdicts[decision, "wrong"] / count == pytest.approx(share, abs=4 * (share / count) ** 0.5)
    estimated = sum(event.estimated_saved_seconds or 0.0 for event in judged)
    true = sum(event.true_saved_seconds or 0.0 for event in judged)
    assert estimated / true - 1 == pytest.approx(SAVINGS_BIAS, abs=0.02)
