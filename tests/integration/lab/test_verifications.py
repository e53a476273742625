"""In one go: what passed every rule is verified by one, released by another; what needs a look is left alone."""

from typing import Any

from tests.integration.lab.centre import Centre, Ordered

NORMAL = [("K", "4.1"), ("NA", "140")]
VERIFY, RELEASE = "/lab/v1/verifications", "/lab/v1/releases"


async def resulted(centre: Centre, number: int, **more: Any) -> Ordered:
    """A person of his own, so that no case is another's earlier value."""
    patient = {"id": f"P{number:03}", "name": "测试丁", "sex": "F", "birth_date": "1970-05-05"}
    ordered = await centre.ordered("K", "NA", patient=patient, **more)
    await centre.measured(ordered.number, NORMAL)
    assert await centre.state(ordered.case_id) == "resulted"
    return ordered


async def many(centre: Centre, path: str, who: str, *case_ids: str) -> dict[str, Any]:
    """The answers by case: the state, or the problem's code."""
    answer = await centre.done(path, who, {"case_ids": list(case_ids)}, **await centre.grant(who))
    assert [each["case_id"] for each in answer["cases"]] == list(case_ids)
    return {each["case_id"]: each["problem"]["code"] if each["problem"] else each["state"] for each in answer["cases"]}


async def test_three_cases_are_verified_and_released_in_two_calls(centre: Centre) -> None:
    await centre.rules_on()
    ids = [(await resulted(centre, number)).case_id for number in range(3)]
    assert await many(centre, VERIFY, "lab1", *ids) == dict.fromkeys(ids, "verified")
    assert await many(centre, RELEASE, "lab2", *ids) == dict.fromkeys(ids, "released")
    rows = await centre.rows(
        "SELECT author_id, reviewer_id, document->'content'->>'rule_set' FROM reading.report_version"
        " WHERE status = 'final' AND jws IS NOT NULL AND pdf IS NOT NULL"
    )
    assert rows == [("acc_lab1", "acc_lab2", "county@2026.1")] * 3
    live = "SELECT count(*) FROM reading.claim WHERE ended_at IS NULL"
    assert await centre.rows(live) == [(0,)]
    audited = "SELECT count(*) FROM core.audit_entry WHERE action IN ('report.submit', 'report.sign')"
    assert await centre.rows(audited) == [(6,)]


async def test_a_repeated_call_answers_again_and_signs_nothing(centre: Centre) -> None:
    await centre.rules_on()
    case_id = (await resulted(centre, 1)).case_id
    for _ in range(2):
        assert await many(centre, VERIFY, "lab1", case_id) == {case_id: "verified"}
    for _ in range(2):
        assert await many(centre, RELEASE, "lab2", case_id) == {case_id: "released"}
    assert await many(centre, VERIFY, "lab1", case_id) == {case_id: "released"}
    assert await many(centre, VERIFY, "reader1", case_id) == {case_id: "illegal_transition"}
    assert await centre.count("reading.report_version") == 1


async def test_what_needs_a_look_is_refused_and_spoils_no_other(centre: Centre) -> None:
    await centre.rules_on()
    good = (await resulted(centre, 1)).case_id
    held = await centre.ordered("K", "NA", patient={"id": "P002", "name": "测试乙", "sex": "F"})
    await centre.measured(held.number, [("K", "7.9"), ("NA", "140")])
    part = await centre.ordered("K", "NA", patient={"id": "P003", "name": "测试丙", "sex": "F", "age": "40Y"})
    await centre.measured(part.number, [("K", "4.1")])
    bare = await centre.ordered("K", "NA")
    begun = (await resulted(centre, 4)).case_id
    token = await centre.claim(begun, "reader1")
    await centre.call("reader1", "PUT", f"/lab/v1/cases/{begun}/report", {"comment": "待复核"}, **token)
    taken = await many(centre, VERIFY, "lab1", begun)
    assert taken == {begun: "illegal_transition"}
    await centre.done(f"/lab/v1/cases/{begun}/release", "reader1", **token)
    ids = [held.case_id, part.case_id, bare.case_id, "case_none", begun, good]
    assert await many(centre, VERIFY, "lab1", *ids) == {
        held.case_id: "illegal_transition",
        part.case_id: "results_incomplete",
        bare.case_id: "illegal_transition",
        "case_none": "not_found",
        begun: "draft_exists",
        good: "verified",
    }
    assert [await centre.state(each) for each in ids[:2]] == ["held", "resulted"]


