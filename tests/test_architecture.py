"""What docs/architecture.md promises: packages and rooms import one way, no circles, modules that fit on a few screens."""

from __future__ import annotations

import ast
import statistics
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ORDER = ("pipemeter", "exporter", "monitoring", "pipeline")  # each imports only those to its right

# The rooms of each package, from the ground up: a folder, or a module that stands beside the folders. A module imports
# only from its own room and from those before it; imports for types alone count too.
ROOMS: Mapping[str, tuple[str, ...]] = {
    "pipeline": (
        "errors", "version", "state", "settings", "words", "item", "files", "forks", "logger", "zstd", "retrying", "yaml_file",
        "defaults",
        "metrics", "domains", "events",
        "decisions", "llm", "stages", "configuration", "recording", "recorder", "running", "assignment",
    ),
    "monitoring": (
        "wording", "domains", "servers", "promql", "archive", "history", "targets", "replay", "outlook", "alerts",
        "reporting", "compile", "tuning", "delivery",
    ),
    "exporter": (
        "errors", "settings", "counting", "text", "exposition", "server", "journal", "intake", "pushgateway", "api",
        "exporter", "status", "admin", "local", "app",
    ),
    "pipemeter": (
        "exits", "clashes", "addresses", "stopping", "logs", "options", "packages", "trials", "wheel", "starter",
        "private_files", "serving", "asking", "advice", "variables", "notices",
        "tables", "verbs", "cli", "__main__",
    ),
}  # fmt: skip
LIMIT = 400  # lines of a module; longer ones are nothing but data
DATA: Mapping[str, str] = {}  # with the reason why each is one module

# Domains are named by the catalogues alone (and their events by `events`), but for the two that pipemeter itself is
# about: which of their modules others name, and who does, a room or a single module of one.
NAMED: Mapping[str, frozenset[str]] = {
    "pipeline.domains.content.bulk": frozenset({"exporter.counting.counters"}),
    "pipeline.domains.content.events": frozenset(
        {"monitoring.domains", "monitoring.outlook", "monitoring.tuning", "pipemeter.tables"}
    ),
    "pipeline.domains.content.families": frozenset({
        "pipeline.recording", "exporter.local",
        "monitoring.domains", "monitoring.history", "monitoring.outlook", "monitoring.reporting", "monitoring.compile",
        "monitoring.tuning",
    }),
    "pipeline.domains.content.known": frozenset({"pipeline.configuration.config"}),
    "pipeline.domains.content.labels": frozenset({
        "pipeline.configuration", "pipeline.running", "monitoring.targets", "monitoring.outlook",
        "monitoring.reporting", "monitoring.tuning",
    }),
    "pipeline.domains.content.savings": frozenset(
        {"pipeline.recording", "monitoring.outlook", "monitoring.tuning", "pipemeter.tables"}
    ),
    "pipeline.domains.exporter.families": frozenset({
        "pipeline.domains", "pipeline.recording", "exporter.counting", "exporter.text", "exporter.journal",
        "exporter.intake", "exporter.exporter", "exporter.local", "monitoring.domains", "monitoring.reporting",
        "monitoring.compile",
    }),
    "monitoring.domains.content.boards.shadow": frozenset({"monitoring.compile.boards.overview"}),
}  # fmt: skip


@cache
def modules() -> Mapping[str, Path]:
    """Return every module of the four packages by its dotted name; a package goes by its own name."""
    paths = [path for package in ORDER for path in sorted((ROOT / package).rglob("*.py"))]
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in paths]
    return dict(zip(names, paths, strict=True))


