import math

import pytest

from shared.signing.canonical import canonical_bytes, digest


def test_names_are_sorted_and_nothing_is_spaced() -> None:
    assert canonical_bytes({"b": [1, 2.50, True, None], "a": "甲\n"}) == '{"a":"甲\\n","b":[1,2.5,true,null]}'.encode()


def test_numbers_are_written_as_ecmascript_writes_them() -> None:
    assert canonical_bytes({"n": [1.0, 1e21, 1e-7, -0.0, 333333333.33333329]}) == (
        b'{"n":[1,1e+21,1e-7,0,333333333.3333333]}'
    )


@pytest.mark.parametrize("value", [math.nan, math.inf, 2**60, "\ud800"])
def test_what_json_cannot_carry_is_refused(value: object) -> None:
    with pytest.raises(ValueError):
        canonical_bytes({"v": value})


def test_the_digest_is_sha256_in_hexadecimal() -> None:
    assert digest(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
