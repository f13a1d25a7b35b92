"""How well the assessment judges: types, poor against good, damage noticed, speed; on both corpora, apart.

    python -m bench.quality.run [--json] [--corpus tune|heldout] [--errors]

`tune` taught the weights, so its figures flatter; `heldout` did not, nor did anybody look at it while choosing.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from bench.quality import damage
from pipeline.item import Assessment, Transcript
from pipeline.stages.assess import BUILT_IN_TYPES, Assessor

CORPUS = Path(__file__).with_name("corpus")
DIMENSIONS = ("overall", "coherence", "completeness", "informativeness")
THRESHOLDS = {"overall": 0.65, "coherence": 0.60, "completeness": 0.60, "informativeness": 0.60}
SEED = 11
DROP = 0.15

Report = dict[str, Any]


def main() -> None:
    """Print the report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="one JSON object instead of text")
    parser.add_argument("--corpus", choices=("tune", "heldout"), action="append", help="only this one")
    parser.add_argument("--errors", action="store_true", help="name the texts that came out wrong")
    options = parser.parse_args()
    assessor = Assessor()
    reports = {name: measure(CORPUS / name, assessor) for name in options.corpus or ("tune", "heldout")}
    if options.json:
        print(json.dumps(reports, indent=2))
    else:
        for name, report in reports.items():
            show(name, report, errors=options.errors)


def measure(folder: Path, assessor: Assessor) -> Report:
    """Assess every text of a corpus, whole and damaged."""
    texts = {kind: _texts(folder / kind) for kind in (*BUILT_IN_TYPES, "poor")}
    started = time.perf_counter()
    found = {kind: {name: judge(assessor, text) for name, text in part.items()} for kind, part in texts.items()}
    spent = time.perf_counter() - started
    good = {(kind, name): found[kind][name] for kind in BUILT_IN_TYPES for name in found[kind]}
    poor = list(found["poor"].values())
    pairs = [(bad.scores.overall < fine.scores.overall) for bad in poor for fine in good.values()]
    originals = {key: texts[key[0]][key[1]] for key in good}
    shorts = [judge(assessor, damage.cut_at_sentence_end(text)) for text in originals.values()]
    return {
        "texts": len(good) + len(poor),
        "type_accuracy": _share([one.content_type == kind for (kind, _), one in good.items()]),
        "confusion": {kind: dict(Counter(one.content_type for one in found[kind].values())) for kind in texts},
        "type_confidence": {
            "right": _mean(
                [one.content_type_confidence for (kind, _), one in good.items() if one.content_type == kind]
            ),
            "wrong": _mean(
                [one.content_type_confidence for (kind, _), one in good.items() if one.content_type != kind]
            ),
        },
        "poor_below_good": _share(pairs),
        "poor_below_short_good": _share(
            [bad.scores.overall < short.scores.overall for bad in poor for short in shorts]
        ),
        "good_above_thresholds": _share([above(one) for one in good.values()]),
        "poor_below_overall_threshold": _share([one.scores.overall < THRESHOLDS["overall"] for one in poor]),
        "noticed": noticed(originals, good, assessor),
        "noticed_bare": noticed(*_bare(originals, assessor), assessor),
        "bare_type_accuracy": _share(
            [judge(assessor, damage.bare(text)).content_type == key[0] for key, text in originals.items()]
        ),
        "mean_scores": {
            kind: {name: _mean([getattr(one.scores, name) for one in part.values()]) for name in DIMENSIONS}
            for kind, part in found.items()
        },
        "ms_per_text": round(1000 * spent / max(1, len(good) + len(poor)), 2),
        "errors": {
            "type": [
                f"{kind}/{name}: {one.content_type} {one.content_type_confidence:.2f}"
                for (kind, name), one in good.items()
                if one.content_type != kind
            ],
            "good_below": [f"{kind}/{name}: {_scores(one)}" for (kind, name), one in good.items() if not above(one)],
            "poor": [f"{name}: {_scores(one)}" for name, one in found["poor"].items()],
        },
    }


