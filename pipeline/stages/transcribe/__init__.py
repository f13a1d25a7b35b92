"""The transcription stage: whatever was downloaded, as words with times and a confidence."""

from pipeline.stages.transcribe.transcriber import Transcriber

__all__ = ["Transcriber"]
