"""Messages: stored once, acknowledged, applied or waiting for a person; and everything that may be wrong with them."""

import pytest

from tests.integration.lab.centre import Centre, order
from tests.support.lab_oru import ack_code, oru

NORMAL = [("K", "4.1"), ("NA", "140")]


async def test_the_same_message_twice_is_acknowledged_twice_and_stored_once(centre: Centre) -> None:
    ordered = await centre.ordered("K", "NA")
    message = oru(ordered.number, NORMAL)
    answers = [await centre.send(message) for _ in range(2)]
    assert [ack_code(answer.content) for answer in answers] == ["AA", "AA"]
    assert await centre.count("lab.message") == 1 and await centre.count("lab.result") == 2
    version = (await centre.case(ordered.case_id))["version"]
    await centre.send(message)
    assert (await centre.case(ordered.case_id))["version"] == version


async def test_another_message_under_the_same_id_is_refused_and_kept(centre: Centre) -> None:
    ordered = await centre.ordered("K", "NA")
    await centre.send(oru(ordered.number, NORMAL))
    answer = await centre.send(oru(ordered.number, [("K", "9.9")]))
    assert answer.status_code == 409 and ack_code(answer.content) == "AE"
    assert await centre.rows("SELECT state, error_code FROM lab.message ORDER BY sequence") == [
        ("applied", None), ("rejected", "message_id_reused"),
    ]  # fmt: skip
    assert (await centre.results(ordered.case_id))["K"]["value"] == "4.1"


async def test_an_analyzer_that_counts_from_one_again_is_believed(centre: Centre) -> None:
    """Another moment (MSH-7) under a used MSH-10 is another message; the same moment is not."""
    ordered = await centre.ordered("K", "NA")
    for at, value in (("20261121090000+0800", "4.1"), ("20261122090000+0800", "4.2")):
        answer = await centre.send(oru(ordered.number, [("K", value)], at=at))
        assert ack_code(answer.content) == "AA"
    assert (await centre.results(ordered.case_id))["K"]["value"] == "4.2"


async def test_a_correction_stays_behind_what_it_corrects_in_a_batch(centre: Centre) -> None:
    ordered = await centre.ordered("K", "NA")
    first = oru(ordered.number, [("K", "4.1")], control_id="1")
    corrected = oru(ordered.number, [("K", "4.4")], control_id="2", status="C")
    await centre.send(first + corrected + first)
    assert (await centre.results(ordered.case_id))["K"]["value"] == "4.4"


async def test_what_cannot_be_read_of_a_batch_is_refused_and_kept(centre: Centre) -> None:
    ordered = await centre.ordered("K", "NA")
    empty = b"MSH|^~\\&|X|LAB|LIS|A|20261122||ORU^R01|B2|P|2.5.1\rPID|1\rZZZ|K 7.9\r"
    answer = await centre.send(oru(ordered.number, [("K", "4.1")]) + empty)
    said = [line[4:6] for line in answer.content.decode("gb18030").split("\r") if line.startswith("MSA")]
    assert said == ["AA", "AE"]
    assert await centre.rows("SELECT state, error_code FROM lab.message ORDER BY sequence") == [
        ("applied", None), ("rejected", "message_empty"),
    ]  # fmt: skip
    assert (await centre.results(ordered.case_id))["K"]["value"] == "4.1"


async def test_results_of_an_unknown_specimen_wait_until_a_person_attaches_them(centre: Centre) -> None:
    await centre.rules_on()
    ordered = await centre.ordered("K", "NA")
    answer = await centre.measured("999999", NORMAL)
    assert ack_code(answer.content) == "AA"
    (orphan,) = (await centre.shown("/lab/v1/orphans"))["orphans"]
    assert orphan["reason"] == "specimen_unknown" and orphan["specimen_number"] == "999999"
    assert [line["value"] for line in orphan["lines"]] == ["4.1", "140"]
    path = f"/lab/v1/orphans/{orphan['orphan_id']}"
    assert (await centre.post(f"{path}/attach", "lab3", {"specimen_number": ordered.number})).status_code == 404
    assert (await centre.post(f"{path}/attach", "lab1", {"specimen_number": "no"})).status_code == 404
    attached = await centre.done(f"{path}/attach", "lab1", {"specimen_number": ordered.number})
    assert attached["state"] == "attached"
    assert await centre.state(ordered.case_id) == "resulted"
    assert (await centre.shown("/lab/v1/orphans"))["orphans"] == []
    late = await centre.post(f"{path}/dismiss", "lab1", {"reason": "试机"})
    assert late.status_code == 409 and late.json()["code"] == "orphan_settled"


