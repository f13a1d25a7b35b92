"""Fit the numbers of `pipeline.stages.assess` on the tune corpus and write them beside the code.

    python -m tools.train_assess            # rewrites pipeline/stages/assess/{weights.npz,grades.json}
    python -m tools.train_assess --check    # also prints what texts left out of the fit get

Only numpy, only bench/quality/corpus/tune, seeded: the same corpus gives the same files. The held-out corpus is never
opened. Damaged copies of the good texts (bench.quality.damage) teach what bad looks like, beside the poor texts.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from bench.quality import damage
from pipeline.stages.assess.coherence import coherence_signs
from pipeline.stages.assess.content_type import BUILT_IN_TYPES, cues, topic
from pipeline.stages.assess.embeddings import Embedder, Matrix, unit_rows
from pipeline.stages.assess.emptiness import Emptiness
from pipeline.stages.assess.grade import Grade
from pipeline.stages.assess.informativeness import informativeness_signs
from pipeline.stages.assess.language_flow import Table, classes, transition_table
from pipeline.stages.assess.material import Material, material
from pipeline.stages.assess.reading import read
from pipeline.stages.assess.vocabulary import Vocabulary, vocabulary
from pipeline.stages.assess.weights import ARRAYS_FILE, GRADES_FILE
from tools import fit_emptiness, fit_grades, fit_types

CORPUS = Path(__file__).parents[1] / "bench" / "quality" / "corpus" / "tune"
SEED = 7
FOLDS = 4
# which score a poor text of the tune corpus has to teach, by a word of its file's name
INCOHERENT = ("gibberish", "salad", "fragments", "garbled", "jumping")
UNINFORMATIVE = ("filler", "clickbait", "subscribe", "seo", "boilerplate", "promo", "hype", "fragments", "gibberish")

Signs = dict[str, float]


class Bench:
    """The corpus and the tools to look at it."""

    def __init__(self, folder: Path) -> None:
        self.vocabulary: Vocabulary = vocabulary()
        self.embedder = Embedder()
        self.typed = [
            (kind, path.read_text()) for kind in BUILT_IN_TYPES for path in sorted((folder / kind).glob("*.txt"))
        ]
        self.poor = [(path.stem, path.read_text()) for path in sorted((folder / "poor").glob("*.txt"))]
        self.texts = [text for _, text in self.typed]
        self.background: Matrix = self._background()
        self.table: Table = self._table(self.texts)
        empty = fit_emptiness.examples()
        self.emptiness = fit_emptiness.fit(self.texts, empty, self.embedder)
        # what texts get that did not help to say what good is: text i is left out of fit i % FOLDS
        others = [[text for place, text in enumerate(self.texts) if place % FOLDS != fold] for fold in range(FOLDS)]
        self.tables = [self._table(texts) for texts in others]
        self.emptinesses = [fit_emptiness.fit(texts, empty, self.embedder) for texts in others]

    def _background(self) -> Matrix:
        words = {word for text in self.texts for word in read(text).words if self.vocabulary.is_content(word)}
        mean: Matrix = unit_rows(self.embedder.words(sorted(words)).vectors).mean(axis=0)
        return mean

    def _table(self, texts: Sequence[str]) -> Table:
        versions = [version for text in texts for version in (text, damage.bare(text))]
        return transition_table(
            (classes(read(text), self.vocabulary) for text in versions), len(self.vocabulary.class_ids)
        )

    def material(self, text: str) -> Material:
        """Return the content words of a text."""
        return material(read(text), self.vocabulary, self.embedder, self.background)

    def coherence(self, text: str, table: Table) -> Signs:
        """Return the signs of coherence."""
        return coherence_signs(self.material(text), self.vocabulary, table)

    def informativeness(self, text: str, emptiness: Emptiness) -> Signs:
        """Return the signs of informativeness."""
        return informativeness_signs(self.material(text), self.vocabulary, self.embedder, emptiness)

    def good(self) -> tuple[list[Signs], list[Signs]]:
        """Return the signs of coherence and informativeness of all good texts, by what was fitted without them.

        Three rows a text: as written, bare, its first third.
        """
        versions = [
            (version, place % FOLDS)
            for place, text in enumerate(self.texts)
            for version in (text, damage.bare(text), damage.cut_at_sentence_end(text))
        ]
        return (
            [self.coherence(text, self.tables[fold]) for text, fold in versions],
            [self.informativeness(text, self.emptinesses[fold]) for text, fold in versions],
        )

    def poor_texts(self, words: tuple[str, ...]) -> list[str]:
        """Return the poor texts whose file names hold one of these words, as written and as recognised."""
        chosen = [text for name, text in self.poor if any(word in name for word in words)]
        return [version for text in chosen for version in (text, damage.bare(text))]


def grades(bench: Bench) -> dict[str, Grade]:
    """Fit the grades of coherence and informativeness; the others are stated (see fit_grades)."""
    rng = random.Random(SEED)
    copies = [version for text in bench.texts for version in (text, damage.bare(text))]
    shuffles = [make(text, rng) for text in copies for make in (damage.shuffled, damage.shuffled_within_sentences)]
    patchworks = [damage.patchwork(copies, rng) for _ in bench.texts]
    loops = [damage.repeating(text, rng) for text in copies]
    coherent, informative = bench.good()
    return {
        "coherence": fit_grades.fit(
            fit_grades.COHERENCE,
            coherent,
            [
                [bench.coherence(text, bench.table) for text in group]
                for group in (shuffles, patchworks, bench.poor_texts(INCOHERENT))
            ],
            coherent[1::3],
        ),
        "completeness": fit_grades.COMPLETENESS,
        "informativeness": fit_grades.fit(
            fit_grades.INFORMATIVENESS,
            informative,
            [
                [bench.informativeness(text, bench.emptiness) for text in group]
                for group in (loops, bench.poor_texts(UNINFORMATIVE))
            ],
            informative[1::3],
        ),
        "foreign_coherence": fit_grades.FOREIGN_COHERENCE,
    }


def main() -> None:
    """Fit and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="print how types of texts left out of the fit come out")
    check = parser.parse_args().check
    bench = Bench(CORPUS)
    fitted = grades(bench)
    rows = fit_types.rows(bench.typed, lambda text: (cues(read(text), bench.vocabulary), topic(bench.material(text))))
    model, report = fit_types.fit(rows, bench.vocabulary)
    if check:
        print(report)
        print(msgspec.json.format(msgspec.json.encode(fitted)).decode())
    GRADES_FILE.write_bytes(msgspec.json.format(msgspec.json.encode(fitted)) + b"\n")
    ordinary = np.stack([topic(bench.material(text)) for text in bench.texts])
    np.savez_compressed(
        ARRAYS_FILE,
        transitions=bench.table.astype(np.float16),
        background=bench.background.astype(np.float16),
        ordinary=ordinary.astype(np.float16),
        empty_centre=bench.emptiness.centre,
        empty_direction=bench.emptiness.direction,
        empty_bias=np.float64(bench.emptiness.bias),
        type_centre=model.centre,
        type_spread=model.spread,
        type_topic_centre=model.topic_centre,
        type_matrix=model.matrix.astype(np.float32),
        type_temperature=np.float64(model.temperature),
    )


if __name__ == "__main__":
    main()
