"""Submit, review, sign: with real keys, real sheets and a real database."""

import asyncio
import io
import threading
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader

from shared.blobs import BlobRef
from shared.errors import (
    CaseChanged,
    Conflict,
    ContentUnseen,
    IllegalTransition,
    Invalid,
    RoleRequired,
    SamePerson,
    Unauthenticated,
)
from shared.events.directory import Account, SitePolicy
from shared.reading.lifecycle import State
from shared.reading.models import ReportVersion
from shared.reading.queries import cases, reports
from shared.reading.workflow import claims, management, review, signing
from shared.signing.document import ReportDocument
from shared.signing.jws import load_jws, payload_of, verify_jws
from tests.integration.reading.centre import (
    CLINIC,
    DISPATCHER,
    FORM,
    OTHER_READER,
    OTHER_REVIEWER,
    READER,
    REVIEWER,
    Centre,
)


async def versions(centre: Centre, case_id: str) -> list[ReportVersion]:
    async with centre.db.transaction() as session:
        return list(await reports.versions(session, case_id))


async def signers(centre: Centre, version: ReportVersion) -> list[tuple[str | None, str, bool]]:
    jws = load_jws(await centre.desk.blobs.read(BlobRef.from_dict(version.jws or {})))
    assert payload_of(jws) == ReportDocument.model_validate(version.document).canonical()
    return [(fact.role, fact.account_id, fact.is_good) for fact in verify_jws(jws, centre.keys.roots)]


async def filled_fields(centre: Centre, version: ReportVersion) -> list[str]:
    pdf = await centre.desk.blobs.read(BlobRef.from_dict(version.pdf or {}))
    return [str(each.field_name) for each in PdfFileReader(io.BytesIO(pdf)).embedded_signatures]


async def one_signature(centre: Centre) -> None:
    await centre.tell(SitePolicy(reading_site_id="org_a", center="imaging", rank=1, signatures="single"))


async def test_the_author_signs_at_submit_and_the_reviewer_releases_the_same_version(centre: Centre) -> None:
    submitted = await centre.submitted()
    assert (submitted.case.state, submitted.version.version, submitted.version.status) == ("in_review", 1, "submitted")
    assert await signers(centre, submitted.version) == [("author", READER.account_id, True)]
    assert await filled_fields(centre, submitted.version) == ["Author"]
    signed = await centre.sign(REVIEWER, submitted.case.case_id)
    (version,) = await versions(centre, signed.case.case_id)
    assert (signed.case.state, version.status, version.payload_sha256) == (
        "signed",
        "final",
        submitted.version.payload_sha256,
    )
    assert await signers(centre, version) == [
        ("author", READER.account_id, True),
        ("reviewer", REVIEWER.account_id, True),
    ]
    assert await filled_fields(centre, version) == ["Author", "Reviewer"]
    assert version.turnaround_s is not None and version.turnaround_s >= 0


async def test_the_event_names_version_digest_and_files(centre: Centre) -> None:
    signed = await centre.signed()
    subject, envelope = (await centre.events(signed.case.case_id))[-1]
    facts = envelope.data["report"]
    assert subject == "imaging.report.signed.v1"
    assert facts["payload_sha256"] == signed.version.payload_sha256
    assert facts["reviewer"]["account_id"] == REVIEWER.account_id
    assert await centre.desk.blobs.read(BlobRef.from_dict({"offset": 0, **facts["pdf"]}))
    assert envelope.case_version == signed.case.version
    assert envelope.data["case"]["state"] == "signed"
    assert "holder" not in envelope.data["case"]


async def test_the_statement_says_what_the_order_said(centre: Centre) -> None:
    submitted = await centre.submitted()
    document = ReportDocument.model_validate(submitted.version.document)
    assert (document.patient.name, document.patient.issuer) == ("测试甲", "org_c1")
    assert (document.exam.name, document.exam.modality) == ("胸部正位", "DX")
    assert document.content == {**FORM, "acknowledged": []}
    assert (document.author.id, document.development) == (READER.account_id, True)
    assert document.verification_url.startswith("https://region.example/verify")


@pytest.mark.parametrize("form", [{}, {"findings": "双肺清晰"}, {**FORM, "findings": "结节 ×× mm"}])
async def test_a_form_that_lacks_something_is_refused_by_field(centre: Centre, form: dict[str, Any]) -> None:
    held = await centre.claimed()
    if form:
        await centre.save(READER, held, form)
    with pytest.raises(Invalid) as refused:
        await centre.submit(READER, held)
    assert refused.value.code == "report_incomplete"
    assert {problem.pointer for problem in refused.value.errors} <= {"/findings", "/impression"}
    assert (await centre.case(held.case.case_id)).state == State.claimed


