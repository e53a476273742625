"""From a clinic's order to a signed report: the order of a working day."""

from tests.integration.lab.centre import Centre
from tests.support.lab_oru import ack_code


async def test_an_order_becomes_a_signed_report(centre: Centre) -> None:
    await centre.rules_on()
    ordered = await centre.ordered("K", "NA", received=False)
    label = await centre.get(f"/lab/v1/specimens/{ordered.number}/label.pdf", "clinic1")
    assert label.status_code == 200 and label.content.startswith(b"%PDF")
    for step, who in (("collected", "clinic1"), ("packed", "clinic1"), ("received", "lab1")):
        await centre.done(f"/lab/v1/specimens/{ordered.number}/{step}", who)
    assert await centre.state(ordered.case_id) == "received"
    answer = await centre.measured(ordered.number, [("K", "4.1"), ("NA", "140")])
    assert answer.status_code == 200 and ack_code(answer.content) == "AA"
    assert await centre.state(ordered.case_id) == "resulted"
    found = await centre.results(ordered.case_id)
    assert found["K"]["value"] == "4.1" and found["K"]["flag"] == "N" and not found["K"]["is_held"]
    report_id = await centre.released(ordered.case_id)
    assert await centre.state(ordered.case_id) == "released"
    ((content,),) = await centre.rows(
        f"SELECT document->'content' FROM reading.report_version WHERE report_id = '{report_id}' AND status = 'final'"
    )
    assert [(each["item"], each["value"]) for each in content["items"]] == [("K", "4.1"), ("NA", "140")]
    assert content["rule_set"] == "county@2026.1" and content["specimen"]["number"] == ordered.number
