from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from pipeline.item import Scores
from pipeline.stages.remember import Memory, RememberedItem


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    with Memory(tmp_path / "new" / "folder" / "memory.sqlite") as opened:
        yield opened


def item(name: str, text: str = "", **more: object) -> RememberedItem:
    return RememberedItem(
        **({"content_hash": name, "source": f"/{name}", "text": text, "summary": f"about {name}"} | more)  # type: ignore[arg-type]
    )


def direction(*values: float) -> tuple[float, ...]:
    return (*values, *(0.0,) * (8 - len(values)))


def test_an_outcome_is_known_under_its_configuration_only(memory: Memory) -> None:
    memory.store_outcome("abc", "config-1", "/a.txt", b"\x00outcome", 1.0)
    assert memory.known("abc", "config-1") == b"\x00outcome"
    assert memory.known("abc", "config-2") is None
    assert memory.known("other", "config-1") is None


def test_an_outcome_stored_again_replaces_the_first(memory: Memory) -> None:
    memory.store_outcome("abc", "c", "/a.txt", b"first", 1.0)
    memory.store_outcome("abc", "c", "/b.txt", b"second", 2.0)
    assert memory.known("abc", "c") == b"second"
    assert "1 outcomes" in memory.check()


def test_everything_is_there_after_opening_again(tmp_path: Path) -> None:
    path = tmp_path / "memory.sqlite"
    with Memory(path) as memory:
        memory.store_outcome("abc", "c", "/a.txt", b"x", 1.0)
        memory.remember(item("abc", "The dam holds.", embedding=direction(1)))
    with Memory(path) as memory:
        assert memory.known("abc", "c") == b"x"
        assert [hit.content_hash for hit in memory.search("dam")] == ["abc"]
        assert [hit.content_hash for hit in memory.nearest(direction(1))] == ["abc"]


def test_a_remembered_item_is_found_by_its_words(memory: Memory) -> None:
    memory.remember(item("a", "Beavers build dams along the river.", title="On beavers", content_type="news"))
    memory.remember(item("b", "Night trains are coming back."))
    (hit,) = memory.search("river")
    assert (hit.content_hash, hit.title, hit.source, hit.content_type) == ("a", "On beavers", "/a", "news")
    assert "[river]" in hit.snippet
    assert hit.summary == "about a"


def test_a_word_in_the_title_counts_more_than_one_in_the_text(memory: Memory) -> None:
    memory.remember(item("text", "A bridge is a bridge.", title="Something else"))
    memory.remember(item("title", "Something else is something else.", title="The bridge"))
    hits = memory.search("bridge")
    assert [hit.content_hash for hit in hits] == ["title", "text"]
    assert hits[0].score > hits[1].score


def test_other_forms_of_a_word_and_accents_match(memory: Memory) -> None:
    memory.remember(item("a", "The bridges of F\u00e1tima"))
    assert [len(memory.search(query)) for query in ("bridge", "Fatima")] == [1, 1]


def test_the_query_language_of_fts5_may_be_used(memory: Memory) -> None:
    memory.remember(item("a", "red bridge"))
    memory.remember(item("b", "blue bridge"))
    assert {hit.content_hash for hit in memory.search("bridge NOT red")} == {"b"}
    assert {hit.content_hash for hit in memory.search('"red bridge" OR bl*')} == {"a", "b"}
    assert memory.search("bridge", limit=1)[0].content_hash in {"a", "b"}


@pytest.mark.parametrize(
    "query",
    [
        "what's a bridge?",
        'bridge "',
        "bridge AND",
        "(bridge",
        "a-bridge",
        "no_column: bridge",
        "bridge\x00",
        "^",
        "*",
        "NEAR(",
    ],
)
def test_any_query_is_taken_even_one_that_is_no_valid_fts5(memory: Memory, query: str) -> None:
    memory.remember(item("a", "what s a bridge and no_column"))
    assert {hit.content_hash for hit in memory.search(query)} <= {"a"}


@pytest.mark.parametrize("query", ["", "  ", "?!", "\ud800"])
def test_a_query_without_words_finds_nothing(memory: Memory, query: str) -> None:
    memory.remember(item("a", "bridge"))
    assert memory.search(query) == []


def test_an_item_remembered_again_is_replaced_everywhere(memory: Memory) -> None:
    memory.remember(item("a", "Beavers build dams.", embedding=direction(1), scores=Scores(0.1, 0.2, 0.3, 0.4)))
    memory.nearest(direction(1))
    memory.remember(item("a", "Night trains are back.", embedding=direction(0, 1)))
    assert memory.search("beavers") == []
    assert len(memory.search("trains")) == 1
    assert [round(hit.score, 3) for hit in memory.nearest(direction(0, 1))] == [1.0]
    assert memory.check().startswith("1 items, 1 vectors, ")