async def test_a_warning_is_a_reason_to_look(centre: Centre) -> None:
    await centre.rules_on()
    case_id = (await resulted(centre, 1)).case_id
    async with centre.resources.db.engine.begin() as connection:
        await connection.exec_driver_sql(
            """UPDATE reading."case" SET warnings = '[{"code": "national_id_invalid", "detail": "身份证号不正确"}]'"""
        )
    assert await many(centre, VERIFY, "lab1", case_id) == {case_id: "needs_a_look"}
    assert await centre.state(case_id) == "resulted"


async def test_nobody_releases_what_he_verified(centre: Centre) -> None:
    await centre.rules_on()
    own, others = (await resulted(centre, 1)).case_id, (await resulted(centre, 2)).case_id
    await many(centre, VERIFY, "lab2", own)
    await many(centre, VERIFY, "lab1", others)
    assert await many(centre, RELEASE, "lab2", own, others) == {own: "same_person", others: "released"}
    assert await centre.state(own) == "verified"
    assert await many(centre, RELEASE, "lab1", own) == {own: "released"}


async def test_a_case_whose_signature_fails_is_given_back(centre: Centre) -> None:
    await centre.rules_on()
    ordered = await resulted(centre, 1)
    async with centre.resources.db.engine.begin() as connection:
        await connection.exec_driver_sql(
            "UPDATE lab.result SET judgement = jsonb_set(judgement, '{held_by}',"
            """ '[{"code": "qc", "text": "质控失控", "rule": "qc", "numbers": {}}]')"""
        )
    assert await many(centre, VERIFY, "lab1", ordered.case_id) == {ordered.case_id: "report_incomplete"}
    assert await centre.state(ordered.case_id) == "resulted"
    assert await centre.rows("SELECT ended_by FROM reading.claim") == [("release",)]
    await centre.claim(ordered.case_id, "reader1")


async def test_another_laboratorys_people_see_no_case(centre: Centre) -> None:
    await centre.rules_on()
    case_id = (await resulted(centre, 1)).case_id
    assert await many(centre, VERIFY, "lab3", case_id) == {case_id: "not_found"}
    for path, who in ((VERIFY, "clinic1"), (RELEASE, "reader1"), (VERIFY, "dispatcher1")):
        refused = await centre.post(path, who, {"case_ids": [case_id]})
        assert (refused.status_code, refused.json()["code"]) == (403, "role_required")


async def test_without_a_grant_nothing_is_touched(centre: Centre) -> None:
    await centre.rules_on()
    case_id = (await resulted(centre, 1)).case_id
    for headers, code in (({}, "signing_grant_required"), ({"Signing_Grant": "no"}, "signing_grant_invalid")):
        refused = await centre.post(VERIFY, "lab1", {"case_ids": [case_id]}, **headers)
        assert (refused.status_code, refused.json()["code"]) == (401, code)
    assert await centre.count("reading.claim") == 0


async def test_the_limit_is_named(centre: Centre) -> None:
    refused = await centre.post(VERIFY, "lab1", {"case_ids": [f"case_{each}" for each in range(51)]})
    (error,) = refused.json()["errors"]
    assert refused.status_code == 422 and error["code"] == "too_many_cases" and "50" in error["detail"]
    wrong: list[dict[str, Any]] = [{"case_ids": each} for each in ([], [""], ["a\u0000"], "x")]
    for body in (*wrong, {}):
        assert (await centre.post(VERIFY, "lab1", body)).status_code == 422
