"""Settings of the stages: limits, addresses, models. Their built-in values; `config/` and the environment change them.

Secrets are never part of a settings object's printed form: fields that may hold one are `Secret`.
"""

from __future__ import annotations

import unicodedata
from typing import Annotated

import msgspec

Bytes = Annotated[int, msgspec.Meta(ge=1)]
PositiveSeconds = Annotated[float, msgspec.Meta(gt=0, le=604_800)]
Attempts = Annotated[int, msgspec.Meta(ge=1, le=20)]
Seed = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Price = Annotated[float, msgspec.Meta(ge=0)]


ONE_LINE = "one line without control characters"  # what is_one_line asks for, as refusals say it


def is_one_line(text: str) -> bool:
    """Tell whether a secret can be taken as it is: no control characters, no line breaks, nothing that is not UTF-8."""
    return not any(unicodedata.category(character) in ("Cc", "Zl", "Zp", "Cs") for character in text)


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

    max_bytes: Bytes = 512 * 1024 * 1024
    max_seconds: PositiveSeconds = 300.0  # for one download, from first byte asked to last byte read
    max_media_seconds: PositiveSeconds = 4 * 3600.0  # longer media is refused as too_long
    max_redirects: Annotated[int, msgspec.Meta(ge=0, le=20)] = 5
    allow_private_addresses: bool = False  # SSRF: only public addresses unless an operator says otherwise
    max_feed_items: Annotated[int, msgspec.Meta(ge=1)] = 50
    attempts: Attempts = 3  # tries of one request, with jittered backoff


class TranscriptionSettings(msgspec.Struct, frozen=True):
    """Which speech recognition weights are used, and how."""

    model_dir: str | None = None  # a CTranslate2 folder; None: the tiny.en weights that come with the install
    compute_type: str = "int8"
    threads: Annotated[int, msgspec.Meta(ge=0, le=256)] = 0  # 0: as many as there are cores
    beam_size: Annotated[int, msgspec.Meta(ge=1, le=10)] = 1


class LlmSettings(msgspec.Struct, frozen=True):
    """An OpenAI-compatible endpoint for the analysis stages; without `base_url` local heuristics do the work."""

    base_url: str | None = None
    model: str = "gpt-4o-mini"
    api_key: Secret = Secret()
    timeout_seconds: PositiveSeconds = 60.0
    attempts: Attempts = 3
    usd_per_million_input_tokens: Price = 0.15
    usd_per_million_output_tokens: Price = 0.60


class MemorySettings(msgspec.Struct, frozen=True):
    """Where finished items are remembered."""

    path: str | None = None  # SQLite file; None: memory.sqlite in the state folder
    qdrant_url: str | None = None
    qdrant_api_key: Secret = Secret()
    qdrant_collection: str = "pipemeter"


class PublishSettings(msgspec.Struct, frozen=True):
    """Where summaries of fully processed items are posted."""

    discord: bool = True  # false: never, even when DISCORD_WEBHOOK_URL is set for alerts
    discord_webhook_url: Secret = Secret()
    timeout_seconds: PositiveSeconds = 10.0
    attempts: Attempts = 3