async def test_an_orphan_is_dismissed_with_a_reason_and_its_message_stays(centre: Centre) -> None:
    await centre.measured("999999", NORMAL)
    (orphan,) = (await centre.shown("/lab/v1/orphans"))["orphans"]
    path = f"/lab/v1/orphans/{orphan['orphan_id']}"
    assert (await centre.done(f"{path}/dismiss", "lab1", {"reason": "试机"}))["comment"] == "试机"
    raw = await centre.get(f"/lab/v1/messages/{orphan['message_id']}/raw")
    assert raw.content.startswith(b"MSH|")
    assert (await centre.get(f"/lab/v1/messages/{orphan['message_id']}/raw", "lab3")).status_code == 404
    assert (await centre.get(f"/lab/v1/messages/{orphan['message_id']}/raw", "clinic1")).status_code == 403


async def test_an_unknown_code_waits_and_goes_on_once_it_is_mapped(centre: Centre) -> None:
    await centre.rules_on()
    ordered = await centre.ordered("K", "NA")
    await centre.measured(ordered.number, [("KALIUM", "4.1"), ("NA", "140")])
    assert [each["item"] for each in (await centre.results(ordered.case_id)).values()] == ["NA"]
    (line,) = (await centre.shown("/lab/v1/unmapped"))["lines"]
    assert (line["kind"], line["code"], line["analyzer"], line["value"]) == ("code", "KALIUM", "XN1000", "4.1")
    mapping = {"analyzer": "XN1000", "code": "KALIUM", "system": line["system"], "item": "K"}
    told = await centre.done("/lab/v1/analyzer-codes", "lab1", mapping)
    assert told == {"messages": 1, "applied": 1}
    (line,) = (await centre.shown("/lab/v1/unmapped"))["lines"]
    assert line["kind"] == "unit"
    await centre.done("/lab/v1/analyzer-codes", "lab1", {**mapping, "unit": "mmol/L", "sent_unit": ""})
    assert (await centre.shown("/lab/v1/unmapped"))["lines"] == []
    assert (await centre.results(ordered.case_id))["K"]["value"] == "4.1"
    assert await centre.state(ordered.case_id) == "resulted"
    for wrong in ({**mapping, "item": "NO"}, {**mapping, "unit": "furlong"}):
        assert (await centre.post("/lab/v1/analyzer-codes", "lab1", wrong)).status_code == 422
    assert (await centre.post("/lab/v1/analyzer-codes", "clinic1", mapping)).status_code == 403


async def test_a_code_that_is_no_result_is_passed_over(centre: Centre) -> None:
    ordered = await centre.ordered("K", "NA")
    await centre.measured(ordered.number, [("TAKE_MODE", "A"), *NORMAL])
    (line,) = (await centre.shown("/lab/v1/unmapped"))["lines"]
    mapping = {"analyzer": "XN1000", "code": "TAKE_MODE", "system": line["system"], "item": None}
    await centre.done("/lab/v1/analyzer-codes", "lab1", mapping)
    assert (await centre.shown("/lab/v1/messages"))["messages"][0]["state"] == "applied"
    assert set(await centre.results(ordered.case_id)) == {"K", "NA"}


async def test_a_result_for_a_canceled_order_waits_with_the_reason(centre: Centre) -> None:
    ordered = await centre.ordered("K", "NA", received=False)
    await centre.done(f"/lab/v1/cases/{ordered.case_id}/cancel", "clinic1")
    answer = await centre.measured(ordered.number, NORMAL)
    assert ack_code(answer.content) == "AA"
    (orphan,) = (await centre.shown("/lab/v1/orphans"))["orphans"]
    assert (orphan["reason"], orphan["case_id"]) == ("order_canceled", ordered.case_id)
    refused = await centre.post(
        f"/lab/v1/orphans/{orphan['orphan_id']}/attach", "lab1", {"specimen_number": ordered.number}
    )
    assert refused.status_code == 409 and refused.json()["code"] == "order_canceled"


async def test_an_accession_number_finds_the_case_of_its_laboratory_alone(centre: Centre) -> None:
    await centre.rules_on()
    ordered = await centre.ordered("K", "NA", accession_number="ACC77")
    await centre.measured("ACC77", NORMAL)
    assert await centre.state(ordered.case_id) == "resulted"
    for clinic in ("clinic1", "clinic2"):
        await centre.done("/lab/v1/orders", clinic, order(accession_number="TWICE", items=["K", "NA"]))
    await centre.measured("TWICE", NORMAL)
    (orphan,) = (await centre.shown("/lab/v1/orphans"))["orphans"]
    assert orphan["reason"] == "ambiguous"


