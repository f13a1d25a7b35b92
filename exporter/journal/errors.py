"""What can be wrong with a journal, by what there is to do about it."""

from __future__ import annotations

from pipeline.errors import PipemeterError


class JournalError(PipemeterError):
    """The journal cannot be opened or written; later it may well be."""


class JournalLostError(JournalError):
    """The file under the journal is gone, is another one, or cannot be read: only a new one helps."""


class JournalDamagedError(JournalError):
    """The file is a journal, and some of it cannot be read: it has to be mended before it is opened."""
