"""Each case was put to a Pushgateway 1.5, which answered 400 or 200 as here (but for the last two that are taken)."""

from __future__ import annotations

import pytest

from exporter.errors import ApiError
from exporter.pushgateway.pushed import families_of
from exporter.pushgateway.strict_text import check, is_number

GROUP = (("job", "j"),)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a \uff11\n", "line 1: expected a number that 64 bits can hold, got"),
        ("a 1\na \u0661\n", "line 2: expected a number"),
        ("a 1e400\n", "got '1e400'"),
        ("a -1e400\n", "got '-1e400'"),
        ("a \xa01\n", "expected a number"),
        ("a +nan\n", "expected a number"),
        ('a{b="\\x"} 1\n', "labels are written"),
        ('a{b="\\"\\x"} 1\n', "labels are written"),
        ("# HELP a Text \\x\na 1\n", "a HELP may hold"),
        ("#HELP a \\x\na 1\n", "a HELP may hold"),
        ("# HELP a Text\\\na 1\n", "a HELP may hold"),
        ("a{,} 1\n", "labels are written"),
        ('a{,b="1"} 1\n', "labels are written"),
        ('a{b="1",,} 1\n', "labels are written"),
        ("a 1 \n", "no blank behind it"),
        ("a 1\t\n", "no blank behind it"),
        ('a{b="1"} 1 \n', "no blank behind it"),
        ('# TYPE q histogram\nq_bucket{le="x"} 1\n', "q: expected a number as le, got 'x'"),
        ('# TYPE q histogram\nq_bucket{le="1_0"} 1\n', "q: expected a number as le"),
        ('# TYPE q histogram\nq_bucket{le=""} 1\n', "q: expected a number as le"),
        ('# TYPE s summary\ns{quantile=""} 1\n', "s: expected a number as quantile, got ''"),
    ],
)
def test_what_a_pushgateway_refuses_is_refused(text: str, said: str) -> None:
    with pytest.raises(ApiError) as refusal:
        families_of(text.encode(), "text/plain", GROUP)
    assert refusal.value.status == 400
    assert said in str(refusal.value)


@pytest.mark.parametrize(
    "text",
    [
        " a 1\n",
        "a  1\n",
        "a\t1\n",
        'a{b="1",} 1\n',
        "a{} 1\n",
        'a { b = "1" } 1\n',
        'a{b="1"}1\n',
        "a Inf\n",
        "a +infinity\n",
        "a nan\n",
        "a .5\n",
        "a 5.\n",
        "a 1e-400\n",
        "a 1e308\n",
        "a +1\n",
        'a{b="x\\\\"} 1\n',
        'a{b="x}y\\n"} 1\n',
        "# HELP a Text \\\\x and \\n\na 1\n",
        "# comment \\x\na 1\n",
        "# HELP a\na 1\n",
        "a 1\n\n \nb 1\n",
        'q_bucket{le="x"} 1\n',
        '# TYPE q_bucket gauge\nq_bucket{le="x"} 1\n',
        "a 1\r\n",  # a Pushgateway refuses the carriage return; scripts on Windows write it
        "a 1",  # and it refuses a body whose last line has no end
    ],
)
def test_what_a_pushgateway_takes_is_taken(text: str) -> None:
    check(text)
    assert families_of(text.encode(), "text/plain", GROUP)


def test_a_line_of_any_length_is_read_in_one_go() -> None:
    with pytest.raises(ValueError, match="labels are written"):
        check("a{" + 'b="x",' * 200_000 + ",")


def test_a_number_is_one_that_go_reads() -> None:
    assert all(map(is_number, ("0", "-0.5", "1e3", "+Inf", "-infinity", "NaN")))
    assert not any(map(is_number, ("", "x", "1_0", " 1", "1 ", "0x1", "+nan", "1e999")))
