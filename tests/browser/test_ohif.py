"""OHIF as published, on the region's own origin under the reader's session: what it asks for is answered and drawn."""

import pytest

from tests.browser.conftest import Studies
from tests.browser.stage import Played, Stage
from tests.support.region import PASSWORD, RunningRegion

pytestmark = pytest.mark.xdist_group("region")
SLICES = 3


def look(stage: Stage, region: RunningRegion, study: str, slices: int) -> Played:
    played = stage.play("series", region.url, "reader1", PASSWORD, study=study, slices=slices)
    assert played.complaints == []
    assert all(picture["greys"] > 2 for picture in played.seen["pictures"])
    return played


@pytest.fixture(scope="module")
def plain(stage: Stage, region: RunningRegion, studies: Studies) -> Played:
    return look(stage, region, studies.plain, SLICES)


def test_the_list_of_studies_names_patients_in_chinese(stage: Stage, region: RunningRegion, studies: Studies) -> None:
    played = stage.play("studies", region.url, "reader1", PASSWORD, number="OHIF-", wanted="测试丁")
    assert played.complaints == []
    text = played.seen["text"]
    assert all(word in text for word in ("测试, 甲", "测试丙", "测试丁", "胸部平扫", "十二导联心电图"))


def test_another_reading_sites_reader_is_shown_nothing(stage: Stage, region: RunningRegion, studies: Studies) -> None:
    played = stage.play("studies", region.url, "reader3", PASSWORD, number="OHIF-", wanted="没有数据")
    assert played.complaints == []
    assert "测试" not in played.seen["text"]


def test_a_series_is_drawn_slice_by_slice(plain: Played) -> None:
    pictures = plain.seen["pictures"]
    assert len({picture["digest"] for picture in pictures}) == SLICES
    means = [picture["mean"] for picture in pictures]
    assert means == sorted(means)  # towards the middle of the ball more and more of the picture is bone
    assert all(picture["middle"] > 230 for picture in pictures)
    frames = [answer for answer in plain.answers if answer.endswith("/frames/1")]
    assert len(frames) >= SLICES
    assert "胸部平扫" in plain.seen["text"]


@pytest.mark.parametrize("kind", ["jpeg_ls", "jpeg_2000"])
def test_what_the_browser_decodes_is_what_was_compressed(
    stage: Stage, region: RunningRegion, studies: Studies, plain: Played, kind: str
) -> None:
    played = look(stage, region, getattr(studies, kind), SLICES)
    assert played.seen["pictures"] == plain.seen["pictures"]


def test_a_twelve_lead_ecg_is_drawn_from_its_bulk_value(stage: Stage, region: RunningRegion, studies: Studies) -> None:
    played = look(stage, region, studies.ecg, 1)
    assert [answer for answer in played.answers if answer.endswith("/bulkdata/54000100/0/54001010")]
    assert played.seen["pictures"][0]["mean"] > 5
