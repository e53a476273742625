"""What one signature says of its maker, the same for a JWS and a PDF."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509

from shared.signing.document import SignerRole
from shared.signing.trust import Trust, TrustRoots, account_of, name_of, serial_of

CLOCK_SKEW = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Problem:
    """``code`` is stable; ``detail`` is for people."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class SignerFact:
    """``intact``: the signature is good over the very bytes. ``trust``: whose certificate it was when he signed."""

    role: SignerRole | None
    name: str
    account_id: str
    signed_at: datetime | None
    certificate_serial: str
    intact: bool
    trust: Trust
    problems: tuple[Problem, ...] = ()

    @property
    def is_good(self) -> bool:
        return self.intact and not self.problems


def signer_fact(
    *,
    role: SignerRole | None,
    chain: Sequence[x509.Certificate],
    signed_at: datetime | None,
    intact: bool,
    roots: TrustRoots,
    at: datetime,
    problems: Iterable[Problem] = (),
) -> SignerFact:
    """Judge a signer's certificate. ``at`` is the moment of the check: nobody can have signed after it."""
    leaf = chain[0]
    found = list(problems)
    trust = Trust.NONE
    if not intact:
        found.append(Problem("not_intact", "签名与内容不符：内容在签名后被改动"))
    if signed_at is None:
        found.append(Problem("signing_time_missing", "签名未注明时间"))
    elif signed_at > at + CLOCK_SKEW:
        found.append(Problem("signing_time_in_future", "签名时间晚于当前时间"))
    else:
        trust = roots.judge(leaf, chain[1:], signed_at)
        if trust is Trust.NONE:
            found.append(Problem("untrusted_signer", "签名证书不属于本区域，或签名时不在有效期内"))
        elif roots.is_revoked(leaf, signed_at):
            found.append(Problem("certificate_revoked", "签名证书在签名时已被吊销"))
    if role is None:
        found.append(Problem("role_unknown", "签名未注明书写或审核"))
    return SignerFact(
        role=role,
        name=name_of(leaf),
        account_id=account_of(leaf),
        signed_at=signed_at,
        certificate_serial=serial_of(leaf),
        intact=intact,
        trust=trust,
        problems=tuple(found),
    )


def agreement_problems(signers: Sequence[SignerFact], needed: Sequence[SignerRole]) -> list[Problem]:
    """What is wrong between the signatures of one report: one lacking, one twice, both by one person."""
    roles = [signer.role for signer in signers]
    problems = [
        Problem(f"{role}_missing", f"缺少{'书写' if role is SignerRole.AUTHOR else '审核'}医师签名")
        for role in needed
        if role not in roles
    ]
    if len(roles) != len(set(roles)) or any(role not in needed for role in roles if role is not None):
        problems.append(Problem("signature_unexpected", "存在报告不需要的签名"))
    accounts = [signer.account_id for signer in signers]
    if len(accounts) != len(set(accounts)):
        problems.append(Problem("same_person", "书写与审核为同一人"))
    return problems
