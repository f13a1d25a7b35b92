"""Points of view by their outward signs: who speaks, whom the text quotes, where it turns to the other side.

Four signs, from the surest: a labelled speaker's opinion (0.5), attribution such as "critics say that ..." (0.45), an
opinion of nobody in particular (0.35), and turns such as "on the other hand" (0.3). A speaker who never says "I think"
gets one sentence all the same (0.3), a host does not. What says the same thing twice is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.item import Perspective
from pipeline.stages.analyze.sentences import POLITENESS, Sentence, words

Embed = Callable[[Sequence[str]], NDArray[np.float32]]

MOST_PERSPECTIVES = 8
MOST_PER_HOLDER = 2
MOST_CANDIDATES = 400  # of a very long text; the surest are kept
LEAST_WORDS = 6
LONGEST_CHARS = 300
SAME_VIEW = 0.85  # cosine from which two perspectives say the same

_STANCE = re.compile(
    r"\b(?:I (?:think|believe|feel|argue|suspect|doubt|disagree|agree|worry|dispute|prefer|support|oppose|"
    r"don't (?:think|believe|agree|accept|buy)|(?:would|'d) (?:say|argue|rather)|have to disagree|"
    r"am (?:not )?(?:for|against|convinced))"
    r"|'m (?:not )?(?:for|against|convinced|worried)|in my (?:view|opinion|experience)|"
    r"my (?:view|worry|point|concern|argument|problem|question) is|as I see it|to me,|"
    r"we (?:should|must|need to|ought to|shouldn't)|(?:they|people|nobody|everyone) (?:should|must|ought to|shouldn't)|"
    r"what (?:I dispute|worries me|matters|bothers me)|"
    r"the (?:real )?(?:problem|trouble|point|question|truth|danger|difference) is)\b(?! of\b| about\b)",
    re.I,
)
_ROLE = (
    r"(?:[Cc]ritics|[Oo]pponents|[Ss]upporters|[Pp]roponents|[Aa]dvocates|[Ss]ceptics|"
    r"[Ss]keptics|[Ee]xperts|[Aa]nalysts|"
    r"[Ss]cientists|[Rr]esearchers|[Ee]conomists|[Cc]ampaigners|[Rr]esidents|[Uu]nions|"
    r"[Oo]fficials|[Cc]onservationists|"
    r"[Hh]istorians|[Dd]octors|[Tt]eachers|[Pp]arents|[Dd]efenders|[Oo]bservers|"
    r"[Ss]ome(?: people)?|[Oo]thers|[Mm]any(?: people)?)"
)
_PERSON = r"(?:(?:Mr|Mrs|Ms|Dr|Prof|Sir)\.? )?[A-Z][\w'-]+(?: (?:[A-Z]\.|[A-Z][\w'-]+)){0,3}"
_GROUP = rf"(?:[Tt]he (?:[\w'-]+ ){{0,2}}[\w'-]+(?: {_PERSON})?|(?:[\w'-]+ )?{_ROLE})"
_OPINION_VERB = (
    r"(?:argues?|argued|believes?|believed|thinks?|claims?|claimed|insists?|insisted|"
    r"maintains?|maintained|contends?|contended|"
    r"warns?|warned|says?|said|complains?|complained|objects?|objected|fears?|feared|"
    r"hopes?|suggests?|suggested|disagrees?|"
    r"accuses?|accused|criticised|criticized|welcomed|called for|demands?|demanded|"
    r"points? out|pointed out|denied|denies|"
    r"rejected|rejects)"
)
_REPORTED = re.compile(
    rf"(?:^|[,;:.] |\b(?:but|while|and|although|whereas) )({_GROUP}|{_PERSON}),?(?: [^,.?!]{{1,60}},)? "
    rf"{_OPINION_VERB}\b"
)
_QUOTED = re.compile(
    rf"[,.!?]\" (?:says?|said|argues|argued|warned|wrote|asked|told \w+|complained) ({_PERSON})"
    rf"|[,.!?]\" ({_PERSON})(?:,[^,]{{1,60}},)? (?:said|says|argued|warned|told)\b"
)
_ACCORDING = re.compile(rf"\b[Aa]ccording to ({_GROUP}|{_PERSON})")
_NOBODY = frozenset(
    words(
        """he she they it i we you this that there what who which one and or but if when as because only then now so"""
    )
)
_AUXILIARY = re.compile(r"(?:\s+(?:had|has|have|also|later|now|who))+$")
_CONTRACTION = re.compile(r"(?:n't|'(?:ve|ll|re|d|m))$|^(?:it|he|she|that|there)'s$")
_TURN = re.compile(
    r"^(?:however,|on the other hand,|by contrast|in contrast|conversely|critics|opponents)"
    r"|\b(?:while (?:some|others|critics|supporters)|some (?:people )?(?:say|argue|think|believe)|"
    r"others (?:say|argue|think|believe|see)|opinions? (?:differ|are divided)|"
    r"the (?:counter-?argument|opposite view))\b",
    re.I,
)
_HOSTS = re.compile(r"(?:co-?)?hosts?|moderator|presenter|interviewer|chair\w*|announcer|narrator|mc", re.I)

SPEAKER_CONFIDENCE = 0.5
REPORTED_CONFIDENCE = 0.45
TURN_CONFIDENCE = 0.3
OWN_CONFIDENCE = 0.35
UNMARKED_CONFIDENCE = 0.3  # of a speaker's sentence without a word of opinion


def perspectives(
    sentences: Sequence[Sentence], embed: Embed, *, most: int = MOST_PERSPECTIVES
) -> tuple[Perspective, ...]:
    """Return up to `most` distinct points of view, the surest first, at most two of one holder.

    `holder` is a speaker's label, a name or a group in the text's own words; None where the text itself takes the view.
    """
    candidates = [view for sentence in sentences if (view := _view(sentence)) is not None]
    candidates.sort(key=lambda view: -view.confidence)  # stable: of equals the earlier one comes first
    return tuple(_distinct(candidates[:MOST_CANDIDATES], embed, most))


def _view(sentence: Sentence) -> Perspective | None:
    count = len(words(sentence.text))
    if count < LEAST_WORDS or sentence.text.rstrip("\"')").endswith("?") or POLITENESS.search(sentence.text):
        return None
    found = _reported(sentence) or _spoken(sentence) or _turn(sentence)
    if found is None:
        return None
    holder, confidence = found
    return Perspective(holder, _shortened(sentence.text), round(confidence, 3))


def _reported(sentence: Sentence) -> tuple[str, float] | None:
    for sign in (_QUOTED, _ACCORDING, _REPORTED):
        if match := sign.search(sentence.text):
            holder = _AUXILIARY.sub("", next(group for group in match.groups() if group))
            if _somebody(holder):
                return holder, REPORTED_CONFIDENCE
    return None


def _somebody(holder: str) -> bool:
    """Tell a holder of a view from a pronoun, or from words that only stand before the verb ("the horse isn't ...")."""
    own = words(holder)
    return bool(own) and not _NOBODY.intersection(own) and not any(_CONTRACTION.search(word) for word in own)


def _spoken(sentence: Sentence) -> tuple[str | None, float] | None:
    opinion = bool(_STANCE.search(sentence.text))
    if sentence.speaker is None:
        return (None, OWN_CONFIDENCE) if opinion else None
    if opinion:
        return sentence.speaker, SPEAKER_CONFIDENCE
    return None if _HOSTS.fullmatch(sentence.speaker) else (sentence.speaker, UNMARKED_CONFIDENCE)


def _turn(sentence: Sentence) -> tuple[None, float] | None:
    return (None, TURN_CONFIDENCE) if _TURN.search(sentence.text) else None


def _distinct(candidates: list[Perspective], embed: Embed, most: int) -> list[Perspective]:
    if not candidates:
        return []
    vectors = embed([view.text for view in candidates])
    taken: list[int] = []
    held: dict[str | None, int] = {}
    for index, view in enumerate(candidates):
        repeats = bool(taken) and float(np.max(vectors[taken] @ vectors[index])) >= SAME_VIEW
        allowed = 1 if view.confidence == UNMARKED_CONFIDENCE and view.holder else MOST_PER_HOLDER
        if repeats or held.get(view.holder, 0) >= allowed:
            continue
        taken.append(index)
        held[view.holder] = held.get(view.holder, 0) + 1
        if len(taken) == most:
            break
    return [candidates[index] for index in taken]


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_CHARS else text[: LONGEST_CHARS - 1].rsplit(" ", 1)[0] + "…"
