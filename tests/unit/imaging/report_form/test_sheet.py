import struct
import zlib

import pytest
from pydantic import ValidationError

from services.imaging.report_form.sheet import Picture, render_sheet
from shared.signing.document import SignerRole
from tests.unit.paper.reading import pages_of
from tests.unit.signing.people import STATEMENT, statement


def test_the_sheet_says_what_a_sheet_must() -> None:
    (page,) = pages_of(render_sheet(statement()).pdf)
    for words in (
        "示例县人民医院（区域影像诊断中心）",
        "医学影像诊断报告",
        "姓名：测试甲",
        "性别：男",
        "年龄：66岁",
        "检查号：A20261121000123",
        "送检机构：示例甲镇卫生院",
        "申请医师：测试医生",
        "门诊号：MZ1",
        "科别：内科",
        "检查部位：胸部",
        "检查方法：DX正位",
        "检查时间：2026-11-2110:20",
        "临床资料：咳嗽三天",
        "影像学表现：双肺纹理清晰。",
        "影像学诊断：心肺膈未见明显异常。",
        "报告医师：测试医师甲",
        "审核医师：",
        "扫码可验真伪",
        "第1页共1页",
        "开发测试证书，不作临床依据",
    ):
        assert words in page


def test_a_sheet_under_the_regions_own_authority_has_no_mark_of_a_trial() -> None:
    (page,) = pages_of(render_sheet(statement(development=False)).pdf)
    assert "开发测试" not in page


def test_long_findings_run_over_pages_that_each_name_the_patient() -> None:
    findings = "\n".join(
        f"{line}. 双肺纹理清晰，走行自然，未见明确实变影及结节影，气管支气管通畅。" for line in range(200)
    )
    sheet = render_sheet(statement(content={"findings": findings, "impression": "末行诊断"}))
    pages = pages_of(sheet.pdf)
    assert len(pages) >= 4
    assert all("A20261121000123" in page and "测试甲" in page for page in pages)
    assert all(f"第{number}页共{len(pages)}页" in page for number, page in enumerate(pages, start=1))
    assert "199.双肺" in "".join(pages)
    assert "末行诊断" in "".join(pages)
    assert {box.page for box in sheet.boxes.values()} == {len(pages) - 1}


def test_a_preliminary_report_says_so_and_waits_for_no_second_name() -> None:
    sheet = render_sheet(statement(status="preliminary", signature_roles=["author"]))
    (page,) = pages_of(sheet.pdf)
    assert "初步报告" in page
    assert "审核医师：—" in page
    assert set(sheet.boxes) == {SignerRole.AUTHOR}


def test_an_amended_report_names_what_it_replaces_and_why() -> None:
    amends = {"version": 1, "sha256": "0" * 64, "reason": "更正侧别"}
    (page,) = pages_of(render_sheet(statement(status="amended", version=2, amends=amends)).pdf)
    assert "修订报告" in page
    assert "本报告为第2版，替代第1版，原版作废。修订原因：更正侧别" in page


def test_a_text_the_reviewer_revised_says_so_and_is_his() -> None:
    document = statement(
        version=2,
        reviewer={"id": "account_reviewer", "name": "测试医师乙"},
        revises={"version": 1, "sha256": "0" * 64, "author": {"id": "account_author", "name": "测试医师甲"}},
        signature_roles=["reviewer"],
    )
    sheet = render_sheet(document)
    (page,) = pages_of(sheet.pdf)
    assert "审核修改：测试医师甲书写的第1版经审核医师修改" in page
    assert set(sheet.boxes) == {SignerRole.REVIEWER}


def test_a_critical_finding_is_on_the_sheet() -> None:
    (page,) = pages_of(render_sheet(statement(critical=[{"code": "aorta", "text": "主动脉夹层"}])).pdf)
    assert "危急值：主动脉夹层" in page


def test_what_is_not_known_is_a_dash_and_never_an_error() -> None:
    document = statement(
        patient={"id": "1", "issuer": "c", "name": "", "unknown": True},
        encounter=None,
        clinical_info=None,
        requester=None,
        exam={"code": "X", "name": "X线检查", "modality": "DX"},
        content={},
    )
    (page,) = pages_of(render_sheet(document).pdf)
    for words in ("姓名：无名氏", "性别：不详", "年龄：—", "申请医师：—", "检查时间：—", "患者身份未明"):
        assert words in page


def test_the_ordered_side_is_named() -> None:
    (page,) = pages_of(
        render_sheet(statement(exam={**STATEMENT["exam"], "body_part": "腕关节", "laterality": "L"})).pdf
    )
    assert "检查部位：腕关节（左侧）" in page


def test_pictures_are_printed() -> None:
    plain = len(render_sheet(statement()).pdf)
    picture = Picture(png(320, 200), "image/png", 320, 200)
    assert b"/Subtype/Image" in render_sheet(statement(), [picture]).pdf
    assert len(render_sheet(statement(), [picture, picture]).pdf) > plain


def test_content_of_another_centre_is_refused() -> None:
    with pytest.raises(ValidationError):
        render_sheet(statement(content={"rhythm": "sinus"}))


def png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + bytes((x * y) % 256 for x in range(width)) for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
