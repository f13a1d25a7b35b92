"""Settings of the stages: limits, addresses, models. Their built-in values; `config/` and the environment change them.

Secrets are never part of a settings object's printed form: fields that may hold one are `Secret`.
"""

from __future__ import annotations

import msgspec


class Secret(msgspec.Struct, frozen=True, repr_omit_defaults=True):
    """A value that must never be printed; `reveal()` gives it to the one place that needs it."""

    value: str | None = None

    def reveal(self) -> str | None:
        """Return the secret itself."""
        return self.value

    def __bool__(self) -> bool:
        return bool(self.value)

    def __repr__(self) -> str:
        return "Secret(***)" if self.value else "Secret(unset)"

    __str__ = __repr__


class DownloadSettings(msgspec.Struct, frozen=True):
    """Limits of the download stage."""

    max_bytes: int = 512 * 1024 * 1024
    max_seconds: float = 300.0  # for one download, from first byte asked to last byte read
    max_media_seconds: float = 4 * 3600.0  # longer media is refused as too_long
    max_redirects: int = 5
    allow_private_addresses: bool = False  # SSRF: only public addresses unless an operator says otherwise
    max_feed_items: int = 50
    attempts: int = 3  # tries of one request, with jittered backoff


class TranscriptionSettings(msgspec.Struct, frozen=True):
    """Which speech recognition weights are used, and how."""

    model_dir: str | None = None  # a CTranslate2 folder; None: the tiny.en weights that come with the install
    compute_type: str = "int8"
    threads: int = 0  # 0: as many as there are cores
    beam_size: int = 1


class LlmSettings(msgspec.Struct, frozen=True):
    """An OpenAI-compatible endpoint for the analysis stages; without `base_url` local heuristics do the work."""

    base_url: str | None = None
    model: str = "gpt-4o-mini"
    api_key: Secret = Secret()
    timeout_seconds: float = 60.0
    attempts: int = 3
    usd_per_million_input_tokens: float = 0.15
    usd_per_million_output_tokens: float = 0.60


class MemorySettings(msgspec.Struct, frozen=True):
    """Where finished items are remembered."""

    path: str | None = None  # SQLite file; None: memory.sqlite in the state folder
    qdrant_url: str | None = None
    qdrant_api_key: Secret = Secret()
    qdrant_collection: str = "pipemeter"


class PublishSettings(msgspec.Struct, frozen=True):
    """Where summaries of fully processed items are posted."""

    discord_webhook_url: Secret = Secret()
    timeout_seconds: float = 10.0
    attempts: int = 3
