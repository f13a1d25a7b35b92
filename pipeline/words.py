"""What a word is: the one place that counts words, for every script.

Between spaces a word is what holds a letter or a digit: `♪ ♪`, `--` and `...` are none. Scripts that put no spaces
between words are counted by their letters, so many to a word that a text counts about as many words as its English
translation: thresholds in words (40, 80, words a minute) then mean the same amount of content in every language. A
dictionary would find the true boundaries; it would weigh more than all other counting together, and no threshold here
needs to know where a word ends.

The letters a word are those of Article 1 of the Universal Declaration of Human Rights over the 30 words of its English
text (tests/pipeline/test_words.py holds it in every language), but for Han: 1.5, the mean length of a word in running
Chinese, where that terse text has 1.3; kana are what then remains of the Japanese text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

LETTERS_A_WORD = {  # script: (letters to a word, its ranges)
    "Han": (1.5, "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"),
    "kana": (4.0, "\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\uff66-\uff9d"),
    "Hangul": (2.2, "\u1100-\u11ff\u3131-\u318e\uac00-\ud7a3"),
    "Thai": (3.5, "\u0e01-\u0e30\u0e32\u0e33\u0e40-\u0e46"),
    "Lao": (4.4, "\u0e81-\u0eb0\u0eb2\u0eb3\u0ebd\u0ec0-\u0ec6\u0edc-\u0edf"),
    "Khmer": (3.8, "\u1780-\u17b3"),
    "Myanmar": (3.4, "\u1000-\u102a\u103f\u1050-\u1055"),
}
# vowel signs, tone marks and the like, which stand on a letter and are none themselves
_MARKS = "\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ece\u102b-\u103e\u1056-\u1059\u17b4-\u17d3\u17dd"
# inside a character class of a pattern; Korean has spaces, but between what are two or three words elsewhere
UNSPACED = "".join(ranges for script, (_, ranges) in LETTERS_A_WORD.items() if script != "Hangul")
_RUN = re.compile(f"[{UNSPACED}{LETTERS_A_WORD['Hangul'][1]}{_MARKS}]+")
_SCRIPTS = tuple((re.compile(f"[{ranges}]"), letters) for letters, ranges in LETTERS_A_WORD.values())
_SPACE_BETWEEN = re.compile(rf"(?<=[{UNSPACED}{_MARKS}]) (?=[{UNSPACED}])")
_LETTER = re.compile(r"[^\W_]")
CLUSTER = rf"[{UNSPACED}][{_MARKS}]*"  # a letter with what stands on it


def count_words(text: str) -> int:
    """Return the number of words in a text, 0 for one without a letter or digit."""
    if text.isascii():
        return _spaced(text)
    text = unicodedata.normalize("NFC", text)
    spaced = _spaced(_RUN.sub(" ", text))
    unspaced = sum(len(script.findall(text)) / letters for script, letters in _SCRIPTS)
    return spaced + (max(1, round(unspaced)) if unspaced else 0)


def has_words(text: str) -> bool:
    """Tell whether there is a word in a text at all."""
    return _LETTER.search(text) is not None


def as_written(words: Iterable[str]) -> str:
    """Return words as they stand in a text: with spaces, but for letters of scripts that have none."""
    return _SPACE_BETWEEN.sub("", " ".join(words))


def _spaced(text: str) -> int:
    return sum(_LETTER.search(stretch) is not None for stretch in text.split())
