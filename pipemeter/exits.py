"""The exit codes of the command line; 0 is success."""

from __future__ import annotations

FAILED = 1  # the command could not do its work
USAGE = 2  # bad usage or configuration
SOME_FAILED = 3  # it did, but not for everything
INTERRUPTED = 130  # as shells expect it after Ctrl-C