async def test_without_a_grant_nothing_is_signed(centre: Centre) -> None:
    held = await centre.written()
    for grant, code in (
        (None, "signing_grant_required"),
        ("forged", "signing_grant_invalid"),
        (centre.grant(REVIEWER), "signing_grant_invalid"),
    ):
        with pytest.raises(Unauthenticated) as refused:
            await signing.submit(centre.desk, READER, held.case.case_id, token=held.claim.token, grant=grant)
        assert refused.value.code == code


async def test_account_and_certificate_are_read_again_at_signing(centre: Centre) -> None:
    held = await centre.written()
    await centre.tell(centre.keys.credential(READER, status="revoked"))
    with pytest.raises(Conflict) as refused:
        await centre.submit(READER, held)
    assert refused.value.code == "certificate_revoked"
    await centre.tell(centre.keys.credential(READER))
    closed = Account(
        account_id=READER.account_id, username="r", name="r", org_id="org_a", roles=["reader"], active=False
    )
    await centre.tell(closed)
    with pytest.raises(Unauthenticated):
        await centre.submit(READER, held)


async def test_a_case_that_moved_while_it_was_being_signed_is_not_signed(centre: Centre) -> None:
    held = await centre.written()
    made = centre.desk.form

    class Slow:
        """The clinic's late image comes while the sheet is rendered."""

        center, model = made.center, made.model
        gather, problems, content_of = made.gather, made.problems, made.content_of
        positive_of, summary = made.positive_of, made.summary

        def render_sheet(self, document: ReportDocument, files: Mapping[str, bytes]) -> Any:
            centre_loop.call_soon_threadsafe(moving.set)
            assert moved.wait(10)
            return made.render_sheet(document, files)

    centre_loop, moving, moved = asyncio.get_running_loop(), asyncio.Event(), threading.Event()
    centre.desk.form = Slow()
    signing_now = asyncio.create_task(centre.submit(READER, held))
    await moving.wait()
    await centre.save(READER, held, {**FORM, "impression": "另一句"})
    moved.set()
    with pytest.raises(CaseChanged):
        await signing_now
    assert await versions(centre, held.case.case_id) == []


async def test_late_content_must_be_seen_before_submit_and_before_sign(centre: Centre) -> None:
    held = await centre.claimed(case_id=await centre.queued(accession="A1", contents=("a",)))
    case_id = held.case.case_id
    await centre.save(READER, held, FORM)
    await centre.accept(accession="A1", contents=("late",))
    with pytest.raises(ContentUnseen):
        await centre.submit(READER, held)
    await look(centre, READER.account_id, case_id)
    await centre.submit(READER, held)
    await centre.accept(accession="A1", contents=("later",))
    with pytest.raises(ContentUnseen):
        await centre.sign(REVIEWER, case_id)
    await look(centre, REVIEWER.account_id, case_id)
    assert (await centre.sign(REVIEWER, case_id)).case.state == State.signed


async def look(centre: Centre, account_id: str, case_id: str) -> None:
    async with centre.db.transaction() as session:
        case = await centre.case(case_id)
        await cases.mark_seen(session, case_id, account_id, case.content_version)


async def test_nobody_reviews_what_he_wrote(centre: Centre) -> None:
    held = await centre.written(REVIEWER)
    async with centre.db.transaction() as session:
        await claims.release(session, REVIEWER, held.case.case_id, held.claim.token)
    taken = await centre.claimed(READER, held.case.case_id)
    await centre.submit(READER, taken)
    with pytest.raises(SamePerson):
        await centre.sign(REVIEWER, held.case.case_id)
    with pytest.raises(RoleRequired):
        await centre.sign(READER, held.case.case_id)
    assert (await centre.sign(OTHER_REVIEWER, held.case.case_id)).case.state == State.signed


async def test_a_revision_in_review_is_a_version_of_its_own_under_the_reviewers_signature(centre: Centre) -> None:
    submitted = await centre.submitted()
    case_id = submitted.case.case_id
    held = await centre.review(REVIEWER, case_id)
    for words in ("右肺小结节。", "右肺小结节，建议复查。"):
        await centre.save(REVIEWER, held, {**FORM, "impression": words, "positive": True})
    signed = await centre.sign(REVIEWER, case_id, held.claim.token)
    first, second = await versions(centre, case_id)
    assert [(first.version, first.status), (second.version, second.status)] == [(1, "superseded"), (2, "final")]
    document = ReportDocument.model_validate(second.document)
    assert document.revises is not None and document.revises.sha256 == first.payload_sha256
    assert (document.author.id, document.reviewer and document.reviewer.id) == (
        READER.account_id,
        REVIEWER.account_id,
    )
    assert await signers(centre, first) == [("author", READER.account_id, True)]
    assert await signers(centre, second) == [("reviewer", REVIEWER.account_id, True)]
    assert (second.positive, second.form["impression"]) == (True, "右肺小结节，建议复查。")
    revised = [subject for subject, _ in await centre.events(case_id) if ".revised." in subject]
    assert len(revised) == 1
    assert signed.version.reviewer_id == REVIEWER.account_id


