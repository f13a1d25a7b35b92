from __future__ import annotations

import pytest

from pipeline.errors import PipemeterError
from pipemeter.wheel import wheel


def test_a_checkout_is_no_installation_that_a_wheel_could_be_made_of() -> None:
    with pytest.raises(PipemeterError, match="runs from a checkout"):
        wheel()
