"""What the shortcuts save, measured: the same corpus in full and with all shortcuts, and how far the estimate is off.

    python -m bench.savings [SOURCE...] [--rounds N] [--json]

Truth: the wall time of each item processed in full, minus its wall time with the shortcuts on. Estimate: what the run
with the shortcuts claims, which has never seen the full run: first with costs it learns as it goes (cold), then with
those it had learned (warm). One worker, so that items do not slow each other; the weights are loaded beforehand.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import statistics
import sys
import tempfile
from pathlib import Path

import structlog

from pipeline.configuration.config import Config, load_config
from pipeline.item import Source
from pipeline.recording.recorder import NullRecorder
from pipeline.recording.savings import CostModel
from pipeline.running.engine import PRIORS, Engine
from pipeline.running.local_toolbox import LocalToolbox
from pipeline.running.outcome import Outcome

ALL_ON = {"ENABLE_QUALITY_FILTERING": "1", "ENABLE_CONTENT_ROUTING": "1", "ENABLE_EARLY_EXIT": "1"}


def process(config: Config, sources: list[Source], toolbox: LocalToolbox, costs: CostModel, note: str) -> list[Outcome]:
    """Process all sources anew, one after the other."""
    engine = Engine(NullRecorder(config, costs), toolbox, again=True)
    outcomes = []
    for number, source in enumerate(sources, 1):
        print(f"\r{note}: {number}/{len(sources)} ", end="", file=sys.stderr, flush=True)
        outcomes.append(engine.process(source))
    print(file=sys.stderr)
    engine.close()
    return outcomes


def compare(full: dict[str, float], outcomes: list[Outcome]) -> dict[str, float]:
    """Return truth and estimate over the items that both runs could process."""
    both = [o for o in outcomes if not o.failed and o.source in full]
    spent = sum(o.duration_seconds or 0.0 for o in both)
    claimed = sum(o.time_saved_seconds or 0.0 for o in both)
    whole = sum(full[o.source] for o in both)
    quality = [o.quality for o in both if o.processing_type == "full" and o.quality is not None]
    return {
        "items": len(both),
        "bypass_rate": sum(o.processing_type != "full" for o in both) / len(both),
        "full_seconds": whole,
        "spent_seconds": spent,
        "true_reduction": 1 - spent / whole,
        "estimated_reduction": claimed / (claimed + spent),
        "estimate_error": (claimed - (whole - spent)) / (whole - spent),
        "mean_quality_of_full": statistics.fmean(quality) if quality else float("nan"),
    }


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description="Measure what the shortcuts save on a corpus.")
    arguments.add_argument("sources", nargs="*", default=["samples"])
    arguments.add_argument(
        "--rounds", type=int, default=3, help="times each item is processed in full; the median counts"
    )
    arguments.add_argument("--json", action="store_true")
    options = arguments.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    plain, short = load_config(Path("config")), load_config(Path("config"), ALL_ON)
    with tempfile.TemporaryDirectory() as state:
        os.environ["MONITORING_HOME"] = state
        with LocalToolbox(plain) as toolbox:
            sources = [source for name in options.sources for source in toolbox.expand(name)]
            process(plain, sources, toolbox, CostModel(priors=PRIORS), "warming up")
            rounds = [
                process(plain, sources, toolbox, CostModel(priors=PRIORS), f"in full, round {i + 1}")
                for i in range(options.rounds)
            ]
            costs = CostModel(priors=PRIORS)
            cold = process(short, sources, toolbox, costs, "with shortcuts, cold")
            warm = process(short, sources, toolbox, costs, "with shortcuts, warm")
    full = {
        outcomes[0].source: statistics.median(o.duration_seconds or 0.0 for o in outcomes)
        for outcomes in zip(*rounds, strict=True)
        if not outcomes[0].failed
    }
    found = {"cold": compare(full, cold), "warm": compare(full, warm)}
    if options.json:
        print(json.dumps(found))
        return
    for name, figures in found.items():
        print(f"{name}: {figures['items']} items, bypass rate {figures['bypass_rate']:.0%}")
        print(f"  in full {figures['full_seconds']:.2f} s, with shortcuts {figures['spent_seconds']:.2f} s")
        print(f"  true time reduction {figures['true_reduction']:.1%}, estimated {figures['estimated_reduction']:.1%}")
        print(f"  error of the estimated seconds saved {figures['estimate_error']:+.1%}")
        print(f"  mean quality of what was processed in full {figures['mean_quality_of_full']:.2f}")


if __name__ == "__main__":
    main()
