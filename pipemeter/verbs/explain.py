"""`pipemeter explain`: what the pipeline would do, and why, without side effects."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from monitoring.wording.figures import plain
from pipeline.errors import StageError
from pipeline.item import Source
from pipeline.running.outcome import describe
from pipemeter import exits
from pipemeter.logs import configure_logs
from pipemeter.notices import say_what_differs
from pipemeter.options import configuration, named_sources, read_config
from pipemeter.packages import need
from pipemeter.tables.closing import ratio


@click.command("explain")
@click.argument("sources", nargs=-1, metavar="SOURCE...")
@click.option("--json", "as_json", is_flag=True, help="One JSON line per source, in order.")
@configuration
def command(
    sources: tuple[str, ...], as_json: bool, config_dir: Path | None, profile: str | None, allow_private: bool
) -> int:
    """Say what the pipeline would do with each SOURCE, and why.

    Every stage up to assessment is run whatever the flags; each decision shows whether its flag is on, what it would
    do, and where its thresholds come from. Nothing is remembered or recorded. Exit code 3 if a source could not be
    read.
    """
    configure_logs()
    config = read_config(config_dir, profile, allow_private)
    say_what_differs(config)
    need("explain")
    from pipeline.running.explain import explain  # the stages' libraries take a second to load: after the checks above
    from pipeline.running.local_toolbox import LocalToolbox

    console, failed = Console(highlight=False), False
    with LocalToolbox(config, memory=False) as toolbox:
        for name in named_sources(sources):
            for source in _expanded(toolbox.expand, name):
                answer = source if isinstance(source, dict) else explain(source, toolbox, config)
                failed = failed or "error" in answer
                if as_json:
                    click.echo(msgspec.json.encode(answer).decode())
                else:
                    _show(console, answer)
    return exits.SOME_FAILED if failed else 0


def _expanded(expand: Any, name: str) -> list[Source | dict[str, Any]]:
    try:
        return list(expand(name))
    except StageError as error:
        empty = dict.fromkeys(("content_type", "content_type_confidence", "quality", "shadow", "processing_type"))
        return [
            {
                "source": name,
                **empty,
                "facts": {},
                "decisions": [],
                "failed_stage": "download",
                "error": describe(error),
            }
        ]


def _show(console: Console, answer: dict[str, Any]) -> None:
    console.rule(f"[bold]{_shown(answer['source'])}", align="left")
    if "error" in answer:
        console.print(f"[red]fails at {answer['failed_stage']}: {_shown(answer['error'])}")
    if quality := answer["quality"]:
        console.print(
            f"[bold]{_shown(answer['content_type'])}[/] (confidence {ratio(answer['content_type_confidence'])})   "
            "quality " + "   ".join(f"{name} {ratio(value)}" for name, value in quality.items())
        )
    if answer["facts"]:
        reliability = answer["reliability"]
        facts = (
            f"{name}={_shown(_brief(value))} [dim]({ratio(reliability[name])})[/]"
            for name, value in answer["facts"].items()
        )
        console.print("facts (reliability): " + ", ".join(facts))
    if answer["decisions"]:
        console.print(_decisions(answer["decisions"]))
    if shadow := answer.get("shadow"):
        chosen = ", the item is in it if it is skipped" if shadow["chosen"] else ""
        console.print(f"shadow sample: rate {shadow['rate']['value']:g} ({escape(shadow['rate']['origin'])}){chosen}")
    console.print(f"goes: [bold]{answer['processing_type'] or 'nowhere'}[/]\n")


def _decisions(decisions: list[dict[str, Any]]) -> Table:
    table = Table("Decision", "On", "Would leave", "Why")
    for decision in decisions:
        name = decision.get("checkpoint") or decision["decision"]
        on = "yes" if decision["enabled"] else "no"
        leaves = "[bold]yes[/]" if decision["would_leave"] else "no"
        table.add_row(name, on, leaves, escape(_why(decision)))
    return table


def _why(decision: dict[str, Any]) -> str:
    if decision["decision"] == "content_routing":
        return f"mode {decision['mode']}, priority {decision['priority']}"
    if decision["decision"] == "quality_filter":
        limits = ", ".join(f"{n} {v['value']} ({v['origin']})" for n, v in decision["thresholds"].items())
        return f"margin {decision['margin']:+.2f}; {limits}"
    limit = decision["min_confidence"]
    needed = f"needs {limit['value']} ({limit['origin']})"
    held = [
        f"{c['condition']}: {ratio(c['reliability'])} x {ratio(c['clarity'])} = {ratio(c['confidence'])}"
        for c in decision["candidates"]
    ]
    if not decision["conditions"]:
        return "no conditions"
    return f"{'; '.join(held)}; {needed}" if held else f"none holds of: {'; '.join(decision['conditions'])}"


def _shown(text: str) -> str:
    """Return a text from outside as rich's markup shows it as it is."""
    return escape(plain(text))


def _brief(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
