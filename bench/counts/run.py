"""What are the counts of the local analysis worth? `python -m bench.counts.run`.

Texts with what a reader finds in them: those of texts.yaml, written for this; the news, lessons and discussions of
bench/quality/corpus, which all hold claims (and the discussions views); and those of its other texts in which nothing
was counted, read for this (read.yaml). A count is right when it says rightly whether there is such a thing at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import yaml

from pipeline.stages.analyze.claims import claims
from pipeline.stages.analyze.perspectives import perspectives
from pipeline.stages.analyze.sentences import split
from pipeline.stages.analyze.worth import MOSTLY_PERSONAL, impersonal_share
from pipeline.stages.assess.embeddings import Embedder

HERE = Path(__file__).parent
CORPUS = HERE.parent / "quality" / "corpus"
HELD = ("news", "education", "discussion")  # types of which every text holds claims


class Judged(msgspec.Struct, frozen=True):
    """One text: what is in it (None: nobody looked), what was counted, and how impersonal it is (0..1)."""

    name: str
    claims: bool
    views: bool | None
    counted_claims: int
    counted_views: int
    impersonal: float


def judged() -> list[Judged]:
    """Count in every text that was judged."""
    embed = Embedder().embed
    found = []
    for name, text, has_claims, has_views in _texts():
        sentences = split(text)
        counts = len(claims(sentences)), len(perspectives(sentences, embed))
        found.append(Judged(name, has_claims, has_views, *counts, impersonal_share(sentences)))
    return found


def figures(texts: list[Judged]) -> dict[str, tuple[float, str]]:
    """Return each figure with what it was made of.

    Where nothing was counted, the share of texts that hold nothing is read off. Where something was, the texts are
    weighed so that half of them hold something: how many do in use, nobody knows.
    """
    nothing = [text for text in texts if not text.counted_claims]
    personal = [text for text in nothing if text.impersonal <= MOSTLY_PERSONAL]
    others = [text for text in nothing if text.impersonal > MOSTLY_PERSONAL]
    own = [text for text in texts if text.views is not None]
    return {
        "no claims, mostly personal text": _share_without(personal),
        "no claims, any other text": _share_without(others),
        "some claims": _posterior(
            [text.counted_claims > 0 for text in texts if text.claims],
            [text.counted_claims > 0 for text in texts if not text.claims and text.views is not None],
        ),
        "no perspectives": _posterior(
            [text.counted_views == 0 for text in own if not text.views],
            [text.counted_views == 0 for text in own if text.views],
        ),
        "some perspectives": _posterior(
            [text.counted_views > 0 for text in own if text.views],
            [text.counted_views > 0 for text in own if not text.views],
        ),
    }


def _share_without(texts: list[Judged]) -> tuple[float, str]:
    without = sum(not text.claims for text in texts)
    return without / len(texts), f"{without} of {len(texts)} texts"


def _posterior(right: list[bool], wrong: list[bool]) -> tuple[float, str]:
    hits, alarms = sum(right) / len(right), sum(wrong) / len(wrong)
    told = f"counted so in {sum(right)} of {len(right)} that are so and in {sum(wrong)} of {len(wrong)} that are not"
    return hits / (hits + alarms), told


def _texts() -> Iterator[tuple[str, str, bool, bool | None]]:
    for row in yaml.safe_load((HERE / "texts.yaml").read_text(encoding="utf-8")):
        yield row["name"], row["text"], row["claims"], row["views"]
    read = yaml.safe_load((HERE / "read.yaml").read_text(encoding="utf-8"))
    for path in sorted(CORPUS.rglob("*.txt")):
        name, kind = path.relative_to(CORPUS).with_suffix("").as_posix(), path.parent.name
        if name in read or kind in HELD:
            views = True if kind == "discussion" else None
            yield name, path.read_text(encoding="utf-8"), read.get(name, True), views


if __name__ == "__main__":
    for figure, (value, told) in figures(judged()).items():
        print(f"{figure:34} {value:.2f}   {told}")
