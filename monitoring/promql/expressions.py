"""Signals as PromQL: over recorded sums, over the raw families, or over the whole range of a panel.

Rules, panels, the API and the commands get their expressions here, so that one definition serves them all. Numerator
and denominator are summed apart and divided then; a denominator of 0 gives no value, a missing numerator is 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist

import msgspec

from monitoring.domains.series import edge_text, family_of
from monitoring.domains.signal import Signal, Term, Where
from monitoring.wording.durations import format_duration
from pipeline.domains import catalogue
from pipeline.metrics.family import Summed

_OPERATIONS = {
    "ratio": "ratio",
    "mean": "mean",
    "share": "share",
    "quantile": "p",
    "total": "increase",
    "low": "ratio",
    "high": "ratio",
}
_Z = NormalDist().inv_cdf(0.975)  # of a 95 % interval


class Recorded(msgspec.Struct, frozen=True):
    """How one series is recorded: which labels stay beside `job`, which label values it is narrowed to."""

    labels: tuple[str, ...]
    where: Where
    windows: tuple[int, ...]


class OverRange(msgspec.Struct, frozen=True):
    """The whole range of a panel or a report, in steps of a recorded window: `OverRange("$__range")`."""

    text: str = "$__range"
    step: int = 300


Over = int | str | OverRange  # recorded window in seconds | raw window as PromQL text | whole range


def recorded_of(series: str) -> Recorded:
    """Return how a series is recorded. Raises LookupError for a name outside the catalogue."""
    if series == "up":
        return Recorded((), (("job", ("pipeline",)),), Summed().windows)
    name, suffix = family_of(series)
    family = catalogue.family(name)
    how = family.recorded
    labels = tuple(label for label in family.labels if label not in how.over)
    if suffix == "_bucket":
        kept = tuple(label for label in labels if label not in how.buckets_of)
        narrowed = tuple((label, (value,)) for label, value in how.buckets_of.items())
        return Recorded(("le", *kept), narrowed, how.bucket_windows)
    return Recorded(labels, (), how.windows)


def record_name(term: Term, window: int) -> str:
    """Return the name under which a series is recorded: `job:pipeline_items:increase1h`."""
    return f"job:{term.series.removesuffix('_total')}:{term.function}{format_duration(window)}"


def signal_record(signal: Signal, window: int, by: Sequence[str] = (), what: str | None = None) -> str:
    """Return the name of a recorded signal: `pipeline:bypass_rate:ratio1h`; its level names its labels or domain."""
    operation = what or _OPERATIONS[signal.kind] + (f"{signal.quantile * 100:g}_" if signal.kind == "quantile" else "")
    return f"{'_'.join(by) or signal.domain}:{signal.name}:{operation}{format_duration(window)}"


def expression(signal: Signal, over: Over, *, by: Sequence[str] = (), where: Sequence[str] = ()) -> str:
    """Return a signal over a window, split by labels, narrowed by matchers such as `content_type=~"$content_type"`.

    Raises ValueError for a label it may not be split by.
    """
    if wrong := [label for label in by if label not in signal.splits]:
        raise ValueError(f"{signal.name} cannot be split by {wrong[0]!r}, only by {', '.join(signal.splits)}")
    if signal.kind == "gauge":
        return summed(signal.numerator, "", by, where)
    numerator = summed(signal.numerator, over, by, where) if signal.kind != "share" else ""
    if signal.kind == "total":
        return numerator
    if signal.kind == "quantile":
        return f"histogram_quantile({signal.quantile:g}, {summed(signal.numerator, over, ('le', *by), where)})"
    denominator = summed(signal.denominator, over, by, where)
    if signal.kind == "share":
        below = [
            msgspec.structs.replace(t, where=(*t.where, ("le", (edge_text(signal.edge),)))) for t in signal.numerator
        ]
        return f"1 - {_wrapped(summed(below, over, by, where))} / ({denominator} > 0)"
    if signal.kind in ("low", "high"):
        return _wilson(_wrapped(numerator), _wrapped(denominator), upper=signal.kind == "high")
    if signal.kind == "ratio":
        numerator = f"{numerator} or {f'0 * {_wrapped(denominator)}' if by else 'vector(0)'}"
        return f"({numerator}) / ({_wrapped(denominator)} > 0)"
    return f"{_wrapped(numerator)} / ({_wrapped(denominator)} > 0)"


def _wilson(count: str, total: str, *, upper: bool) -> str:
    """Return an end of the 95 % interval of count / total by Wilson's score; a missing count is 0.

    With c of n: (c + z^2/2 -+ z sqrt(c - c^2/n + z^2/4)) / (n + z^2); from 0 of n: 0 and z^2 / (n + z^2).
    """
    whole, sign = f"({total} > 0)", "+" if upper else "-"
    root = f"sqrt({count} - {count} ^ 2 / {whole} + {_Z**2 / 4:.12g})"
    found = f"({count} + {_Z**2 / 2:.12g} {sign} {_Z:.12g} * {root}) / ({total} + {_Z**2:.12g})"
    if upper:
        return f"clamp_max({found}, 1) or {_Z**2:.12g} / ({whole} + {_Z**2:.12g})"
    return f"clamp_min({found}, 0) or 0 * {whole}"


def volume(signal: Signal, over: Over, *, by: Sequence[str] = (), where: Sequence[str] = ()) -> str:
    """Return how many items (scrapes, calls) a signal rests on over a window: what `min_items` is compared with.

    Where nobody exposes the families that count it (a foreign producer with time counters only), the denominator does.
    """
    counted = summed(signal.counted, over, by, where)
    return f"{counted} or {summed(signal.denominator, over, by, where)}" if signal.volume else counted


def summed(terms: Sequence[Term], over: Over, by: Sequence[str] = (), where: Sequence[str] = ()) -> str:
    """Return the sum of the terms; one that is missing altogether counts 0 as long as another is there."""
    if isinstance(over, OverRange):
        return f"sum_over_time(({summed(terms, over.step, by, where)})[{over.text}:{format_duration(over.step)}])"
    if len(terms) > 1 and isinstance(over, int) and not any(term.where for term in terms):
        together = "__name__=~" + '"' + "|".join(record_name(term, over) for term in terms) + '"'
        return f"{_sum(by)} ({selector((), (together, *where))})"
    sums = [f"{_sum(by)} ({term_text(term, over, where)})" for term in terms]
    if len(sums) == 1:
        return sums[0]
    zeros = [" or ".join(f"0 * {other}" for other in sums if other != one) for one in sums]
    return " + ".join(f"({one} or {zero})" for one, zero in zip(sums, zeros, strict=True))


def _sum(by: Sequence[str]) -> str:
    return f"sum by ({', '.join(by)})" if by else "sum"


def _wrapped(text: str) -> str:
    return f"({text})" if ") + (" in text else text


def term_text(term: Term, over: int | str, where: Sequence[str] = ()) -> str:
    """Return one term's vector, not summed yet."""
    if isinstance(over, int):
        return record_name(term, over) + selector(_without_recorded(term), where)
    plain = term.series + selector(term.where, where)
    return plain if not over or term.function == "none" else f"{term.function}({plain}[{over}])"


