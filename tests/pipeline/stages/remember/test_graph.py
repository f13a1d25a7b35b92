from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline.item import Analysis, Claim, Perspective, Perspectives
from pipeline.stages.remember import Memory, Neighbour, RememberedItem

ANALYSIS = Analysis("A dam.", ("beaver dams", "River"), (Claim("The dam is 9 m long.", 0.5, "number"),), 0.5)
PERSPECTIVES = Perspectives(
    (
        Perspective("Maria Olsen", "The dams must stay.", 0.5),
        Perspective("HOST", "Who pays?", 0.3),
        Perspective(None, "It floods.", 0.2),
    ),
    0.4,
)


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    with Memory(tmp_path / "memory.sqlite") as opened:
        yield opened


def edges(found: list[Neighbour], depth: int = 1) -> set[tuple[str, str, str]]:
    return {(node.relation, node.kind, node.label) for node in found if node.depth == depth}


def near(*values: float) -> tuple[float, ...]:
    return values


def test_an_item_is_connected_with_what_was_found_in_it(memory: Memory) -> None:
    memory.connect("a", ANALYSIS, PERSPECTIVES, title="On dams", content_type="news")
    assert edges(memory.neighbours("a")) == {
        ("mentions", "keyword", "beaver dams"),
        ("mentions", "keyword", "River"),
        ("claims", "claim", "The dam is 9 m long."),
        ("presents", "perspective", "The dams must stay."),
        ("presents", "perspective", "Who pays?"),
        ("presents", "perspective", "It floods."),
        ("is_a", "type", "news"),
    }
    assert edges(memory.neighbours("a", 2), 2) == {("holds", "person", "Maria Olsen"), ("holds", "person", "HOST")}


def test_the_first_keyword_weighs_most(memory: Memory) -> None:
    memory.connect("a", ANALYSIS)
    weights = {node.label: node.weight for node in memory.neighbours("a")}
    assert weights == {"beaver dams": 1.0, "River": 0.5, "The dam is 9 m long.": 0.5}


def test_items_meet_in_keywords_whatever_their_case_and_in_people_with_a_full_name(memory: Memory) -> None:
    memory.connect("a", ANALYSIS, PERSPECTIVES, title="One")
    memory.connect("b", Analysis("", ("RIVER",), (), 0.5), title="Two")
    memory.connect("c", None, Perspectives((Perspective("Maria Olsen", "They must go.", 0.5),), 0.4), title="Three")
    assert ("mentions", "item", "Two") in edges(memory.neighbours("a", 2), 2)
    assert ("presents", "item", "Three") in edges(memory.neighbours("a", 4), 4)


def test_two_hosts_are_not_the_same_person(memory: Memory) -> None:
    for name in ("a", "b"):
        memory.connect(name, None, Perspectives((Perspective("HOST", f"Says {name}.", 0.5),), 0.4), title=name)
    assert "b" not in {node.key for node in memory.neighbours("a", 4)}


def test_a_type_is_reached_but_not_gone_through(memory: Memory) -> None:
    memory.connect("a", content_type="news")
    memory.connect("b", content_type="news")
    assert edges(memory.neighbours("a", 4)) == {("is_a", "type", "news")}


def test_items_near_in_meaning_are_connected_both_ways(memory: Memory) -> None:
    for name, embedding in (("a", near(1, 0)), ("b", near(1, 0.2)), ("c", near(-1, 0.1))):
        memory.remember(RememberedItem(name, f"/{name}", "", "", title=f"Title {name}"))
        memory.connect(name, title=f"Title {name}", embedding=embedding)
    (from_a,) = memory.neighbours("a")
    (from_b,) = memory.neighbours("b")
    assert (from_a.relation, from_a.key, from_a.label) == ("similar_to", "b", "Title b")
    assert from_a.weight == pytest.approx(0.9806, abs=1e-4)
    assert from_b.key == "a"
    assert memory.neighbours("c") == []


def test_an_item_that_was_only_remembered_can_be_near(memory: Memory) -> None:
    memory.remember(RememberedItem("light", "/l", "", "", title="Processed lightly", embedding=near(1, 0)))
    memory.connect("a", embedding=near(1, 0))
    (node,) = memory.neighbours("a")
    assert (node.key, node.label) == ("light", "Processed lightly")


def test_connecting_again_replaces(memory: Memory) -> None:
    memory.connect("b", embedding=near(1, 0))
    memory.connect("a", ANALYSIS, PERSPECTIVES, content_type="news", embedding=near(1, 0))
    memory.connect("a", Analysis("", ("trains",), (), 0.5), content_type="education", embedding=near(0, 1))
    assert edges(memory.neighbours("a", 4)) == {("mentions", "keyword", "trains"), ("is_a", "type", "education")}
    assert memory.neighbours("b") == []
    assert "2 graph edges" in memory.check()


def test_connecting_twice_changes_nothing(memory: Memory) -> None:
    for _ in range(3):
        memory.connect("a", ANALYSIS, PERSPECTIVES, content_type="news", embedding=near(1, 0))
    assert len(memory.neighbours("a", 2)) == 9
    assert "9 graph edges" in memory.check()


def test_what_another_item_still_needs_stays(memory: Memory) -> None:
    memory.connect("a", ANALYSIS)
    memory.connect("b", ANALYSIS)
    memory.connect("a")
    assert memory.neighbours("a") == []
    assert len(memory.neighbours("b")) == 3


def test_of_items_connected_at_once_the_near_ones_always_find_each_other(memory: Memory) -> None:
    names = [str(number) for number in range(4)]
    for repetition in range(10):
        embedding = tuple(float(index == repetition) for index in range(10))
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda name, e=embedding, r=repetition: memory.connect(f"{r}-{name}", embedding=e), names))
        for name in names:
            assert len(memory.neighbours(f"{repetition}-{name}")) == 3


def test_remembering_and_connecting_may_run_at_once(memory: Memory) -> None:
    def remember(number: int) -> None:
        memory.remember(RememberedItem(str(number), "s", "text", "", embedding=near(1, number)))

    def connect(number: int) -> None:
        memory.connect(str(number), ANALYSIS, PERSPECTIVES, embedding=near(1, number))

    with ThreadPoolExecutor(4) as pool:
        for number in range(20):
            pool.submit(connect, number)
            pool.submit(remember, number)
    assert memory.check().startswith("20 items, 20 vectors, ")
    assert all(len(memory.neighbours(str(number))) > 6 for number in range(20))


def test_an_unknown_item_has_no_neighbours(memory: Memory) -> None:
    assert memory.neighbours("nobody", 3) == []


def test_the_nearest_come_first_and_no_more_than_asked_for(memory: Memory) -> None:
    memory.connect("a", ANALYSIS, PERSPECTIVES)
    found = memory.neighbours("a", 2, limit=4)
    assert len(found) == 4
    assert [node.depth for node in found] == sorted(node.depth for node in found)


def test_a_busy_graph_is_walked_quickly_and_completely(memory: Memory) -> None:
    for number in range(60):
        memory.connect(str(number), Analysis("", ("shared", f"own {number}"), (), 0.5), content_type="news")
    found = memory.neighbours("0", 4, limit=1000)
    assert len({node.key for node in found if node.kind == "item"}) == 59
    assert len(found) == len({(node.kind, node.key) for node in found})
