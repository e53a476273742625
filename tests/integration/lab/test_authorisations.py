"""One signature releases what passed every rule, where policy and a person's standing authorisation say so."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from services.lab.catalogue.catalogue import load_catalogue
from services.lab.intake.evidence import evidence_of
from services.lab.intake.standing import authorisation_of
from services.lab.reading_form import LabReportForm
from shared.blobs import BlobRef
from shared.clock import utc_now
from shared.errors import CaseChanged, IllegalTransition
from shared.reading.workflow import signing
from shared.reading.workflow.desk import Desk, Files
from shared.signing.document import ReportDocument, SignerRole
from shared.signing.grants import SigningGrants
from shared.signing.signatory import Signatory
from shared.signing.verification import verify_file
from tests.integration.lab.centre import RULES, Centre
from tests.integration.lab.test_verifications import RELEASE, VERIFY, many, resulted
from tests.integration.reading.centre import Keys
from tests.integration.reading.laboratory import LAB_PEOPLE

_OUT_OF_CONTROL = """
    WITH lot AS (
        INSERT INTO lab.qc_lot (lot_id, laboratory_id, lot, material, created_by)
        VALUES ('lot1', 'org_a', 'L1', '质控血清', 'acc_lab1') RETURNING lot_id
    )
    INSERT INTO lab.qc_run (run_id, laboratory_id, analyzer, item, lot_id, measured_at, state)
    SELECT 'run1', 'org_a', (SELECT min(analyzer) FROM lab.result), 'K', lot_id, clock_timestamp(), 'rejected' FROM lot
"""
PATH = "/lab/v1/authorisations"


def asked(**changes: Any) -> dict[str, Any]:
    until = (utc_now() + timedelta(days=90)).isoformat()
    return {"rule_set": RULES, "items": ["K", "NA"], "valid_until": until, **changes}


async def given(centre: Centre, **changes: Any) -> str:
    return str((await centre.done(PATH, "lab2", asked(**changes)))["authorisation_id"])


async def in_force(centre: Centre, **changes: Any) -> str:
    """Rules switched on, policy set, an authorisation of lab2's confirmed by reviewer1."""
    await centre.rules_on()
    chosen = await centre.call("reviewer1", "PUT", "/lab/v1/policy", {"releases_alone": True})
    assert chosen.status_code == 200, chosen.text
    authorisation_id = await given(centre, **changes)
    await centre.done(f"{PATH}/{authorisation_id}/confirm", "reviewer1")
    return authorisation_id


async def release(centre: Centre, case_id: str) -> str:
    return str((await many(centre, RELEASE, "lab1", case_id))[case_id])


async def test_one_person_releases_under_anothers_authorisation(centre: Centre, keys: Keys) -> None:
    authorisation_id = await in_force(centre)
    case_id = (await resulted(centre, 1)).case_id
    for _ in range(2):
        assert await release(centre, case_id) == "released"
    ((content, roles, author, reviewer),) = await centre.rows(
        "SELECT document->'content', document->'signature_roles', author_id, reviewer_id FROM reading.report_version"
    )
    assert content["authorisation"] == {
        "authorisation_id": authorisation_id,
        "person": "测试检验师乙",
        "rule_set": RULES,
    }
    assert (roles, author, reviewer) == (["author"], "acc_lab1", None)
    ((jws, pdf),) = await centre.rows("SELECT jws, pdf FROM reading.report_version")
    for reference in (jws, pdf):
        file = await centre.resources.region_blobs.read(BlobRef.from_dict(reference))
        verdict = await asyncio.to_thread(verify_file, file, keys.roots)
        assert verdict.valid and [(each.role, each.account_id) for each in verdict.signers] == [("author", "acc_lab1")]


async def test_without_the_policy_or_its_confirmation_two_sign(centre: Centre) -> None:
    await centre.rules_on()
    authorisation_id = await given(centre)
    case_id = (await resulted(centre, 1)).case_id
    assert await release(centre, case_id) == "illegal_transition"
    await centre.call("reviewer1", "PUT", "/lab/v1/policy", {"releases_alone": True})
    assert await release(centre, case_id) == "illegal_transition"
    await centre.done(f"{PATH}/{authorisation_id}/confirm", "reviewer1")
    await centre.call("reviewer1", "PUT", "/lab/v1/policy", {"releases_alone": False})
    assert await release(centre, case_id) == "illegal_transition"
    assert await centre.state(case_id) == "resulted"
    await centre.call("reviewer1", "PUT", "/lab/v1/policy", {"releases_alone": True})
    assert await release(centre, case_id) == "released"