async def test_another_reviewer_releases_a_revision_as_his_own(centre: Centre) -> None:
    case_id = (await centre.submitted()).case.case_id
    for actor, words in ((REVIEWER, "甲的修改"), (OTHER_REVIEWER, "乙的修改")):
        held = await centre.review(actor, case_id)
        await centre.save(actor, held, {**FORM, "impression": words})
        async with centre.db.transaction() as session:
            await claims.release(session, actor, case_id, held.claim.token)
    await centre.sign(REVIEWER, case_id)
    found = await versions(centre, case_id)
    assert [(each.version, each.status, each.revises) for each in found] == [
        (1, "superseded", None),
        (2, "superseded", 1),
        (3, "final", 1),
    ]
    assert found[2].form["impression"] == "乙的修改"


async def test_the_author_may_not_revise_in_review(centre: Centre) -> None:
    held = await centre.written(REVIEWER)
    await centre.submit(REVIEWER, held)
    with pytest.raises(SamePerson):
        await centre.review(REVIEWER, held.case.case_id)


async def test_return_withdraws_the_version_and_its_successor_has_the_next_number(centre: Centre) -> None:
    case_id = (await centre.submitted()).case.case_id
    async with centre.db.transaction() as session:
        case = await review.return_(session, REVIEWER, case_id, comment="请补充", token=None)
    assert (case.state, case.kept_for_id, case.author_id, case.comment) == ("queued", READER.account_id, None, "请补充")
    held = await centre.claimed(READER, case_id)
    again = await centre.submit(READER, held)
    found = await versions(centre, case_id)
    assert [(each.version, each.status) for each in found] == [(1, "superseded"), (2, "submitted")]
    assert found[0].comment == "请补充" and again.version.version == 2


async def test_recall_gives_the_author_his_case_back_unless_it_is_being_reviewed(centre: Centre) -> None:
    case_id = (await centre.submitted()).case.case_id
    with pytest.raises(Conflict):
        async with centre.db.transaction() as session:
            await review.recall(session, OTHER_READER, case_id)
    held = await centre.review(REVIEWER, case_id)
    with pytest.raises(Conflict):
        async with centre.db.transaction() as session:
            await review.recall(session, READER, case_id)
    async with centre.db.transaction() as session:
        await claims.release(session, REVIEWER, case_id, held.claim.token)
    async with centre.db.transaction() as session:
        back = await review.recall(session, READER, case_id)
    assert back.case.state == State.claimed and back.claim.stage == "report"
    assert (await centre.submit(READER, back)).version.version == 2


async def test_a_lost_answer_of_submit_or_sign_is_answered_again(centre: Centre) -> None:
    held = await centre.written()
    first = await centre.submit(READER, held)
    again = await centre.submit(READER, held)
    assert (again.version.version, again.case.version) == (first.version.version, first.case.version)
    signed = await centre.sign(REVIEWER, held.case.case_id)
    repeated = await centre.sign(REVIEWER, held.case.case_id)
    assert (repeated.version.version, repeated.case.version) == (signed.version.version, signed.case.version)
    assert repeated.renewed is None
    with pytest.raises(IllegalTransition) as refused:
        await centre.sign(OTHER_REVIEWER, held.case.case_id)
    assert refused.value.extra["state"] == "signed"
    assert len(await versions(centre, held.case.case_id)) == 1


async def test_one_signature_releases_only_where_the_policy_says_so(centre: Centre) -> None:
    held = await centre.written()
    with pytest.raises(IllegalTransition):
        await centre.sign(READER, held.case.case_id, held.claim.token)
    await one_signature(centre)
    signed = await centre.sign(READER, held.case.case_id, held.claim.token)
    assert (signed.case.state, signed.version.status) == ("signed", "final")
    assert await signers(centre, signed.version) == [("author", READER.account_id, True)]
    assert await filled_fields(centre, signed.version) == ["Author"]
    assert ReportDocument.model_validate(signed.version.document).signature_roles == ("author",)
    again = await centre.sign(READER, held.case.case_id, held.claim.token)
    assert again.case.version == signed.case.version


