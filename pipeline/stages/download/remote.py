"""What a URL turns out to be: media, captions, text, an article, or a page around a video."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

import httpx

from pipeline.errors import StageError
from pipeline.item import Fetched, Source
from pipeline.settings import DownloadSettings
from pipeline.stages.download import article
from pipeline.stages.download.budget import Budget
from pipeline.stages.download.describe import Hints, article_of, describe, look, read_bytes
from pipeline.stages.download.http import Answer, save
from pipeline.stages.download.url import check_url, is_video_site, last_part, redacted
from pipeline.stages.download.video import fetch_video
from pipeline.words import count_words


def fetch_url(source: Source, workdir: Path, settings: DownloadSettings, http: httpx.Client) -> Fetched:
    """Download a URL and describe what it was (raises StageError); one budget of bytes and seconds for all of it."""
    url = check_url(source.uri)
    budget = Budget(settings.max_bytes, settings.max_seconds)
    if is_video_site(url):
        return fetch_video(source, workdir, settings, http, budget)
    answer = save(http, url, workdir, settings, budget)
    if answer.path.stat().st_size == 0:
        raise StageError("empty", f"{redacted(url)} answered with nothing")
    hints = _hints(answer, source)
    kind = look(answer.path, hints).kind
    if kind == "html":
        return _page(answer, hints, source, workdir, settings, http, budget)
    if kind == "playlist":  # HLS or DASH: yt-dlp reads those, under the same rules
        return fetch_video(source, workdir, settings, http, budget)
    return describe(answer.path, hints, settings)


def _page(
    answer: Answer,
    hints: Hints,
    source: Source,
    workdir: Path,
    settings: DownloadSettings,
    http: httpx.Client,
    budget: Budget,
) -> Fetched:
    """Choose between the article and the video of a page.

    A page that calls itself a video's is one; else 80 words of running text make an article; else the page is
    searched for a video; else 25 words will do.
    """
    found = _article(answer, hints)
    words = count_words(found.text or "") if found else 0
    html = read_bytes(answer.path, hints.name).decode("latin-1")  # only ASCII markup is looked for
    video_first = article.is_video_page(html) or (article.has_player(html) and words < 2 * article.MIN_WORDS)
    if found and words >= article.MIN_WORDS and not video_first:
        return found
    try:
        return fetch_video(source, workdir, settings, http, budget)
    except StageError as error:
        enough = article.MIN_WORDS if error.error_type != "unsupported" else article.MIN_WORDS_LAST_RESORT
        if found and words >= enough:
            return found
        if error.error_type != "unsupported":
            raise
    raise StageError("unsupported", f"{redacted(answer.url)} is a page with neither an article nor a video in it")


def _article(answer: Answer, hints: Hints) -> Fetched | None:
    try:
        return article_of(answer.path, hints)
    except StageError as error:
        if error.error_type != "empty":
            raise
        return None


def _hints(answer: Answer, source: Source) -> Hints:
    name = unquote(last_part(answer.url)) or "the page"
    return Hints(name, title=source.title, content_type=answer.content_type, charset=answer.charset, url=answer.url)
