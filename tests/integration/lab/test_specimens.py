"""Orders, tubes and their way."""

from tests.integration.lab.centre import Centre, order


async def test_one_order_becomes_a_case_and_a_tube_for_each_report_group(centre: Centre) -> None:
    body = order(accession_number="A1", panels=["CBC5", "LIVER"])
    placed = await centre.done("/lab/v1/orders", "clinic1", body)
    assert [case["accession_number"] for case in placed["cases"]] == ["A1-1", "A1-2"]
    numbers = [case["specimens"][0]["number"] for case in placed["cases"]]
    assert len(set(numbers)) == 2 and all(number.isdigit() and len(number) == 12 for number in numbers)
    assert [case["specimens"][0]["group"] for case in placed["cases"]] == ["HEMATOLOGY", "CHEMISTRY"]
    again = await centre.post("/lab/v1/orders", "clinic1", body)
    assert again.status_code == 200 and again.json()["cases"] == placed["cases"]
    assert await centre.count("reading.case") == 2 and await centre.count("lab.specimen") == 2
    (listed,) = (await centre.shown("/lab/v1/orders", "clinic1"))["orders"]
    assert listed["order_id"] == placed["order_id"] and len(listed["cases"]) == 2
    labels = await centre.get(placed["links"]["labels"], "clinic1")
    assert labels.status_code == 200 and labels.content.startswith(b"%PDF")
    assert (await centre.get(placed["links"]["order"], "clinic2")).status_code == 404


async def test_an_order_without_items_is_one_case(centre: Centre) -> None:
    placed = await centre.done("/lab/v1/orders", "clinic1", order(accession_number="A2", exam={"name": "血常规"}))
    assert placed["accession_number"] == "A2" and placed["order_id"] is None and len(placed["cases"]) == 1
    assert placed["state"] == "ordered" and placed["cases"][0]["items"] == []


async def test_a_code_that_is_not_in_the_catalogue_is_named(centre: Centre) -> None:
    answer = await centre.post("/lab/v1/orders", "clinic1", order(panels=["CBC5", "NO"], items=["K", "NO2"]))
    assert answer.status_code == 422
    assert {each["pointer"] for each in answer.json()["errors"]} == {"/panels/1", "/items/1"}


async def test_a_printed_number_is_kept_and_given_once(centre: Centre) -> None:
    body = order(items=["K"], specimens=[{"number": "T-001", "type": "serum"}])
    placed = await centre.done("/lab/v1/orders", "clinic1", body)
    assert placed["cases"][0]["specimens"][0]["number"] == "T-001"
    taken = await centre.post("/lab/v1/orders", "clinic2", body)
    assert taken.status_code == 409 and taken.json()["code"] == "specimen_number_taken"


async def test_every_step_is_kept_with_who_when_where(centre: Centre) -> None:
    ordered = await centre.ordered("K", received=False)
    path = f"/lab/v1/specimens/{ordered.number}"
    packed = {"box": "B7", "temperature_c": 4.5, "place": "演示镇"}
    await centre.done(f"{path}/collected", "clinic1", {"at": "2026-11-21T08:00:00+08:00"})
    await centre.done(f"{path}/packed", "clinic1", packed)
    assert (await centre.post(f"{path}/received", "clinic1")).status_code == 403
    for step in ("received", "received", "in-analysis", "stored", "discarded"):
        shown = await centre.done(f"{path}/{step}", "lab1")
    assert [each["step"] for each in shown["steps"]] == [
        "collected", "packed", "received", "in_analysis", "stored", "discarded",
    ]  # fmt: skip
    assert shown["steps"][1] | packed == shown["steps"][1]
    assert shown["collected_at"] == "2026-11-21T00:00:00Z"
    back = await centre.post(f"{path}/received", "lab1")
    assert back.status_code == 409 and back.json()["state"] == "discarded"
    assert (await centre.get(path, "clinic2")).status_code == 404
    listed = await centre.shown("/lab/v1/specimens?state=discarded")
    assert [each["number"] for each in listed["specimens"]] == [ordered.number]


async def test_a_refused_specimen_rejects_its_case_and_is_collected_again(centre: Centre) -> None:
    body = order(accession_number="A3", items=["K"])
    placed = await centre.done("/lab/v1/orders", "clinic1", body)
    number = placed["cases"][0]["specimens"][0]["number"]
    missing = await centre.post(f"/lab/v1/specimens/{number}/refused", "lab1", {})
    assert missing.status_code == 422
    await centre.done(f"/lab/v1/specimens/{number}/refused", "lab1", {"reason": "haemolysed"})
    told = await centre.case(placed["case_id"], "clinic1")
    assert told["state"] == "rejected" and "溶血" in told["reason"]
    ((subject,),) = await centre.rows("SELECT subject FROM core.outbox WHERE subject LIKE 'lab.case.rejected%'")
    assert subject.startswith("lab.case.rejected.v1")
    again = await centre.done("/lab/v1/orders", "clinic1", body)
    assert again["case_id"] != placed["case_id"] and again["cases"][0]["specimens"][0]["number"] != number
    assert (await centre.case(again["case_id"], "clinic1"))["repeats"] == placed["case_id"]
    same = await centre.post("/lab/v1/orders", "clinic1", body)
    assert same.status_code == 200 and same.json()["case_id"] == again["case_id"]
