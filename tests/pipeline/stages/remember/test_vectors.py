from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import numpy as np
import pytest

from pipeline.stages.remember.vectors import Vector, VectorIndex, store, unit


def vector(*values: float) -> Vector:
    found = unit(values)
    assert found is not None
    return found


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with sqlite3.connect(":memory:") as found:
        found.execute("CREATE TABLE vectors (content_hash TEXT PRIMARY KEY, vector BLOB, revision INTEGER)")
        yield found
    found.close()


def keep(connection: sqlite3.Connection, index: VectorIndex, **vectors: Vector) -> None:
    for name, value in vectors.items():
        store(connection, name, value)
    index.refresh(connection)


def names(index: VectorIndex, asked: Vector, limit: int = 9, without: str | None = None) -> list[str]:
    return [name for name, _ in index.nearest(asked, limit, without=without)]


@pytest.mark.parametrize("values", [(), (0.0, 0.0), (float("nan"), 1.0), (float("inf"), 1.0), (-0.0,)])
def test_a_vector_without_a_direction_is_none(values: tuple[float, ...]) -> None:
    assert unit(values) is None


def test_a_unit_vector_has_length_one_and_is_single_precision() -> None:
    found = vector(3.0, 4.0)
    assert found.tolist() == pytest.approx([0.6, 0.8])
    assert found.dtype == np.float32


def test_the_nearest_come_first_with_their_cosine_and_equal_ones_in_the_order_of_coming(
    connection: sqlite3.Connection,
) -> None:
    index = VectorIndex()
    keep(connection, index, far=vector(0.0, 1.0), near=vector(1.0, 0.1), one=vector(3.0, 4.0), two=vector(3.0, 4.0))
    found = index.nearest(vector(1.0, 0.0), 3)
    assert [name for name, _ in found] == ["near", "one", "two"]
    assert [cosine for _, cosine in found] == pytest.approx([0.995, 0.6, 0.6], abs=0.001)


def test_the_one_that_asks_is_left_out_and_leaves_room_for_another(connection: sqlite3.Connection) -> None:
    index = VectorIndex()
    keep(connection, index, a=vector(1.0, 0.0), b=vector(1.0, 0.2), c=vector(1.0, 0.9))
    assert names(index, vector(1.0, 0.0), 2, without="a") == ["b", "c"]
    assert names(index, vector(1.0, 0.0), 0) == []


def test_only_what_is_new_is_read_and_a_change_replaces(connection: sqlite3.Connection) -> None:
    index = VectorIndex()
    keep(connection, index, a=vector(1.0, 0.0), b=vector(0.0, 1.0))
    keep(connection, index, a=vector(0.0, -1.0))
    assert names(index, vector(1.0, 0.1)) == ["b", "a"]
    revisions = dict(connection.execute("SELECT content_hash, revision FROM vectors"))
    keep(connection, index, a=vector(0.0, -1.0))  # kept already: no new revision for others to read
    assert dict(connection.execute("SELECT content_hash, revision FROM vectors")) == revisions


def test_another_model_moves_an_item_to_its_own_dimension(connection: sqlite3.Connection) -> None:
    index = VectorIndex()
    keep(connection, index, a=vector(1.0, 0.0), b=vector(1.0, 0.5))
    keep(connection, index, a=vector(1.0, 0.0, 0.0))
    assert names(index, vector(1.0, 0.0)) == ["b"]
    assert names(index, vector(1.0, 0.0, 0.0)) == ["a"]
    assert names(index, vector(1.0, 0.0, 0.0, 0.0)) == []


def test_more_vectors_than_there_is_room_for_make_room(connection: sqlite3.Connection) -> None:
    index = VectorIndex()
    many = {f"n{n}": vector(1.0, n / 1000) for n in range(600)}
    keep(connection, index, **many)
    assert names(index, vector(1.0, 0.0), 3) == ["n0", "n1", "n2"]
    assert len(names(index, vector(1.0, 0.0), 1000)) == 600
