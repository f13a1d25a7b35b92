"""Each stage tried for real on something small: what `pipemeter doctor` believes, more than any list of packages.

Nothing is fetched, posted or kept: files stand in a folder that goes away afterwards.
"""

from __future__ import annotations

import math
import struct
import wave
from collections.abc import Callable
from pathlib import Path

from pipeline.configuration.config import Config
from pipeline.errors import StageError
from pipeline.item import Source, Transcript
from pipeline.words import count_words

_SENTENCES = (
    "The council met on Tuesday to decide what becomes of the old harbour.",
    "Two thirds of the members want a park along the water, the others want houses.",
    "A study of 2019 found that the ground is too soft for buildings of more than three floors.",
    "The mayor said that the town can pay for either, but not for both in one year.",
    "People who live nearby asked for benches, for trees and for a path that is lit at night.",
    "A decision is expected in March, after the committee has heard the engineers once more.",
)
_TEXT = " ".join(_SENTENCES)
_RATE = 16_000  # samples a second
_TONE = 440  # Hz

Trial = Callable[[Config, Path], str]


def download(config: Config, folder: Path) -> str:
    """Read an article's page and a feed, and load what knows video sites. Raises StageError, ImportError."""
    import yt_dlp.version

    from pipeline.stages.download import expand, fetch, make_client

    page, feed = folder / "page.html", folder / "feed.xml"
    paragraphs = "".join(f"<p>{sentence}</p>" for sentence in _SENTENCES)
    page.write_text(f"<html><head><title>Harbour</title></head><body><article>{paragraphs}</article></body></html>")
    feed.write_text(
        f"<rss version='2.0'><channel><item><title>Harbour</title><link>{page.name}</link></item></channel></rss>"
    )
    with make_client(config.download) as client:
        fetched = fetch(Source(str(page)), folder, config.download, client)
        entries = len(list(expand(str(feed), config.download, client)))
    if fetched.media_kind != "article" or not fetched.text or entries != 1:
        raise StageError("internal", f"of a page it made {fetched.media_kind}, of a feed with one entry {entries}")
    words = count_words(fetched.text)
    return f"an article of {words} words and a feed read; yt-dlp {yt_dlp.version.__version__}"


def transcription(config: Config, folder: Path) -> str:
    """Listen to a second of a tone, in which there is no word, and read captions. Raises StageError, ImportError."""
    import py3langid.langid  # noqa: F401 - texts need it; its model takes most of a second to load

    from pipeline.stages.download.captions import parse_captions
    from pipeline.stages.transcribe import speech
    from pipeline.stages.transcribe.audio import blocks

    path = folder / "tone.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(_RATE)
        tone = (round(9000 * math.sin(2 * math.pi * _TONE * n / _RATE)) for n in range(_RATE))
        file.writeframes(b"".join(struct.pack("<h", sample) for sample in tone))
    model = speech.load(config.transcription)
    heard = sum(len(speech.listen(model, samples, beam_size=1)[0]) for _, samples in blocks(path))
    [(_, samples)] = blocks(path)
    model.encode(model.feature_extractor(samples))  # the listening above ends where it finds no voice
    if not parse_captions(f"WEBVTT\n\n00:00.000 --> 00:05.000\n{_SENTENCES[0]}\n"):
        raise StageError("internal", "captions of one line were read as none")
    weights = speech.weights_folder(config.transcription)
    return f"captions read, a second of sound listened to ({heard} words heard); weights in {weights}"


def assessment(config: Config, folder: Path) -> str:  # noqa: ARG001 - all trials are called alike
    """Score a short text and find its type. Raises ImportError."""
    from pipeline.stages.assess import Assessor

    found = Assessor(config.custom_types()).assess(Transcript(_TEXT, "text", 1.0), title="Harbour")
    return f"a short text scored {found.scores.overall:.2f}, taken for {found.content_type}"


def analysis(config: Config, folder: Path) -> str:  # noqa: ARG001 - see above
    """Summarise the text by the local heuristics, whatever endpoint is configured. Raises ImportError."""
    from pipeline.stages.analyze import Analyst
    from pipeline.stages.assess import Assessor

    assessor, transcript = Assessor(), Transcript(_TEXT, "text", 1.0)
    analyst, judged = Analyst(assessor.embed), assessor.assess(transcript)
    found = analyst.analysis(transcript, judged)
    analyst.perspective(transcript, judged)
    analyst.fallacy(transcript, judged)
    return f"summary, {len(found.keywords)} keywords and {len(found.claims)} claims of a short text"


def memory(folder: Path) -> str:
    """Keep a text in a memory that goes away, and find it again. Raises StageError."""
    from pipeline.stages.remember import Memory, RememberedItem

    with Memory(folder / "memory.sqlite") as kept:
        kept.remember(RememberedItem(content_hash="0" * 64, source="doctor", text=_TEXT, summary=_SENTENCES[0]))
        found = len(kept.search("harbour"))
    if found != 1:
        raise StageError("storage", f"one text was kept and {found} were found again")
    return "a text kept and found again"


STAGES: dict[str, Trial] = {
    "download": download,
    "transcription": transcription,
    "assessment": assessment,
    "analysis": analysis,
}