@pytest.mark.parametrize(
    ("value", "shown", "is_held"),
    [("<0.5", "<0.5", True), ("12,3", "12,3", True), ("4.10", "4.10", False), ("溶血", "溶血", True)],
)
async def test_a_value_is_shown_as_it_was_sent(centre: Centre, value: str, shown: str, is_held: bool) -> None:
    await centre.rules_on()
    ordered = await centre.ordered("K")
    await centre.measured(ordered.number, [("K", value)])
    found = await centre.results(ordered.case_id)
    assert (found["K"]["value"], found["K"]["is_held"]) == (shown, is_held)


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (b"hello", "AR"),
        (b"MSH|^~\\&|A|B|C|D|20261122||ADT^A01|7|P|2.5.1\rPID|1\r", "AR"),
        (b"MSH|^~\\&|A|B|C|D|20261122||ORU^R01|8|P|2.5.1\rPID|1\r", "AE"),
        (b"MSH^|~\\&^A^B^C^D^20261122", "AR"),
    ],
)
async def test_what_cannot_be_read_is_answered_kept_and_harms_nobody(centre: Centre, message: bytes, code: str) -> None:
    for _ in range(2):
        answer = await centre.send(message)
        assert answer.status_code == 400 and ack_code(answer.content) == code
    assert await centre.rows("SELECT state, size_bytes FROM lab.message") == [("rejected", len(message))]
    ordered = await centre.ordered("K", "NA")
    assert ack_code((await centre.measured(ordered.number, NORMAL)).content) == "AA"


async def test_a_message_without_a_patient_is_taken_by_its_barcode(centre: Centre) -> None:
    await centre.rules_on()
    ordered = await centre.ordered("K", "NA")
    await centre.measured(ordered.number, NORMAL, patient="PV1|1")
    assert await centre.state(ordered.case_id) == "resulted"


async def test_a_message_of_five_megabytes_is_taken(centre: Centre) -> None:
    await centre.rules_on()
    ordered = await centre.ordered("K", "NA")
    picture = b"OBX|9|ED|PIC^Histogram^L||^image^BMP^Base64^" + b"A" * (5 << 20) + b"||||||F\r"
    answer = await centre.send(oru(ordered.number, NORMAL) + picture)
    assert ack_code(answer.content) == "AA"
    assert await centre.state(ordered.case_id) == "resulted"
    large = await centre.send(oru(ordered.number, NORMAL, control_id="2") + picture * 4)
    assert large.status_code == 413 and large.json()["code"] == "message_too_large"


async def test_names_in_gb18030_are_read(centre: Centre) -> None:
    ordered = await centre.ordered("K", "NA")
    message = oru(ordered.number, NORMAL, patient="PID|1||P001||测试甲||19600131|M").decode()
    raw = message.replace("UNICODE UTF-8", "GB 18030-2000").encode("gb18030")
    assert ack_code((await centre.send(raw)).content) == "AA"
    warnings = (await centre.case(ordered.case_id))["warnings"]
    assert "patient_mismatch" not in {warning["code"] for warning in warnings}


async def test_messages_are_of_integrations_and_technologists(centre: Centre) -> None:
    for who, status in (("clinic1", 403), ("reader1", 403), ("lab1", 200), ("lis1", 200)):
        answer = await centre.send(oru("1", NORMAL, control_id=who), who)
        assert answer.status_code == status, who
    strange = await centre.send(b"x", "lis1", "image/png")
    assert strange.status_code == 415


async def test_fhir_is_answered_with_json(centre: Centre) -> None:
    await centre.rules_on()
    ordered = await centre.ordered("K")
    observation = {
        "resourceType": "Observation", "id": "o1", "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "2823-3"}]},
        "valueQuantity": {"value": 4.1, "unit": "mmol/L", "system": "http://unitsofmeasure.org", "code": "mmol/L"},
        "specimen": {"identifier": {"value": ordered.number}},
    }  # fmt: skip
    headers = {"Authorization": "Bearer lis1", "Content-Type": "application/fhir+json"}
    answer = await centre.http.post("/lab/v1/messages", json=observation, headers=headers)
    assert answer.status_code == 200, answer.text
    (told,) = answer.json()["messages"]
    assert (told["verdict"], told["state"], told["orphans"]) == ("stored", "applied", 0)
    broken = await centre.http.post("/lab/v1/messages", content=b"{", headers=headers)
    assert broken.status_code == 422