def test_the_nearest_come_first_with_their_cosine(memory: Memory) -> None:
    memory.remember(item("same", embedding=direction(2)))
    memory.remember(item("near", embedding=direction(1, 1)))
    memory.remember(item("far", embedding=direction(-1, 1)))
    hits = memory.nearest(direction(1), limit=2)
    assert [(hit.content_hash, round(hit.score, 3)) for hit in hits] == [("same", 1.0), ("near", 0.707)]


def test_the_search_in_memory_agrees_with_a_plain_one(memory: Memory) -> None:
    random = np.random.default_rng(7)
    vectors = random.normal(size=(600, 16)).astype(np.float32)
    for number, vector in enumerate(vectors):
        memory.remember(item(str(number), embedding=tuple(vector.tolist())))
        if number % 150 == 0:
            memory.nearest(vector.tolist())  # the matrix grows between searches
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    expected = np.argsort(-(units @ units[5]))[:10]
    assert [hit.content_hash for hit in memory.nearest(vectors[5].tolist(), 10)] == [str(row) for row in expected]


def test_vectors_of_another_model_do_not_disturb(memory: Memory) -> None:
    memory.remember(item("old", embedding=(1.0, 0.0)))
    memory.remember(item("new", embedding=direction(1)))
    assert [hit.content_hash for hit in memory.nearest((1.0, 0.0))] == ["old"]
    memory.remember(item("old", embedding=direction(1)))
    assert memory.nearest((1.0, 0.0)) == []
    assert {hit.content_hash for hit in memory.nearest(direction(1))} == {"old", "new"}


@pytest.mark.parametrize("vector", [(), (0.0,) * 8, (float("nan"),) * 8, (float("inf"),) * 8])
def test_a_vector_without_direction_is_neither_kept_nor_searched(memory: Memory, vector: tuple[float, ...]) -> None:
    memory.remember(item("a", "text", embedding=vector))
    assert memory.nearest(vector) == memory.nearest(direction(1)) == []
    assert memory.search("text")


def test_what_another_process_remembers_is_found_at_once(tmp_path: Path) -> None:
    path = tmp_path / "memory.sqlite"
    with Memory(path) as one, Memory(path) as other:
        one.remember(item("a", embedding=direction(1)))
        assert [hit.content_hash for hit in other.nearest(direction(1))] == ["a"]
        other.remember(item("b", embedding=direction(1)))
        assert {hit.content_hash for hit in one.nearest(direction(1))} == {"a", "b"}


def test_damaged_text_is_kept_with_replacements(memory: Memory) -> None:
    memory.remember(item("a", "one \ud800 two\x00three", title="\udfff", source="/\udc80.txt"))
    assert memory.search("three")[0].title == "?"


def test_threads_share_one_memory(memory: Memory) -> None:
    def work(number: int) -> bool:
        memory.remember(item(str(number), f"word{number} shared", embedding=direction(1, number)))
        memory.store_outcome(str(number), "c", "s", b"x", 0.0)
        memory.nearest(direction(1, number))
        return memory.known(str(number), "c") == b"x" and len(memory.search(f"word{number}")) == 1

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(80)))
    assert memory.check().startswith("80 items, 80 vectors, ")


_WRITER = """
import sys
from pathlib import Path
from pipeline.stages.remember import Memory, RememberedItem
path, name = Path(sys.argv[1]), sys.argv[2]
sys.stdin.readline()  # all begin at once
with Memory(path) as memory:
    for number in range(25):
        memory.remember(RememberedItem(f"{name}-{number}", "s", f"text {number}", "", embedding=(1.0, number, 0.5)))
        memory.connect(f"{name}-{number}", embedding=(1.0, number, 0.5))
        memory.store_outcome(f"{name}-{number}", "c", "s", b"x", 0.0)
"""


def test_processes_share_one_file_from_its_creation_on(tmp_path: Path) -> None:
    path = tmp_path / "memory.sqlite"
    writers = [
        subprocess.Popen([sys.executable, "-c", _WRITER, str(path), str(name)], stdin=subprocess.PIPE, text=True)
        for name in range(5)
    ]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.close()
    assert [writer.wait(120) for writer in writers] == [0] * 5
    with Memory(path) as memory:
        assert memory.check().startswith("125 items, 125 vectors, ")
        assert len(memory.nearest((1.0, 3.0, 0.5), 200)) == 125
