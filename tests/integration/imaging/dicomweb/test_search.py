"""QIDO-RS: what is found, in which order, and what an answer says."""

from tests.integration.imaging.conftest import ORDER
from tests.integration.imaging.dicomweb.conftest import Web
from tests.support.dicom import dicom, uid

PEOPLE = {
    "P1": "Wang^XiaoDong=王^小东",
    "P2": "李^四",
    "P3": "Zhang^San",
    "P4": "=测试^甲",
}


async def send_people(web: Web, username: str = "clinic1") -> None:
    for patient_id, name in PEOPLE.items():
        order = {**ORDER, "accession_number": f"A-{patient_id}", "patient": {"id": patient_id}}
        film = dicom(
            f"i{patient_id}", study=f"s{patient_id}", series=f"r{patient_id}", name=name, patient_id=patient_id
        )
        answer = await web.centre.upload(film, order=order, username=username)
        assert answer.status_code == 202, answer.text


async def ids(web: Web, query: str, username: str = "clinic1") -> list[str]:
    answer = await web.get(f"/studies?{query}", username)
    assert answer.status_code == 200, answer.text
    return [study["00100020"]["Value"][0].removeprefix("org_c1:") for study in answer.json()]


async def test_signs_in_a_name_stand_for_themselves(web: Web) -> None:
    await web.centre.upload(dicom(name="O'Brien-Abc^D.E"), order={**ORDER, "patient": {"id": "P001"}})
    for pattern in ("O'Brien*", "O'B*", "*-abc*", "O'Brien-Abc^D.E", "*d.e"):
        assert await ids(web, f"PatientName={pattern}") == ["P001"], pattern
    for pattern in ("(abcdefabcdef0123456789abcdef", "O.Brien*", "[a-z]*"):
        assert await ids(web, f"PatientName={pattern}") == [], pattern


STUDIES = [
    ("PatientName=王*", ["P1"]),
    ("PatientName=*小东*", ["P1"]),
    ("PatientName=王^小东", ["P1"]),
    ("PatientName=wang*", ["P1"]),
    ("PatientName=WANG^XIAODONG", ["P1"]),
    ("00100010=*四", ["P2"]),
    ("PatientName=?^四", ["P2"]),
    ("PatientName=测试甲", ["P4"]),
    ("PatientName=zhang", []),
    ("PatientName=lisi", []),
    ("PatientName=lisi&fuzzymatching=true", ["P2"]),
    ("PatientName=ceshi&fuzzymatching=true", ["P4"]),
    ("PatientName=san&fuzzymatching=true", ["P3"]),
    ("PatientName=.*", []),
    ("PatientName=%25", []),
    ("PatientID=P2", ["P2"]),
    ("PatientID=org_c1:P2", ["P2"]),
    ("PatientID=org_c2:P2", []),
    ("PatientID=*3", ["P3"]),
    ("PatientID=P_", []),
    ("AccessionNumber=A1", []),
    ("StudyDate=20261121", ["P4", "P3", "P2", "P1"]),
    ("StudyDate=20261122-", []),
    ("StudyTime=1019-1020", ["P4", "P3", "P2", "P1"]),
    ("ModalitiesInStudy=DX,CT", ["P4", "P3", "P2", "P1"]),
    ("ModalitiesInStudy=CT", []),
    ("limit=2", ["P4", "P3"]),
    ("limit=2&offset=2", ["P2", "P1"]),
    ("limit=0", []),
    (f"StudyInstanceUID={uid('sP1')},{uid('sP3')}", ["P3", "P1"]),
    ("SOPClassesInStudy=1.2.840.10008.5.1.4.1.1.1.1&PatientID=P1", ["P1"]),
    ("StudyDescription=CHEST*&PatientSex=M&PatientID=P1", ["P1"]),
]


async def test_studies(web: Web) -> None:
    await send_people(web)
    found = {query: await ids(web, query) for query, _ in STUDIES}
    assert found == dict(STUDIES)


