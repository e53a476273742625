from pathlib import Path

import pytest
from pydantic import ValidationError

from services.gateway.accounts.config import AccountSettings


def test_a_certificate_without_its_key_is_refused() -> None:
    with pytest.raises(ValidationError):
        AccountSettings(ca_cert=Path("ca.pem"))


@pytest.mark.parametrize(
    ("settings", "issues"),
    [
        (AccountSettings(), True),
        (AccountSettings(trust_roots=Path("r.pem")), False),
        (AccountSettings(trust_roots=Path("r.pem"), ca_cert=Path("c.pem"), ca_key=Path("c.key")), True),
    ],
    ids=["nothing", "roots alone", "roots and authority"],
)
def test_the_region_issues_unless_only_external_roots_are_named(settings: AccountSettings, issues: bool) -> None:
    assert settings.issues_certificates is issues
