from __future__ import annotations

import time

import pytest

from pipeline.stages.analyze.fallacies import LEAST, MOST_PER_NAME, fallacies
from pipeline.stages.analyze.fallacy_cues import FALLACY_NAMES, cues
from pipeline.stages.analyze.sentences import split
from pipeline.stages.analyze.summary import Embed

SUSPECTS = {
    "ad hominem": [
        "What would a man who never ran a shop possibly know about taxes?",
        "Why should we listen to somebody who failed twice?",
        "Don't trust her figures on this. She's a lawyer.",
        "You're just a pathetic liar, and everybody in town can see it.",
    ],
    "straw man": [
        "So you're saying that we should just let everyone drive as fast as they like.",
        "These people want to abolish every car in the country.",
        "Oh, so you want the old people to freeze.",
    ],
    "false dilemma": [
        "You're either with us or against us.",
        "Either we build the dam now or the valley will die.",
        "There are only two options left for this town.",
    ],
    "slippery slope": [
        "If we allow scooters here, soon everyone will ride horses through the mall.",
        "First they take the parking spaces, then they come for the cars, and next they ban the roads.",
        "Give them one day off, and where does it end?",
    ],
    "appeal to popularity": [
        "Ten million people can't be wrong about this shampoo.",
        "Everyone is buying it, so it must be good.",
        "You should watch it because everybody watches it.",
    ],
    "appeal to authority": [
        "Trust me, I'm a doctor.",
        "A famous actor uses this cream, so it must be safe.",
        "Who are you to question a professor?",
    ],
    "appeal to emotion": [
        "Won't somebody think of the children?",
        "How can you sleep at night with this on your conscience?",
        "Only a monster would vote against this law.",
    ],
    "hasty generalisation": [
        "I met two rude waiters in Lyon, so all waiters are rude there.",
        "My uncle smoked all his life and lived to ninety, so it can't be harmful.",
        "It worked for me, so it will work for everyone.",
    ],
    "circular reasoning": [
        "It is true because it says so.",
        "We must trust the mayor because the mayor is trustworthy.",
        "The rule is good because it is the rule, and the rule is good.",
    ],
    "whataboutism": [
        "But what about your own emails?",
        "The last government did the same thing, and worse.",
        "Why worry about the river when the roads are full of holes?",
    ],
}

NEUTRAL = [
    "And what about parents who want to reach their child?",
    "There are two ways to measure the depth of a lake.",
    "If the temperature falls, ice soon forms on the wings.",
    "Doctors say that people should walk for half an hour every day.",
    "Most people in the survey said they walk to work.",
    "So you're saying the lane moved the parking to the corner?",
    "The road is slippery because it is wet.",
    "All students are asked to bring a pencil.",
    "Either button opens the door.",
    "The minister said the bridge would open in spring.",
    "Everyone in the village knows the lighthouse keeper.",
    "I think you're right about the park and I'm right about the cellar.",
    "The bridge was closed because the river rose.",
    "When the water boils, add the salt, and then the pasta.",
    "He never finished school, and he wrote four books.",
    "You can pay by card or in cash.",
    "What happens next is that the rocket turns.",
    "The experts could not agree on a date.",
]


def names(text: str, embed: Embed) -> set[str]:
    return {fallacy.name for fallacy in fallacies(split(text), embed)}


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, listed in SUSPECTS.items() for text in listed])
def test_the_words_of_a_fallacy_are_noticed(embed: Embed, name: str, text: str) -> None:
    assert name in names(text, embed)


@pytest.mark.parametrize("text", NEUTRAL)
def test_neutral_words_are_left_alone(embed: Embed, text: str) -> None:
    assert names(text, embed) == set()


def test_every_name_has_cues_with_honest_confidences(embed: Embed) -> None:
    assert {name for name, _, _ in cues()} == set(FALLACY_NAMES) == set(SUSPECTS)
    assert all(LEAST <= confidence <= 0.6 for _, confidence, _ in cues())


def test_an_argument_over_two_sentences_is_quoted_with_both(embed: Embed) -> None:
    (found,) = fallacies(split("It rained. Don't listen to him! He's never built a thing. We left."), embed)
    assert (found.name, found.text) == ("ad hominem", "Don't listen to him! He's never built a thing.")


def test_two_speakers_make_no_argument_together(embed: Embed) -> None:
    text = "Ann: Don't listen to him!\nBob: He's never late.\nAnn: Good.\nBob: Yes."
    assert names(text, embed) == set()


def test_a_fallacy_is_reported_once_a_sentence(embed: Embed) -> None:
    found = fallacies(split("We met. Trust me, I'm a doctor. We parted."), embed)
    assert [fallacy.text for fallacy in found] == ["Trust me, I'm a doctor."]


def test_a_text_about_fallacies_does_not_commit_them(embed: Embed) -> None:
    lesson = (
        "A false dilemma leaves two choices: you're either with us or against us. The slope is another fallacy. "
        "An appeal to authority is next. Trust me, I'm a doctor."
    )
    found = fallacies(split(lesson + " Won't somebody think of the children?"), embed)
    assert "false dilemma" not in {fallacy.name for fallacy in found}
    assert all(fallacy.confidence < 0.25 for fallacy in found)


def test_no_name_fills_the_list(embed: Embed) -> None:
    found = fallacies(split("Trust me, I'm a doctor. " * 9 + "You're either with us or against us."), embed)
    assert [fallacy.name for fallacy in found].count("appeal to authority") == MOST_PER_NAME
    assert [fallacy.confidence for fallacy in found] == sorted((each.confidence for each in found), reverse=True)


def test_words_that_are_not_certain_are_less_suspect(embed: Embed) -> None:
    text = split("Trust me, I'm a doctor.")
    (sure,) = fallacies(text, embed)
    (heard,) = fallacies(text, embed, reliability=0.5)
    assert heard.confidence == pytest.approx(sure.confidence / 2)
    assert fallacies(text, embed, reliability=0.3) == ()


@pytest.mark.parametrize(
    ("part", "times"), [("if we ", 20_000), ("a because ", 20_000), ('"', 100_000), ("either ", 15_000)]
)
def test_no_text_makes_the_patterns_slow(embed: Embed, part: str, times: int) -> None:
    def cost(count: int) -> float:
        started = time.process_time()
        fallacies(split(part * count), embed)
        return time.process_time() - started

    assert cost(times) < 10 * cost(times // 4) + 1  # 16 times as much if it grew with the square
