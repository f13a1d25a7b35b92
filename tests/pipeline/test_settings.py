from __future__ import annotations

import msgspec
import pytest

from pipeline.settings import (
    DownloadSettings,
    LlmSettings,
    MemorySettings,
    PublishSettings,
    Secret,
    TranscriptionSettings,
)

ALL = (DownloadSettings, TranscriptionSettings, LlmSettings, MemorySettings, PublishSettings)


def test_a_secret_is_printed_nowhere_and_given_to_who_asks_for_it() -> None:
    secret = Secret("sesame")
    holder = LlmSettings(api_key=secret)
    for text in (repr(secret), str(secret), f"{secret}", f"{secret!r}", repr(holder), str([holder])):
        assert "sesame" not in text
    assert secret.reveal() == "sesame"
    assert (bool(secret), bool(Secret()), bool(Secret(""))) == (True, False, False)
    assert str(Secret()) == "Secret(unset)"


@pytest.mark.parametrize("kind", ALL)
def test_the_built_in_values_keep_their_own_limits(kind: type[msgspec.Struct]) -> None:
    assert msgspec.convert(msgspec.to_builtins(kind()), kind) == kind()


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (DownloadSettings, {"max_bytes": 0}),
        (DownloadSettings, {"max_seconds": 0}),
        (DownloadSettings, {"max_seconds": 604_801}),
        (DownloadSettings, {"max_redirects": 21}),
        (DownloadSettings, {"attempts": 0}),
        (TranscriptionSettings, {"threads": -1}),
        (TranscriptionSettings, {"beam_size": 11}),
        (LlmSettings, {"usd_per_million_input_tokens": -0.1}),
        (LlmSettings, {"attempts": True}),
        (PublishSettings, {"discord": "no"}),
    ],
)
def test_what_makes_no_sense_is_refused(kind: type[msgspec.Struct], value: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(value, kind)
