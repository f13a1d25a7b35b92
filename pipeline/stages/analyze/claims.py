"""Checkable statements by their outward signs: numbers, dates, attribution, comparison.

A sign says that a statement can be checked, not that it is true or important; hence confidences from 0.2 to 0.65.
Questions, requests, wishes and what the speaker merely thinks are no claims.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from pipeline.item import Claim
from pipeline.stages.analyze.sentences import Sentence
from pipeline.words import count_words

MOST_CLAIMS = 12
LONGEST_CLAIM_CHARS = 300
LEAST_WORDS = 5
FURTHER_SIGN = 0.06  # each sign beside the strongest makes a claim likelier
SUREST = 0.65
LEAST = 0.2

_NUMBER_WORD = (
    r"(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|"
    r"fifteen|sixteen|seventeen|eighteen|"
    r"nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand|"
    r"million|billion|dozen|half|"
    r"a third|two thirds|a quarter)"
)
_DIGITS = r"(?:[$€£¥]\s?)?\d[\d.,]*(?:\s?(?:%|°))?"
_QUANTITY = rf"(?:{_DIGITS}|\b{_NUMBER_WORD}(?:[ -]{_NUMBER_WORD})*\b)"
_UNIT = (
    r"(?:per ?cent|percent|%|percentage|points?|dollars?|euros?|pounds?|cents?|million|"
    r"billion|thousand|hundred|people|men|women|"
    r"children|patients|passengers|customers|workers|students|pupils|families|households|"
    r"homes|houses|flats|votes?|seats?|cases|"
    r"deaths|species|countries|schools|companies|kilomet(?:re|er)s?|met(?:re|er)s?|"
    r"miles?|feet|tonnes?|tons?|kilos?|grams?|"
    r"lit(?:re|er)s?|degrees|seconds?|minutes?|hours?|days|weeks|months|years|times|"
    r"watts?|volts?|megawatts?|gigabytes?|"
    r"of (?:the|all|them|our|their|those|every))"
)
_MONTH = (
    r"(?:January|February|March|April|June|July|August|September|October|November|"
    r"December|Jan\.|Feb\.|Aug\.|Sept\.|Oct\.|"
    r"Nov\.|Dec\.)"
)
_DAY = r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day"
_SAYING = (
    r"(?:said|says|told|reported|reports|announced|confirmed|found|estimates?|estimated|"
    r"showed|shows|claims?|claimed|argues|"
    r"argued|stated|warned|wrote|published|concluded|suggests?|according to|denied|admitted|revealed)"
)

# kind -> (sign, confidence of a sentence with that sign)
_SIGNS: tuple[tuple[str, re.Pattern[str], float], ...] = (
    ("number", re.compile(rf"{_QUANTITY}[ -](?:\w+[ -])?{_UNIT}\b", re.I), 0.45),
    ("number", re.compile(r"\d[\d.,]*\s?%|[$€£¥]\s?\d"), 0.5),
    (
        "number",
        re.compile(rf"\b(?:one|{_NUMBER_WORD}) (?:in|out of|of the) (?:\w+ )?(?:{_NUMBER_WORD}|\d+)\b", re.I),
        0.4,
    ),
    ("number", re.compile(r"(?<![\w.:])\d[\d.,]*\d(?![\w:])|\b(?:hundreds|thousands|millions|billions) of\b"), 0.3),
    (
        "date",
        re.compile(
            r"\b(?:in|since|by|until|before|after|from|of|around|during) (?:the )?(?:1[0-9]|" r"20)\d\ds?\b", re.I
        ),
        0.45,
    ),
    ("date", re.compile(rf"\b(?:\d{{1,2}}(?:st|nd|rd|th)? (?:of )?{_MONTH}|{_MONTH} \d{{1,2}}\b)"), 0.45),
    ("date", re.compile(rf"\b(?:last|on|since|in|by|until|next) (?:{_DAY}|{_MONTH}|year|month|century)\b"), 0.3),
    ("date", re.compile(r"\b(?:decades|centuries|(?:\w+ )?years) ago\b", re.I), 0.3),
    ("attribution", re.compile(r"\baccording to\b", re.I), 0.5),
    (
        "attribution",
        re.compile(
            r"\b(?:study|studies|survey|report|research|researchers|scientists|analysts|"
            r"experts|officials|police|court|data|"
            rf"figures|poll|commission|ministry|government|company|university|agency|spokes\w+)\b[^.?!]{{0,40}}\b{_SAYING}\b",
            re.I,
        ),
        0.5,
    ),
    ("attribution", re.compile(rf"\b[A-Z][\w'-]+(?: [A-Z][\w'-]+)+,?[^.?!\"]{{0,60}}\b{_SAYING}\b"), 0.4),
    (
        "attribution",
        re.compile(rf"\",? (?:(?!I |he |she |they |we )\w+ ){{0,2}}{_SAYING} (?!I\b|he\b|she\b|they\b)"),
        0.35,
    ),
    (
        "comparison",
        re.compile(
            r"\b(?:more|less|fewer|higher|lower|greater|larger|smaller|faster|slower|better|"
            r"worse|cheaper|older|"
            r"longer|shorter|bigger|stronger|weaker|\w{3,}ier) (?:\w+ ){0,2}than\b",
            re.I,
        ),
        0.4,
    ),
    (
        "comparison",
        re.compile(r"\b(?:twice|three times|four times|ten times|half) (?:as|the|its|their|more)\b", re.I),
        0.4,
    ),
    (
        "comparison",
        re.compile(
            r"\b(?:rose|fell|grew|dropped|increased|decreased|doubled|tripled|halved|climbed|"
            r"shrank|"
            r"declined) (?:\w+ )?(?:by|from|to)\b",
            re.I,
        ),
        0.45,
    ),
    (
        "comparison",
        re.compile(
            r"\bthe (?:highest|lowest|largest|smallest|biggest|fastest|slowest|oldest|first|"
            r"longest|most \w+|"
            r"least \w+|worst|best) (?:[\w-]+ ){0,4}(?:in|since|of|ever|on|for)\b",
            re.I,
        ),
        0.35,
    ),
    (
        "statement",
        re.compile(
            r"\b(?:causes?|caused|prevents?|leads? to|led to|results? in|resulted in|contains?|"
            r"consists? of|is made of|"
            r"are made of|depends? on|produces?|is known as|was founded|was built|was invented|"
            r"discovered)\b",
            re.I,
        ),
        0.3,
    ),
)
_NOT_CLAIMED = re.compile(
    r"^(?:please|let(?:'s| us)|imagine|suppose|if you|you can|you should|try|take|"
    r"put|add|make sure|don't|click|press)\b"
    r"|\b(?:I wish|would you|could you|shall we|I hope|I'd like)\b",
    re.I,
)
_HEDGE = re.compile(
    r"\b(?:I (?:think|guess|suppose|believe|feel)|maybe|perhaps|probably|might|could|"
    r"would|may|seems?|apparently|kind of|"
    r"sort of|something like|I (?:don't|do not) know|if)\b",
    re.I,
)
_OWN_STORY = re.compile(r"\b(?:I|my|me|we)\b")


def claims(sentences: Iterable[Sentence], *, most: int = MOST_CLAIMS) -> tuple[Claim, ...]:
    """Return up to `most` claims, the surest first; their text is at most 300 characters."""
    found = [claim for sentence in sentences if (claim := _claim(sentence.text)) is not None]
    distinct = {claim.text.casefold(): claim for claim in reversed(found)}
    ordered = sorted(distinct.values(), key=lambda claim: (-claim.confidence, found.index(claim)))
    return tuple(ordered[:most])


def _claim(sentence: str) -> Claim | None:
    if count_words(sentence) < LEAST_WORDS or "?" in sentence[-3:] or _NOT_CLAIMED.search(sentence):
        return None
    signs = [(confidence, kind) for kind, sign, confidence in _SIGNS if sign.search(sentence)]
    if not signs:
        return None
    strongest, kind = max(signs)
    kinds = {kind for _, kind in signs}
    confidence = min(SUREST, strongest + FURTHER_SIGN * (len(kinds) - 1)) * _certainty(sentence)
    return Claim(_shortened(sentence), round(confidence, 3), kind) if confidence >= LEAST else None


def _certainty(sentence: str) -> float:
    """How firmly it is said: hedges and stories about oneself are harder to check."""
    hedged = 0.65 if _HEDGE.search(sentence) else 1.0
    return hedged * (0.75 if _OWN_STORY.search(sentence) else 1.0)


def _shortened(sentence: str) -> str:
    if len(sentence) <= LONGEST_CLAIM_CHARS:
        return sentence
    return sentence[: LONGEST_CLAIM_CHARS - 1].rsplit(" ", 1)[0] + "…"