def _without_recorded(term: Term) -> Where:
    """Leave out what the recording itself was narrowed to by labels that it does not keep."""
    kept = ("job", *recorded_of(term.series).labels)
    return tuple(pair for pair in term.where if pair[0] in kept and pair[0] != "job")


def selector(where: Where, more: Sequence[str] = ()) -> str:
    """Return the matchers in braces, or nothing: one value with `=`, several with `=~`."""
    own = [
        f'{label}="{values[0]}"' if len(values) == 1 else f'{label}=~"{"|".join(values)}"' for label, values in where
    ]
    return "{" + ",".join([*own, *more]) + "}" if own or more else ""


def recorded_terms(signal: Signal) -> tuple[Term, ...]:
    """Return the distinct terms of a signal, without what narrows them: what has to be recorded for it."""
    found = (*signal.numerator, *signal.denominator, *signal.volume)
    return tuple(dict.fromkeys(Term(term.series, (), term.function) for term in found))


def record_expression(term: Term, window: int) -> str:
    """Return the expression of a term's recording rule: the instances summed up, everything else kept."""
    how = recorded_of(term.series)
    labels = ", ".join(("job", *how.labels))
    return f"sum by ({labels}) ({term.function}({term.series}{selector(how.where)}[{format_duration(window)}]))"
