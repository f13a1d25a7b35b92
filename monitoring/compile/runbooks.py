"""Runbooks: what people wrote about each alert (`runbooks/NAME.md` of its domain), with the facts of compiled alerts.

A text has the sections of `SECTIONS`. In it stand, in braces, addresses of `Links`; a block ```` ```signal ```` with
`NAME [by LABEL, LABEL] [over 1h]` becomes that signal's PromQL, over what is recorded where it is recorded for any
configuration, else over the families.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from importlib.resources import files
from urllib.parse import quote

import msgspec

from monitoring.alerts.alert import Alert, BandCase, BurnCase
from monitoring.alerts.plan import Plan
from monitoring.alerts.rule_groups import header
from monitoring.domains.catalogue import domain, signal, signals
from monitoring.domains.signal import Signal
from monitoring.promql.expressions import expression, recorded_of, recorded_terms
from monitoring.targets.links import Links
from monitoring.targets.slos import Slo
from monitoring.wording.durations import format_duration, parse_duration
from monitoring.wording.values import exact_percent, say
from pipeline.errors import DomainError

FOLDER = "docs/runbooks"
INDEX = "README"
SECTIONS = ("Meaning", "Impact", "Check", "Mend", "Escalate", "Rule")
_OWN_OBJECTIVE, _INDEX, _ERROR_TYPES = "_objective.md", "_index.md", "_error_types.md"  # texts that stand beside this
_BLOCK = re.compile(r"^```(signal|promql)\n(.+?)\n```$", re.MULTILINE | re.DOTALL)
_QUERY = re.compile(r"^(?P<signal>\w+)(?: by (?P<by>\w+(?:, \w+)*))?(?: over (?P<over>\w+))?$")
_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
_LINK = re.compile(r"\[(\w+)\]\(\1\.md\)")
_HOUR = 3600


def runbooks(plan: Plan) -> dict[str, str]:
    """Return every page by its path, one an alert and the index. Raises DomainError for a text that cannot be."""
    by_name, links = plan.by_name, plan.targets.links
    pages = {name: _marked(_source(alerts[0]), _page(alerts, links)) for name, alerts in by_name.items()}
    index = _beside(_INDEX).replace("{alerts}", _overview(by_name.values()))
    pages[INDEX] = _marked(f"monitoring/compile/{_INDEX}", index)
    return {f"{FOLDER}/{name}.md": _linked(text, by_name) for name, text in pages.items()}


def _marked(source: str, text: str) -> str:
    return header(f"config/monitoring.yaml and {source}", "<!--").rstrip("\n") + f" -->\n\n{text}"


def expressions_of(page: str) -> list[str]:
    """Return the PromQL of a compiled page."""
    return [text for kind, text in _BLOCK.findall(page) if kind == "promql"]


def _page(alerts: list[Alert], links: Links) -> str:
    try:
        return _written(alerts, links)
    except (LookupError, ValueError) as error:
        raise DomainError([f"{_source(alerts[0])}: {error}"]) from error


def _written(alerts: list[Alert], links: Links) -> str:
    first = alerts[0]
    text = _filled(_prose(first), links)
    if tuple(_HEADING.findall(text)) != SECTIONS[:-1]:
        raise ValueError(f"its sections have to be {', '.join(SECTIONS[:-1])}")
    window = first.case.bands.window if isinstance(first.case, BandCase) else _HOUR
    checks = _BLOCK.sub(lambda block: _check(block[1], block[2], window, links), text)
    boards = " ".join(f"[{board}]({links.grafana_url}/d/{board})" for board in dict.fromkeys(a.board for a in alerts))
    return (
        f"# {first.name}\n\n{first.advice}\n\n{_facts(alerts)}\n\nDashboard: {boards}\n\n{checks}\n"
        f"## Rule\n\n{_rules(alerts)}"
    )


def _beside(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _own_objective(alert: Alert) -> Signal | None:
    """Return the signal of an objective of an operator's own: these share one text."""
    watched = signal(alert.case.slo.signal) if isinstance(alert.case, BurnCase) else None
    return watched if watched and not watched.burn else None


def _source(alert: Alert) -> str:
    """Return where what is written about an alert stands."""
    if _own_objective(alert):
        return f"monitoring/compile/{_OWN_OBJECTIVE}"
    return domain(alert.domain).runbook_path(alert.name)


def _prose(alert: Alert) -> str:
    """Return what is written about an alert."""
    watched = _own_objective(alert)
    if watched is None:
        return domain(alert.domain).runbook(alert.name).read_text(encoding="utf-8")
    splits = "\n\n".join(f"```signal\n{watched.name} by {label}\n```" for label in watched.splits if label != "job")
    words = {"{signal}": watched.name, "{help}": f"{watched.title}: {watched.help}", "{splits}": splits}
    return _replaced(_beside(_OWN_OBJECTIVE), words)


