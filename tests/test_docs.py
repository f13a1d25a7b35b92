"""Links within the documents lead somewhere, and no page is half generated."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.test_architecture import ROOMS, modules

ROOT = Path(__file__).parents[1]
PAGES = sorted({ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")})
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)")
MARK = "DO NOT EDIT"
BARE = re.compile(r"`(\w+\.py)`")  # a module that is named without its folder


def anchors(page: Path) -> set[str]:
    """Return what headings can be reached by, as code hosts name them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def map_of(package: str) -> str:
    """Return what the page about the architecture says of a package."""
    page = (ROOT / "docs/architecture.md").read_text()
    return page.split(f"### `{package}`")[1].split("\n## ")[0].split("\n### ")[0]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_within_the_project_leads_to_a_file_and_a_heading(page: Path) -> None:
    wrong = []
    for path, anchor in LINK.findall(page.read_text()):
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            wrong.append(f"{path}#{anchor}")
    assert not wrong


def test_a_folder_of_documents_is_wholly_generated_or_wholly_written_by_hand() -> None:
    for folder in {page.parent for page in PAGES}:
        marked = {MARK in page.read_text().splitlines()[0] for page in PAGES if page.parent == folder}
        assert len(marked) == 1, folder


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_file_of_ours_that_a_document_names_exists(page: Path) -> None:
    named = re.findall(r"`((?:pipeline|monitoring|exporter|pipemeter|bench|tools|tests)/[\w/.-]*)`", page.read_text())
    assert not [name for name in named if not list(ROOT.glob(re.sub("[A-Z]{4,}", "*", name)))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_module_that_a_document_names_without_its_folder_exists(page: Path) -> None:
    text = page.read_text()
    ours = {path.name for path in (*modules().values(), *ROOT.glob("*.py"))}
    readers = {name for package, name in re.findall(r"`(\w+)/(\w+\.py)`", text) if not (ROOT / package).is_dir()}
    assert set(BARE.findall(text)) - ours - readers == set()


@pytest.mark.parametrize("package", sorted(ROOMS))
def test_every_module_on_the_map_stands_in_its_room(package: str) -> None:
    missing = []
    for row in re.findall(r"^\| `.*$", map_of(package), re.MULTILINE):
        first = row.split("|")[1]
        here = {path.name for folder in (ROOT / package, ROOT) for path in folder.glob("*.py")}
        inside = {
            path.name for name in re.findall(r"`(\w+)/`", first) for path in (ROOT / package / name).rglob("*.py")
        }
        missing += [(row, name) for name in BARE.findall(first) if not (ROOT / package / name).exists()]
        missing += [(row, name) for name in BARE.findall(row) if name not in (inside or here) | {*BARE.findall(first)}]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_module_of_ours_that_a_document_runs_or_imports_exists(page: Path) -> None:
    text = page.read_text()
    named = re.findall(r"python3? -m ((?:bench|tools|exporter|pipemeter)[\w.]*)", text)
    named += re.findall(r"`((?:bench|tools)\.\w+)`", text)
    missing = [
        name
        for name in {n.rstrip(".") for n in named}
        if not any((ROOT / name.replace(".", "/")).with_suffix(suffix).exists() for suffix in (".py", ""))
    ]
    assert not missing


@pytest.mark.parametrize("package", sorted(ROOMS))
def test_every_room_of_a_package_is_on_the_map(package: str) -> None:
    section = map_of(package)
    folders = [room for room in ROOMS[package] if (ROOT / package / room).is_dir()]
    assert [room for room in folders if f"`{room}/`" not in section] == []
    places = [section.index(f"| `{room}/`") for room in folders]
    assert places == sorted(places), "a room stands above those that import it"
