"""Expressions mean what CEL says: everything here is asked of the library common-expression-language too."""

from __future__ import annotations

import math
from typing import Any

import cel
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.decisions.cel import MAX_DEPTH, Program
from pipeline.decisions.cel_values import CelError

FACTS: dict[str, Any] = {"words": 7, "zero": 0, "share": 0.25, "speech": True, "language": "en"}
NOTHING = object()


def ours(source: str, facts: dict[str, Any]) -> Any:
    try:
        return Program(source).execute(facts)
    except CelError:
        return NOTHING


def theirs(source: str, facts: dict[str, Any]) -> Any:
    try:
        return cel.compile(source).execute(facts)
    except Exception:  # noqa: BLE001 - its exception types are not public
        return NOTHING


def same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float) and math.isnan(one):
        return math.isnan(other)
    return type(one) is type(other) and bool(one == other)


EXPRESSIONS = """
       1 + 2 * 3 == 7
       (1 + 2) * 3
       10 - 3 - 2
       -words + 1
       - -share
       --5
       !!speech
       -words * 2
       5 / 2
       -5 / 2
       5 / -2
       -5 % 3
       5 % -3
       5.0 / 2.0
       1 / zero
       1 % zero
       1.0 / 0.0
       -1.0 / 0.0
       0.0 / 0.0
       5.5 % 2.0
       words + share
       words * 2.0
       words < 7.5
       words == 7.0
       share <= 0.25
       1 / zero > 1 || speech
       speech || 1 / zero > 1
       1 / zero > 1 && !speech
       !speech && 1 / zero > 1
       1 / zero > 1 && speech
       words && !speech
       words && speech
       words || speech
       words || !speech
       !words
       speech == true
       true == 1
       language == 1
       language != 'de'
       language < 'fr'
       language < 1
       false < true
       words < speech
       words in [1, 7.0]
       language in ['de', 'en']
       language in 'den'
       7 in []
       [1, 2] == [1, 2.0]
       [1] + [2] == [1, 2]
       [1] < [2]
       'a' + "b" == 'ab'
       'a' - 'b'
       speech ? words : language
       words ? 1 : 2
       speech ? 1 : false ? 2 : 3
       !speech ? 1 : speech ? 2 : 3
       language.startsWith('e') && language.endsWith("n") && !language.contains('x')
       language.size() == size('en')
       size([1, 2, 3])
       size(words)
       int(share * 10.0)
       int('12') + 1
       int('twelve')
       double(words) / 2.0
       double('1.5')
       max(1, 2)
       language.lower()
       'it''s'
       "it's" == 'it\\'s'
       '\\n\\t\\x41\\u00e9\\101' == "\\n\\tA\\u00e9A"
       '\\d'
       r'\\d' == '\\\\d'
       0x1F + 1
       1e3 > .5
       1.5e-2
       9223372036854775807 + 1
       9223372036854775808
       -9223372036854775808
       9223372036854775807 * 2
       1e400
       1.
       null == words
       words // a comment
       words < 3 == speech
       1 < 2 < 3
       words ==
       && words
       words language
       words = 7
       words and speech
       not speech
       (words
       [1, 2
       words)
       language.startsWith('e'
       words ? 1
       @words
       'never closed
"""


@pytest.mark.parametrize("source", [line.strip() for line in EXPRESSIONS.strip().splitlines()])
def test_an_expression_has_the_value_that_the_library_finds(source: str) -> None:
    assert same(ours(source, FACTS), theirs(source, FACTS))


ATOMS = st.sampled_from(
    [
        "words",
        "zero",
        "share",
        "speech",
        "language",
        "0",
        "3",
        "-2",
        "0.5",
        "2.0",
        "true",
        "false",
        "'en'",
        "'e'",
        "[7, 'en']",
    ]
)
NUMBERS = st.sampled_from(["words", "share", "3", "-2.0"])  # the library negates true to false, CEL does not
BINARY = st.sampled_from(
    ["+", "-", "*", "/", "%", "<", "<=", ">", ">=", "==", "!=", "in", "&&", "||", " && ", " || "]
).map(lambda sign: f" {sign} ")


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, BINARY, inner).map("".join),
        inner.map("({})".format),
        inner.map("!({})".format),
        NUMBERS.map("-{}".format),
        st.tuples(inner, inner, inner).map(lambda three: f"({three[0]} ? {three[1]} : {three[2]})"),
        inner.map("size({})".format),
        st.tuples(inner, inner).map(lambda two: f"({two[0]}).contains({two[1]})"),
    )


@settings(max_examples=400, deadline=None)
@given(
    st.recursive(ATOMS, _grown, max_leaves=8),
    st.fixed_dictionaries(
        {"words": st.integers(-3, 9), "zero": st.just(0), "share": st.sampled_from([0.0, 0.25, 0.5, 2.0, -1.5]),
         "speech": st.booleans(), "language": st.sampled_from(["", "e", "en", "de"])}
    ),
)  # fmt: skip
def test_any_expression_has_the_value_that_the_library_finds(source: str, facts: dict[str, Any]) -> None:
    assert same(ours(source, facts), theirs(source, facts)), source


def test_the_names_that_an_expression_asks_for_are_known_before_it_is_asked() -> None:
    assert Program("words < 3 || language.startsWith('e') && size(share) in [zero, true]").variables == {
        "words", "language", "share", "zero"
    }  # fmt: skip


def test_the_least_whole_number_has_no_opposite() -> None:
    with pytest.raises(CelError, match="64 bits"):
        Program("-(-9223372036854775808)").execute({})


def test_a_name_without_a_value_is_an_error_that_names_it() -> None:
    with pytest.raises(CelError, match="missing has no value"):
        Program("missing < 3").execute(FACTS)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("words <", "unexpected end at character 8"),
        ("words = 7", "unexpected = at character 7"),
        ("words < 7 language", "unexpected language at character 11"),
        ("language > 3", "> is not defined for string and int"),
        ("max(words)", "max is none of the functions contains, double"),
        ("(" * (MAX_DEPTH + 1) + "words" + ")" * (MAX_DEPTH + 1), f"at most {MAX_DEPTH} brackets"),
    ],
)
def test_what_is_wrong_is_said_in_words(source: str, said: str) -> None:
    with pytest.raises(CelError, match=said.replace("(", r"\(")):
        Program(source).execute(FACTS)


def test_the_longest_expressions_that_are_read_are_evaluated_too() -> None:
    assert Program(" + ".join(["1"] * 125)).execute({}) == 125
    assert Program("!" * 400 + "speech").execute(FACTS) is True
