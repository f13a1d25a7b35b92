from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from bench.quality import damage
from pipeline.item import Assessment
from pipeline.stages.assess.completeness import edge_share, truncation
from pipeline.stages.assess.reading import read
from pipeline.stages.assess.vocabulary import Vocabulary

Judge = Callable[[str], Assessment]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The ferry sank. Nobody was hurt.", 0.0),
        ("The ferry sank. Nobody was", 0.9),
        ("The ferry sank. Nobody was hurt,", 0.9),
        ("The ferry sank. And then...", 0.6),
        ("He said it twice. \u201cNobody was hurt.\u201d", 0.0),
        ("the ferry sank and nobody was hurt", 0.1),
        ("the ferry sank and nobody saw the", 0.7),
        ("The ferry sank. " + "and then they went on talking about it " * 4, 0.5),
        ("", 1.0),
    ],
)
def test_signs_of_being_cut_off(text: str, expected: float, words: Vocabulary) -> None:
    assert truncation(read(text), words) == expected


def test_a_closing_phrase_is_seen(words: Vocabulary) -> None:
    assert edge_share(("thank", "you", "and", "good", "night"), "closing", words) == pytest.approx(0.8)


@pytest.mark.parametrize("spoil", [damage.cut, damage.cut_at_sentence_end])
def test_a_third_is_not_complete(
    spoil: Callable[[str], str], good_texts: Mapping[str, list[str]], judge: Judge
) -> None:
    for part in good_texts.values():
        assert judge(part[0]).scores.completeness >= 0.65
        assert judge(spoil(part[0])).scores.completeness < 0.60


def test_a_long_text_that_stops_in_mid_sentence_is_not_complete(
    good_texts: Mapping[str, list[str]], judge: Judge
) -> None:
    whole = "\n\n".join(good_texts["news"])
    assert judge(whole).scores.completeness > 0.9
    assert judge(damage.cut(whole, 0.8)).scores.completeness < judge(whole).scores.completeness - 0.15


def test_a_short_good_text_is_less_complete_but_no_garbage(good_texts: Mapping[str, list[str]], judge: Judge) -> None:
    for part in good_texts.values():
        short = judge(damage.cut_at_sentence_end(part[1])).scores
        assert short.overall > 0.45
        assert short.informativeness > 0.60
