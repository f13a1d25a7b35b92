"""Rebuild the generated part of ``samples/`` from the texts in ``tools/sample_scripts``.

The speech is made by espeak-ng (Debian: ``apt-get install espeak-ng``) and encoded with PyAV,
so no ffmpeg program is needed. The articles, feeds and plain texts in ``samples/`` were written
by hand and are left alone. The same versions of espeak-ng and PyAV give the same bytes.
"""

from __future__ import annotations

import argparse
import itertools
import random
import re
import shutil
import subprocess
import sys
import textwrap
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, cast

import av
import numpy as np
from av.audio.resampler import AudioResampler
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.audio.stream import AudioStream

Sound = NDArray[np.int16]

SCRIPTS = Path(__file__).with_name("sample_scripts")
RATE = 22050  # what espeak-ng produces
SOUND_RATE = 16_000  # what is written; half of it makes the speech hard to recognise
FPS = 2
WIDTH, HEIGHT = 160, 120
WORDS_PER_SECOND = 2.5  # pace of captions that have no sound
CUE_CHARACTERS = 84  # two lines of 42


@dataclass(frozen=True)
class Speaker:
    """Somebody who talks in a script; ``voice`` is an espeak-ng voice, empty in captions."""

    name: str
    voice: str


@dataclass(frozen=True)
class Cue:
    """One caption on the screen; ``first`` marks the first one of a turn."""

    start: float
    end: float
    speaker: str
    text: str
    first: bool


@dataclass
class Script:
    """One sample: where it goes, how it is made and what is said."""

    target: str
    options: dict[str, str] = field(default_factory=dict)
    speakers: dict[str, Speaker] = field(default_factory=dict)
    turns: list[tuple[str, str]] = field(default_factory=list)

    def number(self, key: str, default: float) -> float:
        """Return a numeric option."""
        return float(self.options.get(key, default))

    def sentences(self) -> Iterator[tuple[Speaker, str, bool]]:
        """Yield every sentence with its speaker, and whether it begins a turn."""
        for letter, text in self.turns:
            for index, sentence in enumerate(re.split(r"(?<=[.!?]) +", text)):
                yield self.speakers[letter], sentence, index == 0


def read_scripts(path: Path) -> list[Script]:
    """Read all scripts of one file; the format is described at the top of discussion.txt."""
    scripts: list[Script] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("=== "):
            target, *pairs = (part.strip() for part in line[4:].split("|"))
            script = Script(target)
            for key, value in (pair.split("=", 1) for pair in pairs):
                if len(key) == 1:
                    name, _, voice = value.partition("/")
                    script.speakers[key] = Speaker(name, voice)
                else:
                    script.options[key] = value
            scripts.append(script)
        elif line.strip() and not line.startswith("#"):
            letter, _, text = line.partition(": ")
            scripts[-1].turns.append((letter, text.strip()))
    return scripts


def speak(text: str, voice: str) -> Sound:
    """Let espeak-ng say one sentence; its output is a WAV header and 16-bit samples."""
    command = ["espeak-ng", "-v", voice, "-s", "158", "-g", "2", "--stdout", text]
    output = subprocess.run(command, check=True, capture_output=True).stdout
    return np.frombuffer(output, dtype=np.int16, offset=44)


def silence(seconds: float) -> Sound:
    """Return that much of nothing."""
    return np.zeros(round(RATE * seconds), dtype=np.int16)


def record(script: Script) -> tuple[Sound, list[Cue]]:
    """Speak a whole script; return the sound and the time of every sentence."""
    parts = [silence(script.number("lead", 0.1))]
    timed: list[Cue] = []
    for speaker, sentence, first in script.sentences():
        if first:
            parts.append(silence(0.25))
        start = sum(part.size for part in parts) / RATE
        parts.append(speak(sentence, speaker.voice))
        end = start + parts[-1].size / RATE
        timed.append(Cue(start, end, speaker.name, sentence, first))
    spoken = sum(part.size for part in parts) / RATE
    parts.append(silence(max(0.25, script.number("seconds", 0) - spoken)))
    mixed = np.concatenate(parts).astype(np.float64)
    mixed += np.random.default_rng(7).normal(0, 32767 * script.number("noise", 0), mixed.size)
    return np.clip(mixed, -32768, 32767).astype(np.int16), timed


