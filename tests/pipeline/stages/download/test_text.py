from __future__ import annotations

import pytest

from pipeline.errors import StageError
from pipeline.stages.download.text import decode_text, strip_markup

WORDS = "Größe und Maß: “naïve” déjà vu, señor. "


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_a_text_is_decoded_whatever_its_encoding(encoding: str) -> None:
    assert decode_text((WORDS * 10).encode(encoding)) == WORDS * 10


def test_a_charset_from_outside_is_used_for_what_is_not_utf_8() -> None:
    assert decode_text("Привет, мир".encode("cp1251"), "windows-1251") == "Привет, мир"
    assert decode_text("Привет".encode(), "windows-1251") == "Привет"
    assert decode_text(b"caf\xe9 " * 20, "no-such-charset") == "café " * 20


def test_binary_data_are_no_text() -> None:
    with pytest.raises(StageError) as error:
        decode_text(bytes(range(256)) * 8)
    assert error.value.error_type == "corrupt"


def test_markup_is_stripped_to_lines_of_words() -> None:
    html = "<h1>A&amp;B</h1><p>One <b>two</b>\n three</p><script>var x = 1;</script><ul><li>four<li>five</ul><br>six"
    assert strip_markup(html) == "A&B\nOne two three\nfour\nfive\nsix"


def test_broken_markup_keeps_its_words() -> None:
    assert strip_markup("<p>One <b>two</p> </style> three <") == "One two\nthree <"
