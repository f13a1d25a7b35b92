from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from pipeline.item import Assessment, Transcript
from pipeline.stages.assess import Assessor
from pipeline.stages.assess.language import find_language, function_share
from pipeline.stages.assess.reading import read
from pipeline.stages.assess.vocabulary import Vocabulary

_GERMAN = """Am Morgen gingen wir zum Markt, weil die Großmutter frisches Brot haben wollte. Der Bäcker kannte uns schon und
    legte zwei Brötchen dazu. Danach liefen wir am Fluss entlang, wo die Angler standen und auf die Fische warteten. Es war
    kalt, aber die Sonne schien, und mein Bruder warf Steine ins Wasser. Am Nachmittag kam der Onkel mit dem Zug aus der
    Stadt. Er brachte Bücher mit und erzählte von seiner Arbeit in der Fabrik. Abends saßen wir alle in der Küche."""
_KEYS = " ".join("".join(random.Random(n).choices("asdfghjklqwertyuiop", k=n % 7 + 2)) for n in range(200))


def _language(text: str, words: Vocabulary) -> tuple[str | None, bool]:
    found = find_language(Transcript(text, "text", 1.0), read(text).words, words)
    return found.code, found.english


def test_english_is_known_by_its_function_words(article: str, words: Vocabulary) -> None:
    assert _language(article, words) == ("en", True)
    assert function_share(read(article).words, words) > 0.35


def test_another_language_is_named(words: Vocabulary) -> None:
    assert _language(_GERMAN, words) == ("de", False)


def test_random_letters_are_no_language(words: Vocabulary) -> None:
    assert _language(_KEYS, words) == (None, False)


def test_a_sure_transcriber_names_the_language(words: Vocabulary) -> None:
    transcript = Transcript(_GERMAN, "speech", 0.8, language="nl", language_confidence=0.9)
    assert find_language(transcript, read(_GERMAN).words, words).code == "nl"


def test_scores_of_another_language_are_fair_but_not_relied_on(judge: Callable[[str], Assessment]) -> None:
    found = judge(_GERMAN)
    assert found.scores.coherence > 0.65
    assert found.scores.informativeness > 0.65
    assert found.reliability <= 0.3


def test_random_letters_are_not_coherent(judge: Callable[[str], Assessment]) -> None:
    assert judge(_KEYS).scores.coherence < 0.1


@pytest.mark.parametrize("text", ["1 2 3 4 5", "ok", "\u65e9\u4e0a", "x" * 50_000])
def test_odd_texts_are_assessed_all_the_same(text: str, assessor: Assessor) -> None:
    scores = assessor.assess(Transcript(text, "text", 1.0)).scores
    assert 0.0 <= scores.overall < 0.65