@pytest.mark.parametrize("has_grant", [True, False])
async def test_a_preliminary_report_leaves_the_case_with_its_reader(centre: Centre, has_grant: bool) -> None:
    held = await centre.written()
    grant = centre.grant(READER) if has_grant else None
    issued = await signing.issue_preliminary(
        centre.desk, READER, held.case.case_id, token=held.claim.token, grant=grant
    )
    assert (issued.case.state, issued.version.status) == ("claimed", "preliminary")
    assert (issued.version.jws is not None) == has_grant
    final = await centre.submit(READER, held)
    assert final.version.version == 2
    await centre.sign(REVIEWER, held.case.case_id)
    assert [each.status for each in await versions(centre, held.case.case_id)] == ["superseded", "final"]


async def test_void_marks_the_released_version(centre: Centre) -> None:
    signed = await centre.signed()
    async with centre.db.transaction() as session:
        case = await review.void(session, REVIEWER, signed.case.case_id, reason="患者弄错")
    (version,) = await versions(centre, case.case_id)
    assert (case.state, version.status, version.reason) == ("voided", "voided", "患者弄错")
    assert (await centre.events(case.case_id))[-1][0] == "imaging.report.voided.v1"
    with pytest.raises(RoleRequired):
        async with centre.db.transaction() as session:
            await review.void(session, READER, case.case_id, reason="x")


async def test_a_clinic_asks_and_the_reader_cancels(centre: Centre) -> None:
    held = await centre.written()
    case_id = held.case.case_id
    with pytest.raises(Conflict):
        async with centre.db.transaction() as session:
            await management.cancel(session, READER, case_id, token=held.claim.token)
    async with centre.db.transaction() as session:
        asked = await management.cancel(session, CLINIC, case_id, reason="患者已转院")
    assert (asked.state, asked.cancel_requested) == ("claimed", True)
    assert (await centre.events(case_id))[-1][0] == "imaging.case.cancel_requested.v1"
    async with centre.db.transaction() as session:
        canceled = await management.cancel(session, READER, case_id, token=held.claim.token)
    assert (canceled.state, canceled.reason) == ("canceled", "患者已转院")
    assert (await centre.claims(case_id))[0].ended_by == "cancel"


async def test_refer_and_reassign_move_the_case_to_a_site_that_reads_such_cases(centre: Centre) -> None:
    held = await centre.claimed()
    case_id, token = held.case.case_id, held.claim.token
    for nobody in ("org_c1", "org_a", "org_zzz"):
        with pytest.raises(Invalid):
            async with centre.db.transaction() as session:
                await management.refer(session, READER, case_id, to=nobody, reason="专科", token=token)
    async with centre.db.transaction() as session:
        case = await management.refer(session, READER, case_id, to="org_b", reason="专科", token=token)
    assert (case.state, case.reading_site_id) == ("queued", "org_b")
    assert (await centre.events(case_id))[-1][0] == "imaging.case.reassigned.v1.org_b"
    other = await centre.queued()
    async with centre.db.transaction() as session:
        moved = await management.reassign(session, DISPATCHER, other, to="org_b")
    assert moved.reading_site_id == "org_b"


async def test_a_priority_is_only_raised(centre: Centre) -> None:
    case_id = await centre.queued(priority="urgent")
    async with centre.db.transaction() as session:
        raised = await management.reprioritize(session, CLINIC, case_id, "stat")
    assert raised.received_at is not None and raised.due_at == raised.received_at + timedelta(minutes=10)
    with pytest.raises(Conflict) as refused:
        async with centre.db.transaction() as session:
            await management.reprioritize(session, CLINIC, case_id, "routine")
    assert refused.value.code == "priority_not_raised"


async def test_two_reviewers_at_once_release_it_once(centre: Centre) -> None:
    case_id = (await centre.submitted()).case.case_id
    answers = await asyncio.gather(
        *(centre.sign(actor, case_id) for actor in (REVIEWER, OTHER_REVIEWER)), return_exceptions=True
    )
    signed = [each for each in answers if not isinstance(each, BaseException)]
    refused = [each for each in answers if isinstance(each, BaseException)]
    assert len(signed) == 1 and isinstance(refused[0], Conflict)
    assert [s for s, _ in await centre.events(case_id)].count("imaging.report.signed.v1") == 1


async def test_the_same_submit_twice_at_once_makes_one_version(centre: Centre) -> None:
    held = await centre.written()
    answers = await asyncio.gather(*(centre.submit(READER, held) for _ in range(2)))
    assert {each.version.version for each in answers} == {1}
    assert len(await versions(centre, held.case.case_id)) == 1
