from pathlib import Path

import pytest
from cryptography import x509

from shared.errors import Conflict, Invalid
from shared.signing.authority import (
    Authority,
    create_development_authority,
    issue_physician_certificate,
    load_authority,
    load_authority_folder,
)
from shared.signing.signatory import Signatory, signatory
from shared.signing.trust import DEVELOPMENT_UNIT, account_of, name_of


def test_a_development_root_says_so_in_its_subject(authority: Authority) -> None:
    assert DEVELOPMENT_UNIT in authority.issuer.subject.rfc4514_string()


def test_a_physician_may_sign_and_commit_but_not_issue(author: Signatory) -> None:
    extensions = author.certificate.extensions
    usage = extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.digital_signature
    assert usage.content_commitment
    assert not usage.key_cert_sign
    assert not extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_the_certificate_names_the_account_and_the_person(author: Signatory) -> None:
    assert (account_of(author.certificate), name_of(author.certificate)) == ("account_author", "测试医师甲")


def test_a_certificate_does_not_outlive_its_issuer(authority: Authority, author: Signatory) -> None:
    pem = issue_physician_certificate(
        authority, author.key.public_pem, account_id="a", name="甲" * 80, org_name="院" * 80, valid_days=36_500
    )
    certificate = x509.load_pem_x509_certificate(pem.encode())
    assert certificate.not_valid_after_utc == authority.issuer.not_valid_after_utc


def test_an_authority_is_read_from_a_folder(authority: Authority, tmp_path: Path) -> None:
    (tmp_path / "issuer.key").write_text(authority.key_pem)
    (tmp_path / "issuer.pem").write_text(authority.chain_pem)
    assert load_authority_folder(tmp_path) == authority


def test_a_key_of_another_authority_is_refused(authority: Authority) -> None:
    with pytest.raises(Invalid) as refusal:
        load_authority(create_development_authority("别县").key_pem, authority.chain_pem)
    assert refusal.value.code == "authority_key_mismatch"


@pytest.mark.parametrize("key_pem", ["", "not pem"])
def test_rubbish_is_refused(authority: Authority, key_pem: str) -> None:
    with pytest.raises(Invalid):
        load_authority(key_pem, authority.chain_pem)


def test_a_signatory_needs_the_certificate_of_his_key(
    author: Signatory, reviewer: Signatory, authority: Authority
) -> None:
    with pytest.raises(Conflict) as refusal:
        signatory(author.key, authority.chain_pem)
    assert refusal.value.code == "certificate_replaced"
    assert reviewer.account_id == "account_reviewer"


def test_no_repr_shows_a_key(authority: Authority, author: Signatory) -> None:
    assert "PRIVATE" not in repr(authority)
    assert "PrivateKey" not in repr(author)
