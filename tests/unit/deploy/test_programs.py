"""A wheel that this platform does not have is said in one line."""

import pytest

from deploy.local.problems import CannotStart
from deploy.local.programs import find_program


def test_a_missing_program_names_its_wheel_in_one_line() -> None:
    with pytest.raises(CannotStart) as missing:
        find_program("no-such-server", "no-such-wheel")
    assert "no-such-wheel" in str(missing.value)
    assert "\n" not in str(missing.value)
