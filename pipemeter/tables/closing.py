"""The closing table of a run: what went which way, what it took, what it saved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from monitoring.wording.figures import plain
from pipeline.domains.content.events import PROCESSING_TYPES, SHORTCUTS
from pipeline.domains.content.savings import in_full
from pipeline.running.outcome import Outcome


def closing_table(outcomes: Sequence[Outcome]) -> RenderableType:
    """Return everything that a run has to say for itself."""
    done = [o for o in outcomes if not o.failed]
    new = [o for o in done if not o.known]
    parts: list[RenderableType] = [
        _breakdown("By processing type", done, lambda o: o.processing_type, PROCESSING_TYPES)
    ]
    if types := sorted({o.content_type for o in done if o.content_type}):
        parts.append(_breakdown("By content type", done, lambda o: o.content_type or "(left before)", types))
    if any(o.checkpoint for o in new):
        parts.append(_exit_reasons(new))
    if failed := [o for o in outcomes if o.failed]:
        parts.append(_failures(failed))
    parts.append(_overall(outcomes, new))
    return Group(*parts)


def _breakdown(
    title: str, outcomes: Sequence[Outcome], key: Callable[[Outcome], str | None], rows: Iterable[str]
) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", min_width=64)
    table.add_column(title.removeprefix("By ").capitalize())
    some_known = any(o.known for o in outcomes)
    columns = (
        ("New items", "Known", "Spent", "Saved", "Quality") if some_known else ("Items", "Spent", "Saved", "Quality")
    )
    for column in columns:
        table.add_column(column, justify="right")
    for row in dict.fromkeys((*rows, *(key(o) or "" for o in outcomes))):
        mine = [o for o in outcomes if key(o) == row]
        new = [o for o in mine if not o.known]
        known = [str(len(mine) - len(new))] if some_known else []
        table.add_row(
            _text(row), str(len(new)), *known, seconds(_spent(new)), seconds(_saved(new)), ratio(_quality(mine))
        )
    return table


def _exit_reasons(outcomes: Sequence[Outcome]) -> Table:
    table = Table(title="Top exit reasons", title_justify="left", title_style="bold", min_width=64)
    for column in ("Checkpoint", "Reason"):
        table.add_column(column)
    table.add_column("Items", justify="right")
    counts = Counter((o.checkpoint, o.reason) for o in outcomes if o.checkpoint)
    for (checkpoint, reason), count in counts.most_common(8):
        table.add_row(_text(checkpoint), _text(reason), str(count))
    return table


def _failures(failed: Sequence[Outcome]) -> Table:
    table = Table(title="Failed", title_justify="left", title_style="bold red", min_width=64)
    for column in ("Source", "Stage", "Why"):
        table.add_column(column, overflow="fold")
    for outcome in failed:
        table.add_row(*map(_text, (outcome.source, outcome.failed_stage, outcome.error)))
    return table


def _overall(outcomes: Sequence[Outcome], new: Sequence[Outcome]) -> Text:
    bypassed = sum(o.processing_type in SHORTCUTS for o in new)
    saved = _saved(new)
    whole = in_full(saved, _spent(new))
    full = [o for o in new if o.processing_type == "full"]
    known, failed = sum(o.known for o in outcomes), sum(o.failed and not o.known for o in outcomes)
    lines = [
        f"{len(new)} new items, {failed} failed, {known} known and answered from memory (--again processes them anew)"
        if known
        else f"{len(new)} new items, {failed} failed",
        f"Bypass rate {percent(bypassed, len(new))}   "
        f"time saved {percent(saved, whole)} ({seconds(saved)} of {seconds(whole)})   "
        f"mean quality of full items {ratio(_quality(full))}",
    ]
    unknown = sum(o.time_saved_seconds is None for o in new)
    if unknown:
        lines.append(f"{unknown} items without an estimate of what full processing would have cost: not in the savings")
    return Text("\n".join(["", *lines]), style="bold")


def _text(text: str | None) -> Text:
    """Return a text as it is: names of files and reasons come from anywhere, and could be taken for markup."""
    return Text(plain(text or ""))


def _spent(outcomes: Iterable[Outcome]) -> float:
    return sum(o.duration_seconds or 0.0 for o in outcomes)


def _saved(outcomes: Iterable[Outcome]) -> float:
    return sum(o.time_saved_seconds or 0.0 for o in outcomes)


def _quality(outcomes: Iterable[Outcome]) -> float | None:
    scores = [o.quality for o in outcomes if o.quality is not None]
    return sum(scores) / len(scores) if scores else None


def seconds(value: float) -> str:
    """Return a duration as people write it."""
    if value < 60:
        return f"{value:.2f} s"
    return f"{value / 60:.1f} min" if value < 3600 else f"{value / 3600:.2f} h"


def ratio(value: float | None) -> str:
    """Return a score with two digits, or a dash."""
    return "-" if value is None else f"{value:.2f}"


def percent(part: float, whole: float) -> str:
    """Return a share in percent, or a dash when there is nothing to share."""
    return f"{100 * part / whole:.0f} %" if whole else "-"
