"""All compiled files at once, and how they come to stand in a folder: written whole, compared whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Literal

import msgspec

from monitoring.alerts.plan import Plan, plan_of
from monitoring.alerts.rule_groups import dump
from monitoring.compile.alert_tests import alert_tests
from monitoring.compile.boards.files import NEWEST as NEWEST_GRAFANA
from monitoring.compile.boards.files import boards, dashboards, dead_panels
from monitoring.compile.operator import Cluster, operator_files
from monitoring.compile.reference import reference
from monitoring.compile.routing.config import alertmanager_config, templates, unfinished, yaml_text
from monitoring.compile.routing.integrations import Version, shown
from monitoring.compile.routing.message_names import dead_names
from monitoring.compile.runbooks import runbooks
from monitoring.compile.vmalert import vmalert_files
from monitoring.compile.vocabulary import Vocabulary, check_groups
from monitoring.domains.band import OVERRIDDEN_BY
from monitoring.targets.slos import DEFAULT_SLOS, TIERS, tiers_for
from monitoring.targets.targets import Targets
from monitoring.wording.durations import format_duration
from monitoring.wording.values import exact_percent
from pipeline.errors import ConfigError, DomainError, PipemeterError, Problem
from pipeline.files import write_text

Format = Literal["prometheus", "operator", "vmalert"]
FORMATS: tuple[Format, ...] = ("prometheus", "operator", "vmalert")
OLDEST_PROMETHEUS: Version = (2, 42)
OLDEST_ALERTMANAGER: Version = (0, 25)
MARK = "Compiled by `pipemeter compile`"
_JSON_MARK = '"uid": "pipemeter-'
_FOLDERS = (
    "prometheus/rules",
    "alert_rules",
    "alertmanager",
    "docs/runbooks",
    "docs/reference",
    "grafana/dashboards",
    "operator",
    "vmalert",
)
_HEAD_BYTES = 400


class Compiled(msgspec.Struct, frozen=True):
    """Relative path -> text, and what an operator should know about it."""

    files: Mapping[str, str]
    notes: tuple[str, ...] = ()


class Difference(msgspec.Struct, frozen=True):
    """One file that is not as it would be written. `foreign`: it stands in a generated folder and is none of ours."""

    path: str
    state: Literal["missing", "edited", "left over", "foreign"]


def compile_all(
    targets: Targets,
    *,
    target: Format = "prometheus",
    prometheus: Version = OLDEST_PROMETHEUS,
    alertmanager: Version = OLDEST_ALERTMANAGER,
    grafana: Version = NEWEST_GRAFANA,
    cluster: Cluster | None = None,
) -> Compiled:
    """Return everything that the targets compile into. No secret is read. `cluster`: where `operator` resources go.

    Raises ConfigError for a version that cannot do what is asked, DomainError when a rule names what nobody exposes.
    """
    _refuse_old(prometheus)
    plan = plan_of(targets)
    _refuse_dead(plan)
    notes = _notes(targets)
    if target == "operator":
        texts = dashboards(targets, grafana=grafana)
        resources = operator_files(plan, cluster=cluster, dashboards=texts, alertmanager=alertmanager)
        return Compiled(resources, notes)
    if target == "vmalert":
        return Compiled(vmalert_files(plan), notes)
    config = alertmanager_config(
        targets.notifications, targets.links, cooldowns=targets.cooldowns, version=alertmanager
    )
    waiting = unfinished(targets.notifications, alertmanager)
    texts = {path: dump({"groups": groups}) for path, groups in plan.files.items()}
    texts |= {path: dump(document) for path, document in alert_tests(plan).items()}
    texts["alertmanager/alertmanager.yml"] = yaml_text(config, notes=waiting)
    texts |= {f"alertmanager/{path}": text for path, text in templates(targets.links).items()}
    texts |= runbooks(plan) | reference(plan.alerts)
    return Compiled(texts | dashboards(targets, grafana=grafana), notes)


def _refuse_dead(plan: Plan) -> None:
    targets, groups = plan.targets, plan.groups
    known = {OVERRIDDEN_BY: targets.content_types}
    vocabulary = Vocabulary(groups, known)
    dead = check_groups(groups, known) + dead_panels(targets, vocabulary)
    dead += dead_names(templates(targets.links), groups, vocabulary)
    uids = {drawn.board.uid for drawn in boards(targets)}
    dead += [f"{a.name}: leads to the board {a.board}, which there is not" for a in plan.alerts if a.board not in uids]
    if dead:
        raise DomainError(("these rules, panels and messages name what nobody exposes:", *dead))


def _refuse_old(prometheus: Version) -> None:
    if prometheus < OLDEST_PROMETHEUS:
        expected = f"{shown(OLDEST_PROMETHEUS)} or newer, because rules may need keep_firing_for"
        raise ConfigError([Problem("--prometheus", None, "version", shown(prometheus), expected)])


def _notes(targets: Targets) -> tuple[str, ...]:
    found = [f"{key}: no effect yet, this release has no metrics of its domain" for key in targets.waiting]
    named = {slo.name for slo in targets.slos}
    found += [
        f"slos: a list counts as a whole, and the built-in objective {slo.name} is not in it: no alert tells of it"
        for slo in DEFAULT_SLOS
        if slo.name not in named
    ]
    for slo in targets.slos:
        tiers = tiers_for(slo)
        if tiers != TIERS:
            factors = ", ".join(f"{tier.name} {tier.factor:f}" for tier in tiers)
            found.append(
                f"slos.{slo.name}: with an objective of {slo.objective:g} a burn rate of {TIERS[0].factor} needs "
                f"{exact_percent(TIERS[0].factor * slo.budget)} bad events; burn rates derived: {factors} (windows "
                f"{format_duration(tiers[0].long_window)} and up stay)"
            )
    return tuple(found)


def differences(files: Mapping[str, str], folder: Path) -> list[Difference]:
    """Return every file that is missing, edited or left over, and those in generated folders that are not ours."""
    found = []
    for path, text in files.items():
        existing = _read(folder / path)
        if existing != text:
            found.append(Difference(path, "missing" if existing is None else "edited"))
    others = [path for path in _present(files, folder) if path not in files]
    found += [Difference(path, "left over" if _is_ours(folder / path) else "foreign") for path in others]
    return found


def write(files: Mapping[str, str], folder: Path) -> list[Difference]:
    """Make a folder hold exactly these files where they belong; return what was changed.

    Files of ours that are no longer wanted are removed, those of others are left. Raises PipemeterError naming the path
    when something cannot be written; every file is either old or new, never half. A path that leads out of the folder
    is refused before anything is written.
    """
    for name in files:
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise PipemeterError(f"{name}: leads out of {folder}; nothing was written")
    changes = differences(files, folder)
    for change in changes:
        path = folder / change.path
        try:
            if change.state in ("missing", "edited"):
                write_text(path, files[change.path], mode=0o644, synced=False)  # compiled again at any time
            elif change.state == "left over":
                path.unlink()
        except OSError as error:
            raise PipemeterError(f"{path}: {error.strerror or type(error).__name__}") from error
    return changes


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError):
        return ""


def _present(files: Mapping[str, str], folder: Path) -> Iterable[str]:
    """Return the files that stand in the folders which `files` fill."""
    filled = [name for name in _FOLDERS if any(path.startswith(f"{name}/") for path in files)]
    for name in filled:
        for path in sorted((folder / name).rglob("*")):
            if path.is_file() and not path.name.startswith("."):
                yield path.relative_to(folder).as_posix()


def _is_ours(path: Path) -> bool:
    text = _read(path) or ""
    return MARK in text[:_HEAD_BYTES] or (path.suffix == ".json" and _JSON_MARK in text)
