"""Chooses where the words come from: text as it is, captions, or speech recognition."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import structlog

from pipeline.errors import StageError
from pipeline.item import Fetched, Segment, Transcript
from pipeline.settings import TranscriptionSettings
from pipeline.stages.download.captions import read_captions
from pipeline.stages.download.text import decode_text
from pipeline.stages.transcribe import cues, speech
from pipeline.stages.transcribe.audio import blocks
from pipeline.stages.transcribe.language import language_of
from pipeline.words import count_words, has_words

TEXT_CONFIDENCE = 1.0  # the words are the content itself
CAPTIONS_CONFIDENCE = 0.95  # written by people, but shortened to fit, and sounds are left out
ROLLING_CONFIDENCE = 0.85  # rolling captions are made by a recogniser; a good one, but without names and full stops


class Transcriber:
    """Turns fetched content into a transcript; may be shared between threads.

    The weights for speech are loaded once, with the first sound that has to be listened to.
    """

    def __init__(self, settings: TranscriptionSettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._model: Any = None

    def transcribe(self, fetched: Fetched) -> Transcript:
        """Return the words of one item.

        Captions that come with media go before speech recognition, unless they are damaged or have no words. Raises
        StageError: `empty` when there are no words or no speech, `corrupt` for content that cannot be decoded,
        `unsupported` when the weights are missing.
        """
        if fetched.media_kind in ("text", "article"):
            return _from_text(fetched)
        if fetched.media_kind == "captions":
            return _from_captions(_path(fetched))
        if fetched.captions_path is not None:
            try:
                return _from_captions(fetched.captions_path)
            except StageError:
                pass  # there is still the sound
        return self._from_speech(_path(fetched), fetched.sound_track)

    def available(self) -> tuple[bool, str]:
        """Tell whether speech can be recognised: (True, where the weights are) or (False, how to mend it)."""
        folder = speech.weights_folder(self._settings)
        return (True, f"weights in {folder}") if folder else (False, speech.missing(self._settings))

    def _from_speech(self, path: Path, track: int) -> Transcript:
        heard: list[speech.Heard] = []
        segments: list[Segment] = []
        language: tuple[str | None, float] = (None, 0.0)
        for start, samples in blocks(path, track=track):
            found, name, probability = speech.listen(self._loaded(), samples, self._settings.beam_size)
            heard.extend(found)
            segments.extend(item.shifted(start) for item in found)
            if found and language[0] is None:
                language = (name, probability)
        if not heard:
            raise StageError("empty", f"no speech was heard in {path.name}")
        confidence = speech.confidence(heard)
        if not self._loaded().model.is_multilingual:
            # Weights for one language hear that language in everything; the words' certainty is all there is to go by.
            language = (language[0], confidence)
        return Transcript(
            text=" ".join(segment.text for segment in segments),
            origin="speech",
            confidence=confidence,
            segments=tuple(segments),
            language=language[0],
            language_confidence=language[1],
        )

    def _loaded(self) -> Any:
        with self._lock:
            if self._model is None:
                self._model = speech.load(self._settings)
            return self._model


def _from_text(fetched: Fetched) -> Transcript:
    text = (fetched.text or "").strip()
    if not has_words(text):
        raise StageError("empty", f"{fetched.title or 'the item'} has no words")
    language, probability = language_of(text)
    return Transcript(text, "text", TEXT_CONFIDENCE, language=language, language_confidence=probability)


def _from_captions(path: Path) -> Transcript:
    try:
        read = read_captions(decode_text(path.read_bytes()))
    except OSError as error:
        raise StageError("storage", f"{path.name} cannot be read: {error.strerror}") from None
    found = read.cues
    segments = cues.merged(found)
    text = cues.running_text(segments)
    if not has_words(text):  # `♪ ♪` is none
        raise StageError("empty", f"{path.name} holds captions without words")
    language, probability = language_of(text)
    confidence = ROLLING_CONFIDENCE if cues.is_rolling(found) else CAPTIONS_CONFIDENCE
    if read.dropped_words:
        kept = count_words(text)
        structlog.get_logger().warning("captions_words_dropped", file=path.name, dropped=read.dropped_words, kept=kept)
        confidence *= kept / (kept + read.dropped_words)
    return Transcript(
        text=text,
        origin="captions",
        confidence=confidence,
        segments=tuple(segments),
        language=language,
        language_confidence=probability,
    )


def _path(fetched: Fetched) -> Path:
    if fetched.path is None:
        raise StageError("internal", f"{fetched.title or 'the item'} has no file to transcribe")
    return fetched.path
