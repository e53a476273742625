"""A value never lands under another patient: numbers that two share, messages that contradict themselves."""

from tests.integration.lab.centre import PATIENT, Centre

OTHER = {**PATIENT, "id": "P900", "name": "测试丁"}


async def test_an_accession_number_of_two_clinics_places_nothing(centre: Centre) -> None:
    """Also where only one of the two ordered the item: the other clinic's tube may just as well be meant."""
    await centre.rules_on()
    await centre.done("/lab/v1/orders", "clinic1", {"patient": PATIENT, "items": ["K"], "accession_number": "A1"})
    await centre.done("/lab/v1/orders", "clinic2", {"patient": OTHER, "items": ["GLU"], "accession_number": "A1"})
    await centre.measured("A1", [("GLU", "5.1")])
    assert await centre.count("lab.result") == 0
    (orphan,) = (await centre.shown("/lab/v1/orphans"))["orphans"]
    assert orphan["reason"] == "ambiguous"


async def test_a_barcode_and_another_cases_accession_number_place_nothing(centre: Centre) -> None:
    await centre.rules_on()
    tube = await centre.ordered("K", accession_number="MINE")
    await centre.ordered("K", accession_number="THEIRS", patient=OTHER)
    await centre.measured(tube.number, [("K", "4.1")], placer="THEIRS")
    assert await centre.count("lab.result") == 0
    (orphan,) = (await centre.shown("/lab/v1/orphans"))["orphans"]
    assert orphan["reason"] == "ambiguous"


async def test_a_barcode_and_its_own_accession_number_agree(centre: Centre) -> None:
    await centre.rules_on()
    tube = await centre.ordered("K", accession_number="MINE")
    await centre.measured(tube.number, [("K", "4.1")], placer="MINE")
    await centre.measured(tube.number, [("K", "4.1")], placer="of nobody here")
    assert await centre.count("lab.result") == 2