async def test_an_analyzer_asks_what_to_do_with_a_tube(centre: Centre) -> None:
    ordered = await centre.ordered("K", "NA")
    query = (
        "MSH|^~\\&|XN1000|LAB|LIS|A|20261122||QBP^Q11^QBP_Q11|q9|P|2.5.1\r"
        f"QPD|WOS^Work Order Step^IHELAW|q9|{ordered.number}\rRCP|I\r"
    )
    answer = (await centre.send(query.encode())).text
    assert "OML^O33" in answer and "NA^" in answer and "\rQAK|q9|OK" in answer
    await centre.measured(ordered.number, NORMAL)
    assert "\rQAK|q9|NF" in (await centre.send(query.encode())).text


async def test_a_case_is_sent_with_its_results(centre: Centre) -> None:
    await centre.rules_on()
    body = order(accession_number="U1", items=["K", "NA"])
    sent = await centre.upload([("r.hl7", oru("", NORMAL))], body)
    assert sent.status_code == 202, sent.text
    assert sent.json()["state"] == "resulted" and sent.json()["accession_number"] == "U1"
    again = await centre.upload([("r.hl7", oru("", NORMAL))], body)
    assert again.status_code == 200 and again.json()["case_id"] == sent.json()["case_id"]
    assert await centre.count("lab.result") == 2 and await centre.count("reading.case") == 1


async def test_without_a_number_the_same_bytes_of_a_patient_are_the_same_case(centre: Centre) -> None:
    files = [("r.hl7", oru("", NORMAL))]
    first, second = [await centre.upload(files, order(items=["K", "NA"])) for _ in range(2)]
    assert (first.status_code, second.status_code) == (202, 200)
    assert first.json()["case_id"] == second.json()["case_id"]


async def test_an_upload_with_a_file_that_is_no_result_is_refused_whole(centre: Centre) -> None:
    files = [("r.hl7", oru("", NORMAL)), ("x.bin", b"\x00\x01nothing")]
    refused = await centre.upload(files, order(items=["K", "NA"]))
    assert refused.status_code == 422, refused.text
    assert [each["pointer"] for each in refused.json()["errors"]] == ["file:2"]
    assert await centre.count("reading.case") == 0 and await centre.count("reading.quarantine") == 1
    none = await centre.upload([("x.bin", b"\x00\x01nothing")], order(items=["K"]))
    assert none.status_code == 415


async def test_the_same_file_under_another_number_is_another_case_with_its_own_results(centre: Centre) -> None:
    files = [("r.hl7", oru("", NORMAL))]
    sent = [
        await centre.upload(files, order(accession_number=number, items=["K", "NA"]), who)
        for number, who in (("U1", "clinic1"), ("U2", "clinic1"), ("U1", "clinic2"))
    ]
    assert [each.status_code for each in sent] == [202, 202, 202]
    assert len({each.json()["case_id"] for each in sent}) == 3 and await centre.count("lab.result") == 6


async def test_a_message_id_used_again_with_other_results_is_refused(centre: Centre) -> None:
    body = order(accession_number="U1", items=["K", "NA"])
    await centre.upload([("r.hl7", oru("", NORMAL))], body)
    other = await centre.upload([("r.hl7", oru("", [("K", "5.0"), ("NA", "139")]))], body)
    assert other.status_code == 409 and other.json()["code"] == "message_id_reused"
    added = await centre.upload([("r.hl7", oru("", [("K", "4.1")], control_id="2"))], body)
    assert added.status_code == 202, added.text


async def test_a_message_is_applied_again_without_a_second_result(centre: Centre) -> None:
    ordered = await centre.ordered("K", "NA")
    await centre.measured(ordered.number, NORMAL)
    (message,) = (await centre.shown("/lab/v1/messages"))["messages"]
    again = await centre.done(f"/lab/v1/messages/{message['message_id']}/apply")
    assert again["state"] == "applied" and await centre.count("lab.result") == 2
    assert (await centre.post(f"/lab/v1/messages/{message['message_id']}/apply", "lab3")).status_code == 404


async def test_a_senders_character_set_is_known_by_its_address(centre: Centre) -> None:
    body = {"address": "127.0.0.1", "charset": "big5", "note": "测试仪器"}
    answer = await centre.call("lab1", "PUT", "/lab/v1/senders", body)
    assert answer.status_code == 200 and answer.json()["senders"][0]["charset"] == "big5"
    ordered = await centre.ordered("K", "NA", patient={"id": "P9", "name": "測試", "sex": "M"})
    raw = oru(ordered.number, NORMAL, patient="PID|1||P9||測試||19600131|M").decode()
    await centre.send(raw.replace("UNICODE UTF-8", "").encode("big5"))
    ((charset,),) = await centre.rows("SELECT charset FROM lab.message")
    assert charset == "big5"
    assert "patient_mismatch" not in {each["code"] for each in (await centre.case(ordered.case_id))["warnings"]}
