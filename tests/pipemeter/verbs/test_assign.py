from __future__ import annotations

import pytest

from tests.pipemeter.conftest import Pipemeter


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("assign",), 2, "Missing argument"),
        (("assign", "key", "--weights", "0,0"), 2, "--weights '0,0'"),
        (("assign", "key", "--weights=-1,2"), 2, "--weights '-1,2'"),
        (("assign", "key", "--weights", "nan,1"), 2, "--weights 'nan,1'"),
        (("assign", "key", "--versions", "a,"), 2, "--versions 'a,'"),
        (("assign", "key", "--versions", "a,a"), 2, "different version names"),
        (("assign", "key", "--weights", "1,2,3"), 2, "expected 2 weights"),
        (("assign", "key", "--weights", "1,x"), 2, "expected a number"),
    ],
)
def test_what_a_user_gets_wrong_is_one_sentence(
    pipemeter: Pipemeter, arguments: tuple[str, ...], code: int, told: str
) -> None:
    done = pipemeter(*arguments)
    assert done.code == code
    assert told in done.err


def test_assign_gives_a_key_its_group(pipemeter: Pipemeter) -> None:
    assert pipemeter("assign", "talk.mp4").out == "aggressive\n"
    assert pipemeter("assign", "-", stdin="talk.mp4\nitem-1\n").out == "talk.mp4\taggressive\nitem-1\tconservative\n"
    assert pipemeter("assign", "talk.mp4", "--versions", "a,b", "--weights", "1,0", "--json").lines() == [
        {"key": "talk.mp4", "version": "a"}
    ]
