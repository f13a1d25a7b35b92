from __future__ import annotations

import pytest

from pipeline.stages.analyze.perspectives import MOST_PER_HOLDER, MOST_PERSPECTIVES, Embed, perspectives
from pipeline.stages.analyze.sentences import split


@pytest.mark.parametrize(
    ("sentence", "holder"),
    [
        ("Critics say that the plan ignores the people who live there.", "Critics"),
        ("The plan is popular, but many economists warn of the costs.", "many economists"),
        ("Maria Olsen argues that the museum should return the bronzes.", "Maria Olsen"),
        ("The operator, North Sound Lines, said the hull was not damaged.", "The operator"),
        ('"Nobody should have to be lucky to get home," said Paul Achterberg on Saturday.', "Paul Achterberg"),
        ("The defence had called for an acquittal on all the charges.", "The defence"),
        ("According to Dr. Nwosu the ledger settles the question for good.", "Dr. Nwosu"),
    ],
)
def test_a_reported_view_has_its_holder(embed: Embed, sentence: str, holder: str) -> None:
    (view,) = perspectives(split(sentence), embed)
    assert (view.holder, view.text) == (holder, sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "He said he would step down at the end of the month.",
        "They think about it for a while and then go home.",
        "The horse isn't moving at all, it stands quite still.",
        "Bake the bread for twenty-five minutes with the lid on.",
        "Do critics really say that the plan ignores people?",
        "Welcome back, and thanks to everyone who must have waited.",
        "Critics say no.",
        "Then say that in the letter, because it was confiscated.",
    ],
)
def test_narration_instruction_questions_and_greetings_are_no_view(embed: Embed, sentence: str) -> None:
    assert perspectives(split(sentence), embed) == ()


def test_speakers_hold_what_they_say_and_opinions_come_first(embed: Embed) -> None:
    text = (
        "Ann: The meeting room was full of people yesterday.\nBob: I think the lane should stay where it is.\n"
        "Ann: The van stops at the corner every morning.\nBob: Twenty spaces are gone since the spring."
    )
    found = perspectives(split(text), embed)
    assert [(view.holder, view.text.split()[0], view.confidence) for view in found] == [
        ("Bob", "I", 0.5), ("Ann", "The", 0.3),
    ]  # fmt: skip


def test_a_host_who_only_leads_through_the_talk_holds_no_view(embed: Embed) -> None:
    text = "HOST: With me in the studio is a keeper of bees.\nOdile: I think the bees do well on roofs.\n" * 2
    assert [view.holder for view in perspectives(split(text), embed)] == ["Odile"]


@pytest.mark.parametrize("turn", ["On the other hand, ", "However, "])
def test_a_turn_of_the_argument_is_a_view_of_the_text(embed: Embed, turn: str) -> None:
    (view,) = perspectives(split(f"{turn}the old bridge carries half of the traffic."), embed)
    assert view.holder is None
    assert view.confidence == 0.3


def test_the_same_view_is_named_once(embed: Embed) -> None:
    text = (
        "Critics say that the plan ignores poor people living near the river. "
        "Opponents say that the plan ignores poor people living near the river."
    )
    assert [view.holder for view in perspectives(split(text), embed)] == ["Critics"]


def test_one_holder_and_the_whole_have_their_limits(embed: Embed) -> None:
    subjects = ["rivers", "bridges", "schools", "trains", "houses", "fields", "winters", "museums", "gardens", "ships"]
    same = " ".join(f"Critics say that the plan forgets {subject} completely." for subject in subjects)
    assert len(perspectives(split(same), embed)) == MOST_PER_HOLDER
    names = ["Anna", "Bela", "Carl", "Dora", "Emil", "Finn", "Gerd", "Hans", "Ivan", "Jane"]
    many = " ".join(
        f"{name} argues that all {subject} matter more than money."
        for name, subject in zip(names, subjects, strict=True)
    )
    assert len(perspectives(split(many), embed)) == MOST_PERSPECTIVES


def test_no_text_no_views(embed: Embed) -> None:
    assert perspectives([], embed) == ()