def _filled(text: str, links: Links) -> str:
    addresses = msgspec.structs.asdict(links)
    exporter = links.runbook_url.removesuffix("/runbooks")
    addresses["exporter_url"] = exporter if exporter != links.runbook_url else "http://localhost:8000"
    words = {f"{{{name}}}": address for name, address in addresses.items()}
    return _replaced(text, {"{error_types}": _beside(_ERROR_TYPES).rstrip("\n"), **words})


def _replaced(text: str, words: Mapping[str, str]) -> str:
    for word, replacement in words.items():
        text = text.replace(word, replacement)
    return text


def _check(kind: str, text: str, window: int, links: Links) -> str:
    """Return a block of PromQL with a link that runs it."""
    query = text if kind == "promql" else _signal_query(text, window)
    return f"```promql\n{query}\n```\n[run it]({links.prometheus_url}/graph?g0.tab=1&g0.expr={quote(query, safe='')})"


def _signal_query(text: str, window: int) -> str:
    found = _QUERY.match(text)
    if not found:
        raise ValueError(f"{text!r} in a runbook: expected `SIGNAL by LABEL, LABEL over 1h`")
    asked, seconds = signal(found["signal"]), parse_duration(found["over"]) if found["over"] else window
    recorded = asked.recorded and all(seconds in recorded_of(term.series).windows for term in recorded_terms(asked))
    by = found["by"].split(", ") if found["by"] else ()
    return expression(asked, seconds if recorded else format_duration(seconds), by=by)


def _facts(alerts: Iterable[Alert]) -> str:
    rows = [
        f"| {alert.severity} | {_condition(alert)} | {_lasting(alert)} | {_volume(alert)} | {_labels(alert)} |"
        for alert in alerts
    ]
    title = "| severity | fires while | for at least | needs | further labels |\n|---|---|---|---|---|"
    return "\n".join([title, *rows])


def _lasting(alert: Alert) -> str:
    lasting = format_duration(alert.for_seconds) if alert.for_seconds else "no time"
    after = f", and {format_duration(alert.keep_firing_seconds)} on" if alert.keep_firing_seconds else ""
    return lasting + after


def _condition(alert: Alert) -> str:
    if isinstance(alert.case, BurnCase):
        slo, tier = alert.case.slo, alert.case.tier
        windows = f"{format_duration(tier.long_window)} and over {format_duration(tier.short_window)}"
        factor = "" if tier.factor == 1 else f"{tier.factor:f} times "
        return (
            f"more than {exact_percent(alert.case.threshold)} are bad over {windows}: {factor}what "
            f"{exact_percent(slo.objective)} good over {format_duration(slo.window)} allows"
        )
    if isinstance(alert.case, BandCase):
        watched, bands = signals()[alert.case.signal], alert.case.bands
        aim = f" (target {say(bands.target, watched.unit)})" if bands.target is not None else ""
        where = "below" if alert.case.side == "low" else "above"
        of = f" of {alert.case.content_type}" if alert.case.content_type else ""
        return (
            f"{watched.title.lower()}{of} over {format_duration(bands.window)} {watched.verb} {where} "
            f"{say(alert.case.threshold, watched.unit)}{aim}"
        )
    return "the rule below has a result"


def _volume(alert: Alert) -> str:
    if isinstance(alert.case, BandCase):
        return f"{alert.case.bands.min_items} items"
    return _slo_volume(alert.case.slo) if alert.case else "-"


def _slo_volume(slo: Slo) -> str:
    return f"{slo.min_items} {'scrapes' if signals()[slo.signal].is_scraped else 'items'}"


def _labels(alert: Alert) -> str:
    own = [f"`{name}={value}`" for name, value in alert.labels.items()]
    return " ".join([*own, *(f"`{name}`" for name in alert.further)]) or "-"


def _rules(alerts: Iterable[Alert]) -> str:
    blocks = []
    for alert in alerts:
        tier = f", tier `{alert.labels['burnrate_tier']}`" if "burnrate_tier" in alert.labels else ""
        blocks.append(f"Severity {alert.severity}{tier}:\n\n```promql\n{alert.expr}\n```\n")
    return "\n".join(blocks)


def _overview(by_name: Iterable[list[Alert]]) -> str:
    rows = []
    for alerts in by_name:
        severities = ", ".join(dict.fromkeys(alert.severity for alert in alerts))
        rows.append(f"| [{alerts[0].name}]({alerts[0].name}.md) | {severities} | {alerts[0].advice} |")
    return "\n".join(["| alert | severity | what to do first |\n|---|---|---|", *rows])


def _linked(text: str, names: Iterable[str]) -> str:
    """Turn links to pages of alerts that are not compiled into their names."""
    known = set(names)
    return _LINK.sub(lambda link: link[0] if link[1] in known else link[1], text)