@cache
def imported(name: str) -> frozenset[str]:
    """Return what a module imports, wherever in it: our modules by their whole name, others as they are written."""
    found = set()
    for node in ast.walk(ast.parse(modules()[name].read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name} imports relatively"
            assert node.module
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= inner & modules().keys() or {node.module}
    return frozenset(found - {name})


def room(name: str) -> str:
    """Return the room that a module stands in: its package and the folder or the module below it."""
    return ".".join(name.split(".")[:2])


def rank(name: str) -> int:
    """Return how high a module's room lies; what a package says of itself (its `__init__`) lies above all its rooms."""
    package, _, inner = room(name).partition(".")
    return ROOMS[package].index(inner) if inner else len(ROOMS[package])


def circles() -> Iterator[frozenset[str]]:
    """Yield every set of modules that import each other, directly or by way of others."""
    reached: dict[str, set[str]] = {}
    for start in modules():
        waiting, seen = [start], set[str]()
        while waiting:
            for other in imported(waiting.pop()) & modules().keys():
                if other not in seen:
                    seen.add(other)
                    waiting.append(other)
        reached[start] = seen
    found = {frozenset(b for b in reached[a] if a in reached[b]) for a in reached if a in reached[a]}
    yield from sorted(found, key=sorted)


@pytest.mark.parametrize("package", ORDER)
def test_a_package_imports_only_those_to_its_right(package: str) -> None:
    forbidden = {*ORDER[: ORDER.index(package)], "bench", "tests", "tools"}
    mine = [name for name in modules() if name.split(".")[0] == package]
    assert not {name: wrong for name in mine if (wrong := {o.split(".")[0] for o in imported(name)} & forbidden)}


@pytest.mark.parametrize("package", ORDER)
def test_every_room_has_its_place_in_the_order_and_every_place_its_room(package: str) -> None:
    there = {room(name).partition(".")[2] for name in modules() if name.split(".")[0] == package} - {""}
    assert there == set(ROOMS[package])
    assert len(ROOMS[package]) == len(set(ROOMS[package]))


@pytest.mark.parametrize("package", ORDER)
def test_a_module_imports_from_its_own_room_and_from_those_below_it(package: str) -> None:
    mine = [name for name in modules() if name.split(".")[0] == package]
    ties = [(name, other) for name in mine for other in imported(name) & set(mine) if room(other) != room(name)]
    assert not {f"{name} imports {other}" for name, other in ties if rank(other) >= rank(name)}


def domain_folders() -> list[str]:
    """Return the folder of each domain on both sides, by its dotted name."""
    places = [f"{side}.domains." for side in ("pipeline", "monitoring")]
    folders = [name for name, path in modules().items() if path.name == "__init__.py" and name.count(".") == 2]
    return [name for name in folders if name.startswith(tuple(places))]


@pytest.mark.parametrize("folder", domain_folders())
def test_a_domain_is_named_by_the_catalogue_and_by_those_that_are_listed(folder: str) -> None:
    side, place = folder.split(".")[0], folder.rpartition(".")[0]
    inside = {name for name in modules() if f"{name}.".startswith(f"{folder}.")}
    catalogues = {f"{place}.catalogue", f"{side}.events"}
    assert any(imported(name) & inside for name in catalogues & modules().keys())
    naming = {(name, other) for name in modules().keys() - inside - catalogues for other in imported(name) & inside}
    assert not {f"{name} imports {o}" for name, o in naming if not {name, room(name)} & NAMED.get(o, frozenset())}


def test_there_are_domains_whose_folders_can_be_looked_at() -> None:
    assert {f"{side}.domains.{name}" for side in ("pipeline", "monitoring") for name in ("content", "exporter")} <= {
        *domain_folders()
    }


def test_no_module_imports_what_imports_it() -> None:
    assert not list(circles())


def test_no_verb_imports_another_verb_and_the_command_line_names_them_only() -> None:
    verbs = [name for name in modules() if name.startswith("pipemeter.verbs.")]
    assert len(verbs) > 10
    assert not {name for name in verbs if imported(name) & set(verbs)}
    assert not imported("pipemeter.cli") & set(verbs)


def test_modules_are_short_but_for_those_that_are_only_data() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in modules().values()}
    assert {
        path for path, lines in lengths.items() if lines > LIMIT
    } == DATA.keys()  # what became shorter is no exception
    for package in ORDER:
        own = [lines for path, lines in lengths.items() if path.startswith(f"{package}/") and lines > 5]
        assert statistics.median(own) <= 150, package


def test_every_setting_of_the_environment_is_documented() -> None:
    docs = "".join(path.read_text() for path in (ROOT / "docs").glob("*.md"))
    code = "".join(path.read_text() for path in modules().values())
    from pipemeter.variables import READ

    variables = READ - {"XDG_STATE_HOME", "WEB_CONCURRENCY"}  # other programs' own, documented by them
    missing = {variable for variable in variables if variable in code and f"`{variable}`" not in docs}
    assert not missing
