from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from pipeline.errors import StageError
from pipeline.settings import TranscriptionSettings
from pipeline.stages.transcribe.speech import Heard, confidence, load, weights_folder

CLEAR = Heard(0.0, 5.0, "ten words", 10, word_probability=0.9, no_speech_probability=0.3, compression_ratio=1.5)


def but(**values: float) -> Heard:
    return msgspec.structs.replace(CLEAR, **values)


def test_confidence_of_clear_speech_is_the_mean_probability_of_its_words() -> None:
    assert confidence([CLEAR]) == pytest.approx(0.9)
    assert confidence([CLEAR, but(words=30, word_probability=0.5)]) == pytest.approx(0.6)


def test_a_loop_takes_the_certainty_out_of_its_words() -> None:
    assert confidence([but(compression_ratio=24.0)]) == pytest.approx(0.09)
    assert confidence([but(compression_ratio=2.4)]) == pytest.approx(0.9)


def test_words_in_what_may_be_no_speech_are_doubted() -> None:
    assert confidence([but(no_speech_probability=0.6)]) == pytest.approx(0.9)
    assert confidence([but(no_speech_probability=1.0)]) == pytest.approx(0.9 * 0.75)


def test_confidence_stays_within_0_and_1() -> None:
    assert confidence([]) == 0.0
    assert confidence([but(word_probability=1.2, compression_ratio=0.0)]) == 1.0


def test_the_bundled_weights_are_found_without_any_setting() -> None:
    folder = weights_folder(TranscriptionSettings())
    assert folder is not None
    assert (folder / "model.bin").is_file()


def test_a_folder_that_lacks_a_file_is_no_folder_of_weights(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"x")
    assert weights_folder(TranscriptionSettings(model_dir=str(tmp_path))) is None


def test_weights_that_are_missing_say_how_to_mend_it(tmp_path: Path) -> None:
    with pytest.raises(StageError, match="set model_dir to one") as error:
        load(TranscriptionSettings(model_dir=str(tmp_path / "none")))
    assert error.value.error_type == "unsupported"


def test_damaged_weights_are_a_clear_error(tmp_path: Path) -> None:
    for name in ("model.bin", "config.json", "tokenizer.json"):
        (tmp_path / name).write_text("{}")
    with pytest.raises(StageError, match="cannot be loaded") as error:
        load(TranscriptionSettings(model_dir=str(tmp_path)))
    assert error.value.error_type == "unsupported"


def test_an_unknown_compute_type_is_a_clear_error() -> None:
    with pytest.raises(StageError, match="cannot be loaded"):
        load(TranscriptionSettings(compute_type="int3"))
