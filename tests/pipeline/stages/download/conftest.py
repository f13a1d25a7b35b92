from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import av
import httpx
import msgspec
import numpy as np
import pytest

from pipeline.settings import DownloadSettings
from pipeline.stages.download import make_client
from tests.servers import LocalServer, write

Page = Callable[[BaseHTTPRequestHandler], object]
RATE = 22_050
Samples = np.ndarray[Any, Any]


class Site(LocalServer):
    """A web server on a free port of this machine; a page is a function that writes the answer."""

    def __init__(self) -> None:
        self.pages: dict[str, Page] = {}
        self.requests: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.closing = threading.Event()
        super().__init__()

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def page(self, path: str, body: bytes | str = b"", status: int = 200, kind: str = "", **headers: str | None) -> str:
        """Serve a body under a path; header names are given with underscores. Return its URL."""
        data = body.encode() if isinstance(body, str) else body
        wanted = {"Content-Type": kind or None, **{name.replace("_", "-"): value for name, value in headers.items()}}

        def answer(request: BaseHTTPRequestHandler) -> None:
            headers = {"Content-Length": str(len(data)), **wanted}
            write(request, status, {name: value for name, value in headers.items() if value is not None}, data)

        return self.serve(path, answer)

    def serve(self, path: str, answer: Page) -> str:
        """Serve under a path what a function writes. Return its URL."""
        self.pages[path] = answer
        return self.url(path)

    def close(self) -> None:
        self.closing.set()
        super().close()

    def handle(self, request: BaseHTTPRequestHandler) -> None:
        self.requests.append(request.path)
        self.headers.append(dict(request.headers.items()))
        answer = self.pages.get(request.path.partition("?")[0])
        if answer is None:
            request.send_error(404)
        else:
            answer(request)


@pytest.fixture
def site() -> Iterator[Site]:
    server = Site()
    yield server
    server.close()


@pytest.fixture
def settings() -> DownloadSettings:
    return DownloadSettings(allow_private_addresses=True, max_seconds=20.0)


@pytest.fixture
def http(settings: DownloadSettings) -> Iterator[httpx.Client]:
    with make_client(settings) as client:
        yield client


@pytest.fixture
def strict() -> Iterator[httpx.Client]:
    """A client under the rule that operators have: public addresses only."""
    with make_client(DownloadSettings()) as client:
        yield client


class Lab:
    """Makes media files; a fixture, because test modules cannot import from a conftest."""

    @staticmethod
    def changed(settings: DownloadSettings, **values: object) -> DownloadSettings:
        return msgspec.structs.replace(settings, **values)

    @staticmethod
    def tone(seconds: float, loudness: float = 0.3, rate: int = RATE) -> Samples:
        return (loudness * np.sin(2 * np.pi * 440 * np.arange(int(seconds * rate)) / rate)).astype(np.float32)

    @staticmethod
    def write_audio(path: Path, samples: Samples, codec: str, title: str | None = None, rate: int = RATE) -> Path:
        """Encode samples (-1..1) with PyAV; the container follows from the name."""
        with av.open(str(path), "w") as container:
            if title:
                container.metadata["title"] = title
            stream: Any = container.add_stream(codec, rate=rate)
            stream.layout = "mono"
            form = "s16" if codec.startswith(("pcm", "flac")) else "fltp"
            stream.format = form
            size = stream.frame_size or 1152
            for start in range(0, len(samples), size):
                piece = samples[start : start + size][None]
                data = (piece * 32767).astype(np.int16) if form == "s16" else piece
                frame = av.AudioFrame.from_ndarray(data, format=form, layout="mono")
                frame.sample_rate, frame.pts = rate, start
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        return path

    @staticmethod
    def write_video(path: Path, seconds: float, sound_seconds: float | None = None, faststart: bool = False) -> Path:
        """Encode small grey pictures, with a tone unless `sound_seconds` is 0."""
        options = {"movflags": "faststart"} if faststart else {}
        with av.open(str(path), "w", options=options) as container:
            pictures = container.add_stream("mpeg4", rate=5)
            pictures.width, pictures.height, pictures.pix_fmt = 64, 48, "yuv420p"
            samples = Lab.tone(seconds if sound_seconds is None else sound_seconds)
            sound = container.add_stream("aac", rate=RATE, layout="mono") if len(samples) else None
            per_picture = RATE // 5
            for number in range(int(seconds * 5)):
                picture = av.VideoFrame.from_ndarray(np.full((48, 64, 3), number % 200, dtype=np.uint8), format="rgb24")
                picture.pts = number
                container.mux(pictures.encode(picture))
                piece = samples[number * per_picture : (number + 1) * per_picture]
                if sound is not None and len(piece):
                    frame = av.AudioFrame.from_ndarray(piece[None], format="fltp", layout="mono")
                    frame.sample_rate, frame.pts = RATE, number * per_picture
                    container.mux(sound.encode(frame))
            container.mux(pictures.encode(None))
            if sound is not None:
                container.mux(sound.encode(None))
        return path

    @staticmethod
    def cut(path: Path, share: float, name: str) -> Path:
        """Copy the first part of a file."""
        data = path.read_bytes()
        target = path.with_name(name)
        target.write_bytes(data[: int(len(data) * share)])
        return target