def noticed(originals: dict[Any, str], good: dict[Any, Assessment], assessor: Assessor) -> Report:
    """Say how often each damage lowers its own dimension: by 0.15 at least, and from above 0.60 to below."""
    rng = random.Random(SEED)
    kinds: dict[str, tuple[str, Callable[[str], str]]] = {
        "shuffled": ("coherence", lambda text: damage.shuffled(text, rng)),
        "cut": ("completeness", damage.cut),
        "cut_at_sentence_end": ("completeness", damage.cut_at_sentence_end),
        "repeating": ("informativeness", lambda text: damage.repeating(text, rng)),
    }
    report: Report = {}
    for name, (dimension, spoil) in kinds.items():
        before = {key: getattr(one.scores, dimension) for key, one in good.items()}
        after = {key: getattr(judge(assessor, spoil(text)).scores, dimension) for key, text in originals.items()}
        report[name] = {
            "dropped": _share([before[key] - after[key] >= DROP for key in before]),
            "crossed": _share([before[key] >= THRESHOLDS[dimension] > after[key] for key in before]),
            "mean_before": _mean(list(before.values())),
            "mean_after": _mean(list(after.values())),
        }
    return report


def judge(assessor: Assessor, text: str) -> Assessment:
    """Assess a text as a text file is assessed."""
    return assessor.assess(Transcript(text, "text", 1.0))


def above(one: Assessment) -> bool:
    """Tell whether the default thresholds let the text through to full processing."""
    return all(getattr(one.scores, name) >= least for name, least in THRESHOLDS.items())


def show(name: str, report: Report, *, errors: bool) -> None:
    """Print one corpus for people."""
    print(f"== {name}: {report['texts']} texts, {report['ms_per_text']} ms each")
    print(
        f"types right {report['type_accuracy']:.1%} (bare {report['bare_type_accuracy']:.1%}), "
        f"confidence {report['type_confidence']}"
    )
    for kind, counts in report["confusion"].items():
        print(f"   {kind:14} -> {counts}")
    print(
        f"poor below good {report['poor_below_good']:.1%} of pairs (below a good text's first third "
        f"{report['poor_below_short_good']:.1%}); good above all thresholds "
        f"{report['good_above_thresholds']:.1%}; poor below overall 0.65 {report['poor_below_overall_threshold']:.1%}"
    )
    for title, part in (("as written", report["noticed"]), ("bare", report["noticed_bare"])):
        for kind, row in part.items():
            print(
                f"   {title:10} {kind:20} dropped {row['dropped']:.1%}  crossed {row['crossed']:.1%}  "
                f"mean {row['mean_before']:.2f} -> {row['mean_after']:.2f}"
            )
    for kind, row in report["mean_scores"].items():
        print(f"   {kind:14} " + "  ".join(f"{dimension} {value:.2f}" for dimension, value in row.items()))
    for kind, lines in report["errors"].items() if errors else ():
        print(f"  {kind}:", *lines, sep="\n    ")


def _bare(originals: dict[Any, str], assessor: Assessor) -> tuple[dict[Any, str], dict[Any, Assessment]]:
    texts = {key: damage.bare(text) for key, text in originals.items()}
    return texts, {key: judge(assessor, text) for key, text in texts.items()}


def _texts(folder: Path) -> dict[str, str]:
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.txt"))}


def _scores(one: Assessment) -> str:
    return " ".join(f"{name} {getattr(one.scores, name):.2f}" for name in DIMENSIONS)


def _share(flags: list[bool]) -> float:
    return round(sum(flags) / len(flags), 4) if flags else 0.0


def _mean(values: list[float]) -> float:
    return round(sum(values) / len(values), 4) if values else 0.0


if __name__ == "__main__":
    main()