async def test_all_required_attributes_of_a_study(web: Web) -> None:
    await web.centre.upload(dicom(), dicom("i2", series="r2"))
    (study,) = (await web.get("/studies")).json()
    assert list(study) == sorted(study)
    assert study["00080005"] == {"vr": "CS", "Value": ["ISO_IR 192"]}
    assert study["00100010"] == {"vr": "PN", "Value": [{"Alphabetic": "测试^甲"}]}
    assert study["00100020"] == {"vr": "LO", "Value": ["org_c1:P001"]}
    assert study["00080061"] == {"vr": "CS", "Value": ["DX"]}
    assert (study["00201206"]["Value"], study["00201208"]["Value"]) == ([2], [2])
    assert (study["00080020"]["Value"], study["00080030"]["Value"]) == (["20261121"], ["102000"])
    assert study["00080056"]["Value"] == ["ONLINE"]
    assert study["00081190"]["Value"] == [f"{web.root}/studies/{uid('s1')}"]
    assert {"00080050", "00080090", "00100030", "00100040", "0020000D", "00200010"} <= study.keys()
    assert study["00101002"]["Value"][0]["00100020"]["Value"] == ["P001"]


async def test_series_and_instances_at_each_level(web: Web) -> None:
    await web.centre.upload(dicom(), dicom("i2", series="r2"))
    study = f"/studies/{uid('s1')}"
    for path, count in (
        ("/series", 2), (f"{study}/series", 2), ("/instances", 2), (f"{study}/instances", 2),
        (f"{study}/series/{uid('r2')}/instances", 1), (f"{study}/series/{uid('none')}/instances", 0),
        (f"{study}/series?SeriesInstanceUID={uid('r1')}", 1), (f"/instances?SOPInstanceUID={uid('i2')}", 1),
        (f"{study}/instances?limit=1&includefield=00080018", 1), ("/instances?SeriesNumber=1&InstanceNumber=1", 2),
        ("/instances?InstanceNumber=2", 0), ("/series?Modality=CT", 0),
    ):  # fmt: skip
        answer = await web.get(path)
        assert answer.status_code == 200, answer.text
        assert len(answer.json()) == count, path
    (series, _) = (await web.get(f"{study}/series?includefield=0008103E,00080021")).json()
    assert {"00080060", "0008103E", "0020000E", "00200011", "00201209", "00081190"} <= series.keys()
    (instance, _) = (await web.get(f"{study}/instances")).json()
    assert {"00080016", "00080018", "00200013", "00280010", "00280011", "00081190"} <= instance.keys()


async def test_includefield_takes_more_from_the_header(web: Web) -> None:
    await web.centre.upload(dicom())
    plain = (await web.get("/instances")).json()[0]
    more = (await web.get("/instances?includefield=BitsStored&includefield=00280100,00280004")).json()[0]
    everything = (await web.get("/instances?includefield=all")).json()[0]
    assert more.keys() - plain.keys() == {"00280101", "00280100", "00280004"}
    assert more.keys() < everything.keys()
    assert everything["00100020"]["Value"] == ["org_c1:P001"]
    assert "00280101" not in (await web.get("/studies?includefield=BitsStored,all")).json()[0]


async def test_nothing_found_is_an_empty_list_and_what_was_not_matched_is_said(web: Web) -> None:
    answer = await web.get("/studies?Manufacturer=X&PatientID=P9")
    assert (answer.status_code, answer.json()) == (200, [])
    assert answer.headers["content-type"] == "application/dicom+json"
    assert answer.headers["warning"] == '299 gongzhen "These attributes were not matched: Manufacturer"'


async def test_bad_parameters_are_a_400(web: Web) -> None:
    for query in ("limit=x", "StudyDate=2026", "Nonsense=1", "fuzzymatching=2", "offset=-1"):
        answer = await web.get(f"/studies?{query}")
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_parameter"), query


async def test_a_search_never_ends_in_406_for_a_viewer_s_accept(web: Web) -> None:
    for accept in ('multipart/related; type="application/octet-stream"; transfer-syntax=*', "*/*", "application/json"):
        assert (await web.get("/studies", accept=accept)).status_code == 200, accept


async def test_who_takes_only_xml_cannot_be_served(web: Web) -> None:
    answer = await web.get("/studies", accept='multipart/related; type="application/dicom+xml"')
    assert (answer.status_code, answer.json()["code"]) == (406, "not_acceptable")