def pace(script: Script) -> list[Cue]:
    """Give the sentences of a script without sound plausible times."""
    timed: list[Cue] = []
    clock = script.number("lead", 0.5)
    for speaker, sentence, first in script.sentences():
        start = clock + (0.6 if first else 0.1)
        clock = start + 0.4 + len(sentence.split()) / WORDS_PER_SECOND
        timed.append(Cue(start, clock, speaker.name, sentence, first))
    return timed


def fold(text: str, limit: int) -> list[str]:
    """Break a text into about equal pieces of at most ``limit`` characters."""
    width = len(text) // -(-len(text) // limit) + 6
    return textwrap.wrap(text, min(width, limit), break_on_hyphens=False)


def cut_cues(timed: list[Cue]) -> list[Cue]:
    """Split timed sentences into cues that fit on two lines."""
    cues: list[Cue] = []
    for cue in timed:
        pieces = fold(cue.text, CUE_CHARACTERS)
        per_letter = (cue.end - cue.start) / sum(map(len, pieces))
        end = cue.start
        for index, piece in enumerate(pieces):
            start, end = end, end + len(piece) * per_letter
            cues.append(Cue(start, end, cue.speaker, piece, cue.first and index == 0))
    return cues


def stamp(seconds: float, comma: str) -> str:
    """Format a time of WebVTT (``comma='.'``) or SRT (``comma=','``)."""
    whole, milli = divmod(round(seconds * 1000), 1000)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}{comma}{milli:03}"


