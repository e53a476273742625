"""Physicians, an authority and a statement for tests; all of them plainly made up."""

from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from shared.signing.authority import Authority, issue_physician_certificate
from shared.signing.document import ReportDocument
from shared.signing.keys import SigningKey
from shared.signing.signatory import Signatory, signatory

STATEMENT: dict[str, Any] = {
    "report_id": "report_01test",
    "case_id": "case_01test",
    "center": "imaging",
    "version": 1,
    "accession_number": "A20261121000123",
    "status": "final",
    "patient": {"id": "P1", "issuer": "clinic_1", "name": "测试甲", "sex": "M", "birth_date": "1960-01-31"},
    "exam": {
        "code": "DX-CHEST-PA",
        "name": "胸部正位",
        "modality": "DX",
        "body_part": "胸部",
        "method": "正位",
        "performed_at": "2026-11-21T10:20:00+08:00",
    },
    "encounter": {"type": "outpatient", "number": "MZ1", "department": "内科"},
    "clinical_info": "咳嗽三天",
    "requester": {"name": "测试医生"},
    "clinic": {"id": "clinic_1", "name": "示例甲镇卫生院"},
    "reading_site": {"id": "site_a", "name": "示例县人民医院"},
    "content": {"findings": "双肺纹理清晰。", "impression": "心肺膈未见明显异常。", "positive": False},
    "positive": False,
    "author": {"id": "account_author", "name": "测试医师甲"},
    "written_at": "2026-11-21T10:31:20+08:00",
    "received_at": "2026-11-21T10:22:00+08:00",
    "verification_url": "https://region.example/verify?r=report_01test&v=1",
    "development": True,
}


def statement(**changes: Any) -> ReportDocument:
    return ReportDocument.model_validate({**STATEMENT, **changes})


def physician(authority: Authority, account_id: str, name: str = "测试医师", **certificate: Any) -> Signatory:
    """A key that was never wrapped: argon2id costs 0.2 s, and what it does is tested by itself."""
    key = SigningKey(ec.generate_private_key(ec.SECP256R1()))
    pem = issue_physician_certificate(
        authority, key.public_pem, account_id=account_id, name=name, org_name="示例县人民医院", **certificate
    )
    return signatory(key, pem + authority.chain_pem)


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
