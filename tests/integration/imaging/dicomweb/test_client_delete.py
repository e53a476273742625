"""dicomweb-client's delete calls, as an administrator's script makes them."""

import pytest
from requests import HTTPError

from tests.integration.imaging.dicomweb.conftest import Web
from tests.support.dicom import dicom, uid

STUDY, SERIES, SERIES_2, INSTANCE = (str(uid(name)) for name in ("s1", "r1", "r2", "i1"))
WHY = {"reason": "误传：非本患者影像"}


async def left(web: Web) -> list[tuple[str]]:
    return await web.centre.rows("SELECT sop_instance_uid FROM imaging.instance ORDER BY 1")


async def test_an_instance_a_series_and_a_study_go_for_a_reason(web: Web) -> None:
    await web.centre.upload(dicom("i1"), dicom("i2"), dicom("i3", series="r2"), dicom("i4", series="r3"))
    for call, gone in (
        (lambda client: client.delete_instance(STUDY, SERIES, INSTANCE, additional_params=WHY), "i1"),
        (lambda client: client.delete_series(STUDY, SERIES_2, additional_params=WHY), "i3"),
    ):
        before = await left(web)
        await web.ask(call, "admin1")
        assert set(before) - set(await left(web)) == {(str(uid(gone)),)}
    await web.ask(lambda client: client.delete_study(STUDY, additional_params=WHY), "admin1")
    assert await left(web) == []


async def test_without_a_reason_nothing_goes(web: Web) -> None:
    await web.centre.upload(dicom("i1"))
    with pytest.raises(HTTPError, match="422"):
        await web.ask(lambda client: client.delete_study(STUDY), "admin1")
    assert len(await left(web)) == 1
