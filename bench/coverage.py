"""How often 95 % intervals hold the truth of simulated worlds, and how often a decision is false.

python -m bench.coverage [--seeds 300]

Worlds are simulated with a known truth, read in blocks as from a server, and judged by `compare` and `tune`.
"""

from __future__ import annotations

import argparse
import asyncio
import functools
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor

import msgspec
import numpy as np

from bench.world_history import WorldHistory
from bench.worlds import Arm, Drawn, Finished, World, decide, draw, series
from monitoring.outlook.evidence import Evidence, read_evidence
from monitoring.tuning.arms import read_arm
from monitoring.tuning.compare import Comparison, compare, rule_of
from monitoring.tuning.tune import InForce, expect
from pipeline.domains.content.labels import DIMENSIONS

DAYS = 7
SECONDS = DAYS * 86_400.0
BLOCKS = 42
_TRUE_ITEMS = 400_000
_CHUNK = 10  # worlds that a process takes at once
_STRICT = Arm("strict", (0.70, 0.60, 0.60, 0.60), (0.85, 0.85, 0.85, 0.85), 0.5)
_LOOSE = Arm("loose", (0.65, 0.60, 0.60, 0.60), (0.70, 0.70, 0.70, 0.45), 0.5)
_CHANGED = ("full", "quality_check", "quality_check", "quality_check")

COMPARED = {
    "independent items": (World(arms=(_STRICT, _LOOSE)), 3000, BLOCKS),
    "few items": (World(arms=(_STRICT, _LOOSE)), 400, BLOCKS),
    "quality shifts every 2 h": (World(arms=(_STRICT, _LOOSE), shock=0.06), 3000, BLOCKS),
    "quality shifts every 12 h": (World(arms=(_STRICT, _LOOSE), shock=0.06, period=43_200.0), 3000, BLOCKS),
    "four blocks (Poisson draws)": (World(arms=(_STRICT, _LOOSE)), 800, 4),
}
TUNED = {
    "as it is": (World(), (0.65, 0.60, 0.60, 0.60)),
    "min_overall raised to an edge": (World(), (0.70, 0.60, 0.60, 0.60)),
    "all lowered alike": (World(), (0.60, 0.55, 0.55, 0.55)),
    "all raised alike": (World(), (0.70, 0.65, 0.65, 0.65)),
    "quality shifts every 2 h, raised": (World(shock=0.05), (0.70, 0.60, 0.60, 0.60)),
    "filter off, margins known": (World(filtering=False), (0.65, 0.60, 0.60, 0.60)),
    "min_overall lowered alone (bounds)": (World(), (0.60, 0.60, 0.60, 0.60)),
    "no bypass reasons": (World(reasons=False), (0.65, 0.60, 0.60, 0.60)),
    "no bypass reasons, overall raised": (World(reasons=False), (0.70, 0.60, 0.60, 0.60)),
    "a type in full for half the week": (World(began=_CHANGED), (0.65, 0.60, 0.60, 0.60)),
    "scores of overall quality alone": (World(dimensions=("overall",)), (0.70, 0.60, 0.60, 0.60)),
}


def world_history(world: World, seed: int, items: int, blocks: int = BLOCKS) -> WorldHistory:
    """Return a week of a world as increases in blocks."""
    finished = decide(world, draw(world, np.random.default_rng(seed), items, SECONDS))
    return WorldHistory(series(finished, np.linspace(0.0, SECONDS, blocks + 1), start=0.0))


def compared(world: World, seed: int, items: int, blocks: int = BLOCKS) -> Comparison:
    """Compare the two arms of a world."""
    history = world_history(world, seed, items, blocks)

    async def both() -> Comparison:
        a, b = [await read_arm(history, arm.version) for arm in world.arms]
        return compare(a, b, blocks)

    return asyncio.run(both())


def evidence(world: World, seed: int, items: int, blocks: int = BLOCKS) -> Evidence:
    """Return what is known of a world's first arm."""
    found = asyncio.run(read_evidence(world_history(world, seed, items, blocks), world.arms[0].version))
    assert found is not None
    return found


def many(world: World, arms: tuple[Arm, ...] | None = None) -> Finished:
    """Return so many items of a world that their figures are the truth, decided under other arms if given."""
    settled = msgspec.structs.replace(world, filtering=True, reasons=True, dimensions=DIMENSIONS, began=None)
    return decide(msgspec.structs.replace(world, began=None), _drawn(settled), arms)


