from __future__ import annotations

import threading

import pytest

from pipeline.stages.transcribe.language import language_of

ENGLISH = "The council decided on Tuesday to keep the old swimming pool open for another year, the mayor said."
GERMAN = "Der Rat hat am Dienstag beschlossen, das alte Schwimmbad noch ein weiteres Jahr offen zu halten."
SPANISH = "El ayuntamiento decidió el martes mantener abierta la vieja piscina durante un año más, dijo el alcalde."


@pytest.mark.parametrize(("text", "code"), [(ENGLISH, "en"), (GERMAN, "de"), (SPANISH, "es")])
def test_the_language_of_a_text_is_found_with_a_probability(text: str, code: str) -> None:
    language, probability = language_of(text * 3)
    assert language == code
    assert 0.9 < probability <= 1.0


@pytest.mark.parametrize("text", ["", "  \n", "1234 5678", "!?"])
def test_a_text_without_letters_has_no_language(text: str) -> None:
    assert language_of(text) == (None, 0.0)


def test_a_word_says_less_than_a_text() -> None:
    assert language_of("Test")[1] < language_of(ENGLISH * 3)[1]


def test_several_threads_get_the_same_answers() -> None:
    texts = [ENGLISH, GERMAN, SPANISH] * 8
    answers: list[str | None] = [None] * len(texts)

    def work(number: int) -> None:
        answers[number] = language_of(texts[number] * 3)[0]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(texts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == ["en", "de", "es"] * 8