@pytest.fixture(scope="session")
def lab() -> Lab:
    return Lab()


@pytest.fixture(scope="session")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of synthetic media: 20 s of a tone in several formats, damaged and silent ones."""
    folder = tmp_path_factory.mktemp("media")
    Lab.write_audio(folder / "tone.mp3", Lab.tone(20), "libmp3lame", title="A tone")
    Lab.write_audio(folder / "tone.wav", Lab.tone(20), "pcm_s16le")
    Lab.write_audio(folder / "tone.flac", Lab.tone(20), "flac")
    Lab.write_audio(folder / "tone.ogg", Lab.tone(20, rate=48_000), "libopus", rate=48_000)
    Lab.write_audio(folder / "tone.m4a", Lab.tone(20), "aac")
    Lab.write_audio(folder / "tone.mka", Lab.tone(20), "aac")
    Lab.write_audio(folder / "tone.aac", Lab.tone(20), "aac")
    Lab.write_audio(folder / "silence.mp3", Lab.tone(20, 0.0), "libmp3lame")
    Lab.write_audio(folder / "half.wav", np.concatenate([Lab.tone(10), Lab.tone(10, 0.0)]), "pcm_s16le")
    Lab.write_video(folder / "film.mp4", 10)
    Lab.write_video(folder / "fast.mp4", 30, faststart=True)
    Lab.write_video(folder / "quiet-end.mp4", 20, sound_seconds=10)
    Lab.write_video(folder / "mute.mp4", 5, sound_seconds=0)
    return folder


ARTICLE_WORDS = (
    "The council decided on Tuesday to keep the old swimming pool open for another year. Engineers had reported that "
    "the roof would need new beams before winter, and the cost was put at four hundred thousand euros. Several "
    "members argued that the money should go into a new building instead. After two hours of debate the motion to "
    "repair the roof was carried by nine votes to six. Work begins in May, when the outdoor season starts, and the "
    "pool will close for ten weeks. Swimming clubs have been promised lanes in the neighbouring town, and a bus will "
    "run there every afternoon. The mayor said that the decision gave everybody time to plan properly. A public "
    "meeting about the long-term future of the pool is planned for September, and proposals can be sent in until then."
)


@pytest.fixture
def article_page() -> str:
    paragraphs = "".join(f"<p>{sentence}.</p>" for sentence in ARTICLE_WORDS.split(". "))
    return (
        "<!DOCTYPE html><html><head><title>Pool stays open</title>"
        '<meta property="og:title" content="Pool stays open"><meta name="description" content="A vote."></head>'
        '<body><nav><a href="/">Home</a> <a href="/news">News</a></nav>'
        f"<article><h1>Pool stays open</h1>{paragraphs}</article><footer>Imprint</footer></body></html>"
    )
