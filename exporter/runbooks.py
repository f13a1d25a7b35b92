"""`/runbooks/NAME`: what to do about an alert, where its link leads by default."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from exporter.errors import ApiError

_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$")
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>body{{font:15px sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem}}pre{{white-space:pre-wrap}}</style>
{body}</html>
"""


class Runbooks:
    """Serves the Markdown files of a folder: as they are, or inside a page for browsers."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def index(self, request: Request) -> Response:  # noqa: ARG002
        """List the runbooks."""
        links = "".join(f'<li><a href="/runbooks/{escape(name)}">{escape(name)}</a></li>' for name in self._names())
        return HTMLResponse(_PAGE.format(title="Runbooks", body=f"<h1>Runbooks</h1><ul>{links}</ul>"))

    async def show(self, request: Request) -> Response:
        """Show one runbook. Raises ApiError 404."""
        name = str(request.path_params["name"]).removesuffix(".md")
        path = self._folder / f"{name}.md"
        if not _NAME.match(name) or not path.is_file():  # the pattern leaves no way out of the folder
            raise ApiError(404, None, f"there is no runbook {name[:100]!r}")
        text = path.read_text(encoding="utf-8", errors="replace")
        if "text/html" in request.headers.get("accept", ""):
            return HTMLResponse(_PAGE.format(title=escape(name), body=f"<pre>{escape(text)}</pre>"))
        return PlainTextResponse(text, media_type="text/markdown")

    def _names(self) -> list[str]:
        return sorted(path.stem for path in self._folder.glob("*.md") if _NAME.match(path.stem))