async def test_two_signatures_name_no_authorisation(centre: Centre) -> None:
    await in_force(centre)
    case_id = (await resulted(centre, 1)).case_id
    assert await many(centre, VERIFY, "lab1", case_id) == {case_id: "verified"}
    assert await many(centre, RELEASE, "lab2", case_id) == {case_id: "released"}
    assert await centre.rows("SELECT document->'content'->'authorisation' FROM reading.report_version") == [(None,)]


async def test_what_a_person_wrote_into_takes_two(centre: Centre) -> None:
    await in_force(centre)
    case_id = (await resulted(centre, 1)).case_id
    held = await centre.claim(case_id, "lab1")
    path = f"/lab/v1/cases/{case_id}"
    await centre.call("lab1", "PUT", f"{path}/report", {"comment": "建议复查"}, **held)
    refused = await centre.post(f"{path}/sign", "lab1", **held, **await centre.grant("lab1"))
    assert (refused.status_code, refused.json()["code"]) == (409, "illegal_transition")
    await centre.call("lab1", "PUT", f"{path}/report", {}, **held)
    signed = await centre.post(f"{path}/sign", "lab1", **held, **await centre.grant("lab1"))
    assert signed.status_code == 200 and signed.json()["state"] == "released"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE lab.authorisation SET valid_until = clock_timestamp()",
        "UPDATE lab.authorisation SET digest = 'another'",
        """UPDATE lab.authorisation SET items = '["K"]'""",
        "UPDATE lab.rule_set_state SET digest = 'another'",
        "DELETE FROM lab.rule_set_state",
        "UPDATE lab.result SET status = 'corrected' WHERE item = 'K'",
        """UPDATE lab.result SET judgement = jsonb_set(judgement, '{flag}', '"HH"')""",
        """UPDATE lab.result SET judgement = jsonb_set(judgement, '{rule_set}', '"county@1"')""",
        "UPDATE core.directory_record SET record = jsonb_set(record, '{active}', 'false') WHERE record_id = 'acc_lab2'",
        _OUT_OF_CONTROL,
    ],
)
async def test_whatever_it_stands_on_has_to_stand(centre: Centre, statement: str) -> None:
    await in_force(centre)
    case_id = (await resulted(centre, 1)).case_id
    async with centre.resources.db.engine.begin() as connection:
        assert (await connection.exec_driver_sql(statement)).rowcount > 0
    assert await release(centre, case_id) == "illegal_transition"
    assert await centre.state(case_id) == "resulted" and await centre.count("reading.report_version") == 0


async def test_a_held_or_partial_case_is_not_released_alone(centre: Centre) -> None:
    await in_force(centre)
    held, part = await centre.ordered("K", "NA"), await centre.ordered("K", "NA")
    await centre.measured(part.number, [("K", "4.1")])
    await centre.measured(held.number, [("K", "7.9"), ("NA", "140")])
    answers = await many(centre, RELEASE, "lab1", held.case_id, part.case_id)
    assert answers == {held.case_id: "illegal_transition", part.case_id: "results_incomplete"}


async def test_revoked_it_ends_at_once_whoever_works_there_revokes_it(centre: Centre) -> None:
    authorisation_id = await in_force(centre)
    first, second = (await resulted(centre, 1)).case_id, (await resulted(centre, 2)).case_id
    assert await release(centre, first) == "released"
    revoke = f"{PATH}/{authorisation_id}/revoke"
    for _ in range(2):
        revoked = await centre.done(revoke, "reader1", {"reason": "试剂批号更换"})
        assert not revoked["holds"] and revoked["revoked"]["account_id"] == "acc_reader1"
    assert await release(centre, second) == "illegal_transition"
    again = await centre.post(f"{PATH}/{authorisation_id}/confirm", "reviewer1")
    assert (again.status_code, again.json()["code"]) == (409, "authorisation_over")
    audited = "SELECT action FROM core.audit_entry WHERE record_kind = 'authorisation' ORDER BY id"
    assert [each for (each,) in await centre.rows(audited)] == [
        "authorisation.give",
        "authorisation.confirm",
        "authorisation.revoke",
    ]


