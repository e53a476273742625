import pytest

from shared.signing.authority import Authority, create_development_authority
from shared.signing.signatory import Signatory
from shared.signing.trust import TrustRoots, load_roots
from tests.unit.signing.people import physician


@pytest.fixture(scope="session")
def authority() -> Authority:
    return create_development_authority("示例县")


@pytest.fixture(scope="session")
def roots(authority: Authority) -> TrustRoots:
    return load_roots(authority.roots_pem.encode())


@pytest.fixture(scope="session")
def author(authority: Authority) -> Signatory:
    return physician(authority, "account_author", "测试医师甲")


@pytest.fixture(scope="session")
def reviewer(authority: Authority) -> Signatory:
    return physician(authority, "account_reviewer", "测试医师乙")