@functools.cache
def _drawn(world: World) -> Drawn:
    return draw(world, np.random.default_rng(99), _TRUE_ITEMS, world.period * 30_000)


def true_differences(world: World) -> tuple[float, float]:
    """Return quality(A) - quality(B) and savings(B) - savings(A), types weighted as `compare` does."""
    f = many(world)
    quality, savings = np.zeros(2), np.zeros(2)
    full = ~f.drawn.failed & (f.way == 0)
    shares = np.array([(full & (f.drawn.kind == k)).sum() for k in range(len(world.kinds))]) / full.sum()
    for arm in (0, 1):
        mine = f.drawn.arm == arm
        means = [f.drawn.scores[full & mine & (f.drawn.kind == k), 0].mean() for k in range(len(world.kinds))]
        quality[arm] = float(shares @ np.array(means))
        done = mine & ~f.drawn.failed
        savings[arm] = f.saved[done].sum() / (f.saved[done].sum() + f.spent[done].sum())
    return float(quality[0] - quality[1]), float(savings[1] - savings[0])


def true_figures(world: World, thresholds: tuple[float, float, float, float]) -> tuple[float, float, float]:
    """Return bypass rate, quality of kept items and savings that thresholds give in a world, the filter being on."""
    arm = msgspec.structs.replace(world.arms[0], thresholds=thresholds)
    f = many(msgspec.structs.replace(world, filtering=True), (arm,))
    done = ~f.drawn.failed
    full = done & (f.way == 0)
    saved, spent = f.saved[done].sum(), f.spent[done].sum()
    return 1 - full.sum() / done.sum(), float(f.drawn.scores[full, 0].mean()), saved / (saved + spent)


Judged = tuple[tuple[bool, ...], str]  # whether each interval holds the truth, the decision


def _judged_comparison(name: str, quality: float, savings: float, seed: int) -> Judged:
    world, items, blocks = COMPARED[name]
    found = compared(world, seed, items, blocks)
    q, s = found.overall.quality_diff, found.overall.time_savings_diff
    assert q is not None
    assert s is not None
    holds = (q.interval[0] <= quality <= q.interval[1], s.interval[0] <= savings <= s.interval[1])
    return holds, found.decision


def _judged_expectation(name: str, truth: tuple[float, float, float], seed: int) -> tuple[list[bool], list[float]]:
    world, thresholds = TUNED[name]
    found = expect(evidence(world, seed, 4000), InForce({}), thresholds)
    assert found.quality_interval is not None
    intervals = (found.bypass_rate, found.quality_interval, found.time_savings)
    holds = [low <= true <= high for (low, high), true in zip(intervals, truth, strict=True)]
    return holds, [high - low for low, high in intervals]


def comparisons(seeds: int, pool: Executor) -> Iterator[str]:
    for name, (world, _, _) in COMPARED.items():
        quality, savings = true_differences(world)
        judge = functools.partial(_judged_comparison, name, quality, savings)
        judged = list(pool.map(judge, range(seeds), chunksize=_CHUNK))
        decisions = Counter(decision for _, decision in judged)
        told = ", ".join(f"{decision} {count}" for decision, count in decisions.most_common())
        shares = " ".join(f"{share:6.1%}" for share in np.mean([holds for holds, _ in judged], axis=0))
        yield f"  {name:36} {shares}    truth {rule_of(quality, savings)}: {told}"


def expectations(seeds: int, pool: Executor) -> Iterator[str]:
    for name, (world, thresholds) in TUNED.items():
        judge = functools.partial(_judged_expectation, name, true_figures(world, thresholds))
        judged = list(pool.map(judge, range(seeds), chunksize=_CHUNK))
        hits, widths = (np.mean([one[n] for one in judged], axis=0) for n in (0, 1))
        shares = " ".join(f"{share:6.1%}" for share in hits)
        yield f"  {name:36} {shares}    widths {' '.join(f'{w:.3f}' for w in widths)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=300)
    seeds = parser.parse_args().seeds
    print(f"share of {seeds} worlds whose 95 % interval holds the truth (+-{1.96 * (0.95 * 0.05 / seeds) ** 0.5:.1%})")
    with ProcessPoolExecutor() as pool:
        print(f"\ncompare{'':31} quality savings")
        for line in comparisons(seeds, pool):
            print(line, flush=True)
        print(f"\ntune{'':34} bypass quality savings")
        for line in expectations(seeds, pool):
            print(line, flush=True)


if __name__ == "__main__":
    main()
