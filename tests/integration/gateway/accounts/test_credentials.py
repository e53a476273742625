from cryptography import x509
from sqlalchemy import text

from services.gateway.queries.roots import trust_roots
from shared import directory
from shared.clock import utc_now
from shared.db import Database
from shared.signing.keys import unwrap
from shared.signing.signatory import signatory
from shared.signing.trust import Trust, load_roots
from tests.integration.gateway.accounts.desk import PIN, Desk


async def test_a_credential_signs_under_its_pin_and_its_certificate_names_the_physician(
    desk: Desk, db: Database
) -> None:
    async with db.transaction() as session:
        held = await directory.credential(session, "acc_reader1")
    assert held is not None
    signer = signatory(unwrap(held.wrapped_key, PIN), held.certificate_chain_pem)
    assert (signer.account_id, signer.name) == ("acc_reader1", "测试报告医生一")

    roots = load_roots((await desk.http.get("/v1/trust/roots.pem")).content)
    assert roots.judge(signer.chain[0], signer.chain[1:], utc_now()) is Trust.DEVELOPMENT


async def test_a_second_credential_is_refused_until_the_first_is_revoked(desk: Desk, db: Database) -> None:
    reader, admin = await desk.bearer("reader1"), await desk.bearer("admin1")
    again = await desk.http.post("/v1/me/signing-credential", json={"pin": "246813"}, headers=reader)
    assert (again.status_code, again.json()["code"]) == (409, "credential_exists")

    old_serial = (await desk.http.get("/v1/me", headers=reader)).json()["signing_credential"]["serial"]
    path = "/v1/admin/users/acc_reader1/signing-credential/revoke"
    await desk.http.post(path, json={"reason": "遗失"}, headers=admin)
    made = await desk.http.post("/v1/me/signing-credential", json={"pin": "246813"}, headers=reader)
    assert (made.status_code, made.json()["status"]) == (201, "active")
    assert made.json()["serial"] != old_serial

    old = (await desk.http.get(f"/v1/trust/certificates/{old_serial}")).json()
    new = (await desk.http.get(f"/v1/trust/certificates/{made.json()['serial']}")).json()
    assert (old["status"], new["status"]) == ("revoked", "good")
    async with db.transaction() as session:
        assert set((await trust_roots(session)).revoked) == {old_serial}


async def test_only_who_signs_has_a_credential(desk: Desk) -> None:
    answer = await desk.http.post(
        "/v1/me/signing-credential", json={"pin": "246813"}, headers=await desk.bearer("clinic1")
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "role_required")


async def test_a_weak_pin_is_refused(desk: Desk) -> None:
    reader = await desk.bearer("reader1")
    for pin in ("123456", "111111", "12345", "abcdef"):
        answer = await desk.http.put("/v1/me/signing-credential/pin", json={"old": PIN, "new": pin}, headers=reader)
        assert (answer.status_code, answer.json()["code"]) == (422, "pin_weak")


async def test_a_new_pin_opens_the_same_key(desk: Desk, db: Database) -> None:
    reader = await desk.bearer("reader1")
    async with db.transaction() as session:
        before = await directory.credential(session, "acc_reader1")
    changed = await desk.http.put("/v1/me/signing-credential/pin", json={"old": PIN, "new": "246813"}, headers=reader)
    assert changed.status_code == 204
    async with db.transaction() as session:
        after = await directory.credential(session, "acc_reader1")
    assert before is not None
    assert after is not None
    assert unwrap(after.wrapped_key, "246813").public_pem == unwrap(before.wrapped_key, PIN).public_pem


async def test_guessing_the_pin_is_slowed(desk: Desk, db: Database) -> None:
    reader = await desk.bearer("reader1")
    body = {"old": "908070", "new": "246813"}
    answers = [await desk.http.put("/v1/me/signing-credential/pin", json=body, headers=reader) for _ in range(6)]
    assert [answer.json()["code"] for answer in answers] == ["wrong_pin"] * 5 + ["too_many_attempts"]
    async with db.transaction() as session:
        outcomes = await session.execute(
            text("SELECT outcome FROM core.audit_entry WHERE action = 'signing_credential.change_pin'")
        )
        assert outcomes.scalars().all() == ["wrong_pin"] * 5


async def test_the_status_of_an_unknown_certificate_is_404(desk: Desk) -> None:
    assert (await desk.http.get("/v1/trust/certificates/00ff")).status_code == 404


async def test_the_roots_are_published_as_a_trust_anchor(desk: Desk, db: Database) -> None:
    async with db.transaction() as session:
        (anchor,) = await directory.trust_anchors(session)
    assert anchor.trust == "development"
    assert x509.load_pem_x509_certificate(anchor.pem.encode()).subject.rfc4514_string().count("DEVELOPMENT") == 1
