import json

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from shared.errors import Invalid, Unauthenticated
from shared.signing.keys import WrappedKey, check_pin, new_wrapped_key, rewrap, unwrap

PIN = "135790"


@pytest.fixture(scope="module")
def wrapped() -> WrappedKey:
    return new_wrapped_key(PIN)


def test_the_pin_opens_the_key(wrapped: WrappedKey) -> None:
    key = unwrap(wrapped.wrapped, PIN)
    signature = key.sign_es256(b"text")
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    key.private.public_key().verify(encode_dss_signature(r, s), b"text", ec.ECDSA(hashes.SHA256()))
    assert key.public_pem == wrapped.public_key_pem


def test_another_pin_does_not(wrapped: WrappedKey) -> None:
    with pytest.raises(Unauthenticated) as refusal:
        unwrap(wrapped.wrapped, "135791")
    assert refusal.value.code == "wrong_pin"


def test_a_rewrapped_key_is_the_same_key_under_the_new_pin_alone(wrapped: WrappedKey) -> None:
    again = rewrap(wrapped.wrapped, PIN, "24681012")
    assert again.public_key_pem == wrapped.public_key_pem
    assert unwrap(again.wrapped, "24681012").public_pem == wrapped.public_key_pem
    with pytest.raises(Unauthenticated):
        unwrap(again.wrapped, PIN)


def test_a_pepper_is_needed_once_it_was_used() -> None:
    wrapped = new_wrapped_key(PIN, pepper=b"of the region").wrapped
    with pytest.raises(Unauthenticated):
        unwrap(wrapped, PIN)
    assert unwrap(wrapped, PIN, pepper=b"of the region")


@pytest.mark.parametrize("pin", ["", "12345", "abcdef", "000000", "123456", "987654", "13579０", "1" * 33])
def test_a_weak_pin_is_refused_before_anything_is_made(pin: str) -> None:
    with pytest.raises(Invalid) as refusal:
        check_pin(pin)
    assert refusal.value.code == "pin_weak"


@pytest.mark.parametrize(
    "change",
    [{"v": 2}, {"m": 1 << 30}, {"m": "much"}, {"salt": "!"}, {"salt": ""}, {"ciphertext": None}],
    ids=lambda change: "-".join(f"{name}={value}" for name, value in change.items()),
)
def test_a_stored_key_that_was_spoilt_is_named_as_such(wrapped: WrappedKey, change: dict[str, object]) -> None:
    with pytest.raises(Invalid) as refusal:
        unwrap(json.dumps({**json.loads(wrapped.wrapped), **change}), PIN)
    assert refusal.value.code == "wrapped_key_unreadable"


def test_weaker_parameters_written_over_the_stored_ones_open_nothing(wrapped: WrappedKey) -> None:
    with pytest.raises(Unauthenticated):
        unwrap(json.dumps({**json.loads(wrapped.wrapped), "m": 64, "t": 1}), PIN)


def test_no_repr_shows_what_is_wrapped(wrapped: WrappedKey) -> None:
    assert "ciphertext" not in repr(wrapped)