def write_captions(path: Path, cues: list[Cue]) -> None:
    """Write cues as WebVTT with voice tags or as SRT with names in front of a turn."""
    vtt = path.suffix == ".vtt"
    comma = "." if vtt else ","
    several = len({cue.speaker for cue in cues}) > 1
    blocks = ["WEBVTT"] if vtt else []
    for number, cue in enumerate(cues, 1):
        text = "\n".join(fold(cue.text, CUE_CHARACTERS // 2 + 4))
        if several and (vtt or cue.first):
            text = f"<v {cue.speaker}>{text}" if vtt else f"{cue.speaker.upper()}: {text}"
        head = "" if vtt else f"{number}\n"
        blocks.append(f"{head}{stamp(cue.start, comma)} --> {stamp(cue.end, comma)}\n{text}")
    path.write_text("\n\n".join(blocks) + "\n", encoding="utf-8")


def picture(index: int) -> av.VideoFrame:
    """Draw one frame of a small moving test card."""
    image = np.zeros((HEIGHT, WIDTH, 3), dtype=np.uint8)
    for bar in range(8):
        colour = [190 * (bar >> bit & 1 ^ 1) for bit in (1, 2, 0)]
        image[:, bar * WIDTH // 8 : (bar + 1) * WIDTH // 8] = colour
    left = index * 2 % (WIDTH - 16)
    image[HEIGHT - 28 : HEIGHT - 12, left : left + 16] = 255
    frame = av.VideoFrame.from_ndarray(image, format="rgb24")
    frame.pts, frame.time_base = index, Fraction(1, FPS)
    return frame


def encode(path: Path, sound: Sound, container: str, kbps: int) -> None:
    """Write sound, and the test card in an mp4, to a file."""
    codec = {"mp3": "libmp3lame", "mp4": "aac", "wav": "pcm_mulaw"}[container]
    # with more threads or with mbtree the bytes differ from run to run
    x264 = {"threads": "1", "x264-params": "mbtree=0", "crf": "34", "g": str(FPS * 20)}
    with av.open(str(path), "w", format=container, options={"fflags": "+bitexact"}) as output:
        output.metadata["title"] = path.stem.replace("-", " ")
        film = output.add_stream("libx264", FPS, x264) if container == "mp4" else None
        if film is not None:
            film.width, film.height, film.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        audio = cast("AudioStream", output.add_stream(codec, SOUND_RATE, layout="mono"))
        if container != "wav":
            audio.bit_rate = kbps * 1000
        resampler = AudioResampler(audio.format.name, "mono", SOUND_RATE)
        step = RATE // FPS
        for index, start in enumerate(range(0, sound.size, step)):
            if film is not None:
                output.mux(film.encode(picture(index)))
            piece = sound[start : start + step].reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(piece, format="s16", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = RATE, start, Fraction(1, RATE)
            for ready in resampler.resample(frame):
                output.mux(audio.encode(ready))
        for last in (*resampler.resample(None), None):
            output.mux(audio.encode(last))
        if film is not None:
            output.mux(film.encode(None))


def fill(template: str, town: str, chance: random.Random) -> str:
    """Fill ``{town}``, ``{20-80}`` and ``{one|other}`` in a paragraph of the seminar."""

    def choose(match: re.Match[str]) -> str:
        if numbers := re.fullmatch(r"(\d+)-(\d+)", match[1]):
            return str(chance.randint(int(numbers[1]), int(numbers[2])))
        return chance.choice(str(match[1]).split("|"))

    return re.sub(r"\{([^{}]+)\}", choose, template.replace("{town}", town))


def seminar() -> Script:
    """Compose the two-hour seminar; every case of a section is told of two towns."""
    source = (SCRIPTS / "seminar.txt").read_text(encoding="utf-8")
    pieces = re.split(r"^== .+\n", source, flags=re.MULTILINE)[1:]
    towns = itertools.cycle(pieces[0].split())
    chance = random.Random(2024)
    speakers = {"A": Speaker("Hale", ""), "Q": Speaker("Student", "")}
    script = Script("education/water-seminar-2h.vtt", {"seconds": "7200"}, speakers)
    for piece in pieces[1:]:
        paragraphs = piece.strip().split("\n\n")
        cases = [text[6:] for text in paragraphs if text.startswith("CASE: ")]
        plain = [text for text in paragraphs if not text.startswith("CASE: ")]
        told, again = ([fill(case, next(towns), chance) for case in cases] for _ in range(2))
        for text in (*plain[:-4], *told, *plain[-4:-2], *again, *plain[-2:]):
            letter = "Q" if text.startswith("Q: ") else "A"
            script.turns.append((letter, text.removeprefix("Q: ")))
    return script


def build(script: Script, folder: Path) -> str:
    """Make one sample and describe it in one line."""
    path = folder / script.target
    path.parent.mkdir(parents=True, exist_ok=True)
    form = script.options.get("format", path.suffix[1:])
    seconds = 0.0
    if form in {"empty", "text"}:
        path.write_text("".join(f"{text}\n" for _, text in script.turns), encoding="utf-8")
    elif form in {"vtt", "srt"}:
        cues = cut_cues(pace(script))
        seconds = script.number("seconds", cues[-1].end)
        scale = seconds / cues[-1].end
        write_captions(path, [replace(c, start=c.start * scale, end=c.end * scale) for c in cues])
    else:
        sound, timed = record(script)
        seconds = sound.size / RATE
        encode(path, sound, form, int(script.number("kbps", 28 if form == "mp4" else 24)))
        if "keep" in script.options:
            kept = int(path.stat().st_size * script.number("keep", 1))
            path.write_bytes(path.read_bytes()[:kept])
        if "captions" in script.options:
            write_captions(path.with_suffix("." + script.options["captions"]), cut_cues(timed))
    words = sum(len(text.split()) for _, text in script.turns)
    return f"{script.target:45} {path.stat().st_size:8} bytes {seconds:8.1f} s {words:6} words"


def main() -> None:
    """Build all samples, or those whose path contains ``--only``."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--out", type=Path, default=SCRIPTS.parent.parent / "samples")
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    if shutil.which("espeak-ng") is None:
        parser.error("espeak-ng is not installed")
    files = (file for file in sorted(SCRIPTS.glob("*.txt")) if file.stem != "seminar")
    for script in (*itertools.chain(*map(read_scripts, files)), seminar()):
        if arguments.only in script.target:
            sys.stdout.write(build(script, arguments.out) + "\n")


if __name__ == "__main__":
    main()
