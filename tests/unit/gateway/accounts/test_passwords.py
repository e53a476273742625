import pytest

from services.gateway.accounts.passwords import Passwords, check_password
from shared.errors import Invalid


async def test_a_password_verifies_against_its_own_hash_only() -> None:
    passwords = Passwords()
    stored = await passwords.hash("a-good-one-7")
    assert stored.startswith("$argon2id$")
    assert await passwords.verify(stored, "a-good-one-7")
    assert not await passwords.verify(stored, "a-good-one-8")
    assert not passwords.is_outdated(stored)


async def test_nobodys_password_never_verifies_and_neither_does_a_broken_hash() -> None:
    passwords = Passwords()
    assert not await passwords.verify(None, "anything")
    assert not await passwords.verify("not a hash", "anything")


async def test_an_old_hash_is_told_from_todays() -> None:
    old = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$aGFzaGhhc2hoYXNoaGFzaA"
    assert Passwords().is_outdated(old)


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaaaaa", "my-Reader1-password", "abababababab"])
def test_a_weak_password_is_refused(password: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_password(password, "reader1")
    assert refused.value.code == "password_weak"


@pytest.mark.parametrize("password", ["correct horse battery", "县医院的好长好长密码呀", "x7#kqp!2mz"])
def test_a_long_password_of_any_characters_is_good(password: str) -> None:
    check_password(password, "reader1")
