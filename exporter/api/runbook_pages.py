"""`/runbooks/NAME`: what to do about an alert, where its link leads by default."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType

from markdown_it import MarkdownIt
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

from exporter.errors import ApiError

_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$")
_INDEX = "README"
_COMMENT = re.compile(r"\A\s*<!--.*?-->", re.DOTALL)  # where the file comes from; nothing for a browser to show
_HEADERS = {"Vary": "Accept"}
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<style>
body{{font:16px/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}}
pre,code{{font:14px/1.4 monospace}}
pre{{padding:.6rem;border:1px solid #8886;white-space:pre-wrap;overflow-wrap:anywhere}}
table{{border-collapse:collapse}}th,td{{border:1px solid #8886;padding:.3rem .6rem;text-align:left;vertical-align:top}}
</style>
{body}</html>
"""


class Runbooks:
    """Serves Markdown files, each from the first folder that has its name: as they are, or as pages for browsers.

    `written`: by the name of an alert, what is shown where no folder has a page of it: what its domain says, without
    the facts of the rule, which only `compile` knows.
    """

    def __init__(self, *folders: Path, written: Mapping[str, Traversable] = MappingProxyType({})) -> None:
        self._folders = folders
        self._written = written
        self._markdown = MarkdownIt("commonmark", {"html": False}).enable("table")  # raw HTML is shown, not obeyed

    async def index(self, request: Request) -> Response:  # noqa: ARG002
        """Lead to the README of the first folder that is there, or list all runbooks where it has none."""
        first = next((folder for folder in self._folders if folder.is_dir()), None)
        if first and (first / f"{_INDEX}.md").is_file():
            return RedirectResponse(f"runbooks/{_INDEX}", 307)
        links = "".join(f'<li><a href="runbooks/{escape(name)}">{escape(name)}</a></li>' for name in self._names())
        return _page("Runbooks", f"<h1>Runbooks</h1><ul>{links}</ul>")

    async def show(self, request: Request) -> Response:
        """Show one runbook. Raises ApiError 404."""
        name = str(request.path_params["name"]).removesuffix(".md")
        text = self._text(name) if _NAME.match(name) else None  # the pattern leaves no way out of the folders
        if text is None:
            raise ApiError(404, None, f"there is no runbook {name[:100]!r}")
        if "text/html" in request.headers.get("accept", ""):
            return _page(name, self._markdown.render(_COMMENT.sub("", text)))
        return PlainTextResponse(text, media_type="text/markdown", headers=_HEADERS)

    def _text(self, name: str) -> str | None:
        paths = (folder / f"{name}.md" for folder in self._folders)
        if path := next((path for path in paths if path.is_file()), None):
            return path.read_text(encoding="utf-8", errors="replace")
        if name in self._written:
            return f"# {name}\n\n{self._written[name].read_bytes().decode(errors='replace')}"
        return None

    def _names(self) -> list[str]:
        stems = (path.stem for folder in self._folders for path in folder.glob("*.md"))
        return sorted({name for name in (*stems, *self._written) if _NAME.match(name)})


def _page(title: str, body: str) -> Response:
    return HTMLResponse(_PAGE.format(title=escape(title), body=body), headers=_HEADERS)