@dataclass(slots=True)
class SlowDesk(Desk):
    """Something happens while the signature is made."""

    meanwhile: Callable[[], Awaitable[object]] | None = None

    async def sign_new(
        self,
        document: ReportDocument,
        signer: Signatory,
        role: SignerRole,
        at: datetime,
        files: Mapping[str, BlobRef] | None = None,
    ) -> Files:
        if self.meanwhile is not None:
            await self.meanwhile()
        return await Desk.sign_new(self, document, signer, role, at, files)


async def test_revoked_while_the_signature_was_made_it_is_not_recorded(centre: Centre, keys: Keys) -> None:
    authorisation_id = await in_force(centre)
    case_id = (await resulted(centre, 1)).case_id
    lab1, resources = LAB_PEOPLE["lab1"], centre.resources
    form = LabReportForm(evidence_of, authorisation_of)
    desk = SlowDesk(
        resources.db, resources.region_blobs, resources.blobs, SigningGrants(), form, "http://region.example"
    )
    desk.meanwhile = partial(centre.done, f"{PATH}/{authorisation_id}/revoke", "lab2", {"reason": "试剂批号更换"})
    grant = desk.grants.unlock(lab1.account_id, keys.key, "serial").token
    token = (await centre.claim(case_id, "lab1"))["Claim_Token"]
    with pytest.raises(CaseChanged):
        await signing.sign(desk, lab1, case_id, token=token, grant=grant)
    assert await centre.state(case_id) == "claimed" and await centre.count("reading.report_version") == 0
    with pytest.raises(IllegalTransition):
        await signing.sign(desk, lab1, case_id, token=token, grant=grant)


async def test_who_gives_confirms_and_sees(centre: Centre) -> None:
    authorisation_id = await given(centre, items=[], panels=["ELECTROLYTES"])
    own = await centre.post(f"{PATH}/{authorisation_id}/confirm", "lab2")
    assert (own.status_code, own.json()["code"]) == (409, "same_person")
    for who, status in (("clinic1", 403), ("reader1", 403), ("lab3", 404)):
        assert (await centre.post(f"{PATH}/{authorisation_id}/confirm", who)).status_code == status
    for who in ("clinic1", "reader1", "dispatcher1"):
        assert (await centre.post(PATH, who, asked())).status_code == 403
    assert (await centre.call("lab1", "PUT", "/lab/v1/policy", {"releases_alone": True})).status_code == 403
    confirmed = await centre.done(f"{PATH}/{authorisation_id}/confirm", "lab1")
    assert confirmed["holds"] and {"K", "NA"} <= set(confirmed["items"])
    listed = await centre.shown(PATH)
    assert [each["authorisation_id"] for each in listed["authorisations"]] == [authorisation_id]
    assert (await centre.shown(PATH, "lab3"))["authorisations"] == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"rule_set": "none@1"}, "rule_set_unknown"),
        ({"items": ["NOPE"]}, "item_unknown"),
        ({"panels": ["NOPE"]}, "panel_unknown"),
        ({"items": []}, "required"),
        ({"valid_until": (utc_now() - timedelta(days=1)).isoformat()}, "out_of_range"),
        ({"valid_until": (utc_now() + timedelta(days=400)).isoformat()}, "out_of_range"),
    ],
)
async def test_its_extent_is_checked(centre: Centre, changes: dict[str, Any], code: str) -> None:
    refused = await centre.post(PATH, "lab2", asked(**changes))
    assert refused.status_code == 422 and code in [each["code"] for each in refused.json()["errors"]]
    assert await centre.count("lab.authorisation") == 0


async def test_a_diagnostic_item_is_no_rules_to_release(centre: Centre) -> None:
    diagnostic = next(item.code for item in load_catalogue().items if item.diagnostic)
    refused = await centre.post(PATH, "lab2", asked(items=["K", diagnostic]))
    assert refused.status_code == 422 and refused.json()["errors"][0]["code"] == "item_diagnostic"
