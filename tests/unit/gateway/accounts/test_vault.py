import base64
import secrets

import pytest

from services.gateway.accounts.vault import Vault
from shared.errors import Invalid

PEM = "-----BEGIN PRIVATE KEY-----\ntest\n-----END PRIVATE KEY-----\n"


def _vault() -> Vault:
    return Vault.of_secret(base64.b64encode(secrets.token_bytes(32)).decode())


def test_what_is_sealed_shows_nothing_and_opens_again() -> None:
    vault = _vault()
    sealed = vault.seal(PEM, "key_1")
    assert "PRIVATE" not in sealed
    assert vault.unseal(sealed, "key_1") == PEM


def test_a_sealed_key_opens_neither_under_another_secret_nor_in_another_place() -> None:
    vault = _vault()
    sealed = vault.seal(PEM, "key_1")
    for other, purpose in ((_vault(), "key_1"), (Vault(), "key_1"), (vault, "key_2")):
        with pytest.raises(Invalid) as refused:
            other.unseal(sealed, purpose)
        assert refused.value.code == "keys_secret_wrong"


def test_what_was_stored_before_there_was_a_secret_stays_readable() -> None:
    assert _vault().unseal(Vault().seal(PEM, "key_1"), "key_1") == PEM


@pytest.mark.parametrize("secret", ["not base64!", base64.b64encode(b"short").decode()])
def test_a_secret_is_base64_of_32_bytes(secret: str) -> None:
    with pytest.raises(Invalid) as refused:
        Vault.of_secret(secret)
    assert refused.value.code == "keys_secret_unreadable"


def test_a_vault_does_not_print_its_key() -> None:
    secret = secrets.token_bytes(32)
    assert repr(secret) not in repr(Vault(secret))
