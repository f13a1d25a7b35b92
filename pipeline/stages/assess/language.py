"""Which language a text is in, as far as the scores need to know: English, another one, or none at all."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec

from pipeline.item import Transcript
from pipeline.stages.assess.vocabulary import Vocabulary
from pipeline.words import as_written

_ENGLISH_SHARE = (
    0.28  # function words in English: 0.45-0.65, in word lists and keyword soup 0.3, in other languages < 0.15
)
_SURE = 0.5
_STRETCH, _STRETCHES = 20, 30  # words; at most so many are looked at
_NO_LANGUAGE = "zxx"  # ISO 639-3: no linguistic content


class Language(msgspec.Struct, frozen=True):
    """A language and how far the scores may rest on it (1.0: signs of this language are known)."""

    code: str | None
    english: bool
    factor: float
    identified: float = 1.0  # 0-1: how consistently stretches of the text are of that language; low for babble


def find_language(transcript: Transcript, words: Sequence[str], vocabulary: Vocabulary) -> Language:
    """Return the language by its function words; only a text with few English ones is put to the identifier.

    The transcriber's word is taken for the name of another language when it is sure.
    """
    if function_share(words, vocabulary) >= _ENGLISH_SHARE:
        return Language("en", english=True, factor=1.0)
    code, identified = _identify(words)
    if transcript.language and transcript.language_confidence >= _SURE:
        code = transcript.language
    english = code == "en"
    return Language(code, english=english, factor=0.6 if english else 0.3, identified=identified)


def function_share(words: Sequence[str], vocabulary: Vocabulary) -> float:
    """Return the share of words that are English function words, 0-1."""
    if not words:
        return 0.0
    return sum(word in vocabulary.function_words for word in words) / len(words)


def _identify(words: Sequence[str]) -> tuple[str | None, float]:
    """Ask py3langid about stretches of 20 words: the commonest answer, and the mean probability of it."""
    identifier = _identifier()
    stretches = [words[start : start + _STRETCH] for start in range(0, len(words), _STRETCH)][:_STRETCHES]
    if len(stretches) > 1 and len(stretches[-1]) < _STRETCH // 2:
        stretches.pop()
    answers = [identifier.classify(as_written(stretch)) for stretch in stretches]
    code, _ = Counter(answer for answer, _ in answers).most_common(1)[0]
    if code == _NO_LANGUAGE:
        return None, 0.0
    return str(code), sum(float(chance) for answer, chance in answers if answer == code) / len(answers)


@functools.cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # its model takes most of a second: not for English

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
