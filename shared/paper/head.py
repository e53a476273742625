"""What every centre's sheet says of patient, exam and people, taken from the statement that is signed."""

from collections.abc import Mapping
from typing import Any

from shared.clock import show
from shared.paper.qr import qr_svg
from shared.paper.stamp import stamp_words
from shared.paper.wording import ENCOUNTER_NUMBER, LATERALITY, SEX, show_age
from shared.signing.document import ReportDocument, ReportStatus, SignerRole

NOTHING = "—"
_TRACKS = 16
FOOTNOTE = "本报告经电子签名，扫码可验真伪。检查结果仅对本次检查负责。"


def head(document: ReportDocument, title: str, hospital: str) -> dict[str, Any]:
    """The data of ``/shared/paper/sheet.typ``: heading, running header, signatures, footer, document properties."""
    patient = document.patient
    name = patient.name or ("无名氏" if patient.unknown else NOTHING)
    return {
        "title": title,
        "hospital": hospital,
        "marks": marks(document),
        "running": [["检查号", document.accession_number], ["姓名", _shortened(name)], ["性别", SEX[patient.sex]]],
        "patient": patient_facts(document, name),
        "notices": notices(document),
        "signatures": _signatures(document),
        "qr": qr_svg(document.verification_url),
        "footnote": FOOTNOTE,
        "development": document.development,
        "authors": [document.author.name],
        "keywords": _keywords(document),
        "description": f"{document.report_id} 第 {document.version} 版",
    }


def patient_facts(document: ReportDocument, name: str) -> list[dict[str, Any]]:
    """Rows of label and value; a row that would say nothing is left out."""
    patient, exam = document.patient, document.exam
    visit = document.encounter
    at = exam.performed_at or document.received_at
    number_label = ENCOUNTER_NUMBER.get((visit and visit.type) or "", "病历号")
    rows = [
        _row(
            (5, ("姓名", name)),
            (2, ("性别", SEX[patient.sex])),
            (3, ("年龄", show_age(patient.birth_date, patient.age, at) or NOTHING)),
            (6, ("检查号", document.accession_number)),
        ),
        _row(
            (5, ("送检机构", document.clinic.name)),
            (5, ("申请医师", document.requester.name if document.requester else NOTHING)),
            (6, (number_label, (visit and visit.number) or patient.id)),
        ),
    ]
    place = {"科别": visit.department, "病区": visit.ward, "床号": visit.bed} if visit else {}
    known = [(label, value) for label, value in place.items() if value]
    if known:
        rows.append(_row(*zip((5, 5, 6), known, strict=False)))
    return rows


def exam_side(document: ReportDocument) -> str:
    return LATERALITY.get(document.exam.laterality or "", "")


def marks(document: ReportDocument) -> list[str]:
    found = []
    if document.recognition_mark:
        found.append(document.recognition_mark)
    if document.status is ReportStatus.PRELIMINARY:
        found.append("初步报告")
    elif document.status is ReportStatus.AMENDED:
        found.append("修订报告")
    if document.revises:
        found.append("审核修改")
    return found


def notices(document: ReportDocument) -> list[str]:
    """What a reader of the sheet must know before he believes it."""
    found = []
    if document.status is ReportStatus.PRELIMINARY:
        found.append("本报告为初步报告，未经审核，最终诊断以正式报告为准。")
    if document.amends:
        found.append(
            f"本报告为第 {document.version} 版，替代第 {document.amends.version} 版，原版作废。"
            f"修订原因：{document.amends.reason}"
        )
    if document.revises:
        found.append(
            f"审核修改：{document.revises.author.name} 书写的第 {document.revises.version} 版经审核医师修改，"
            "以本版为准。"
        )
    found.extend(f"危急值：{finding.text}" for finding in document.critical)
    if document.patient.unknown:
        found.append("患者身份未明，请核对后使用。")
    return found


def _shortened(name: str) -> str:
    """For the one line at the top of a further page."""
    return name if len(name) <= 24 else name[:23] + "…"


def _row(*cells: tuple[int, tuple[str, str]]) -> dict[str, Any]:
    """Each cell: its tracks of the sixteen, and its label and value. The last one takes what is left of the row."""
    widths = [width for width, _pair in cells]
    widths[-1] += _TRACKS - sum(widths)
    return {"widths": widths, "pairs": [list(pair) for _width, pair in cells]}


def _signatures(document: ReportDocument) -> list[Mapping[str, Any]]:
    """The author's name is printed, since he signs this very page; the reviewer's comes with his signature."""
    roles = document.signature_roles
    author_signs, reviewer_signs = SignerRole.AUTHOR in roles, SignerRole.REVIEWER in roles
    issues = not reviewer_signs and document.status is not ReportStatus.PRELIMINARY
    written = stamp_words("签发" if issues else "报告", document.written_at)
    return [
        {
            "role": str(SignerRole.AUTHOR),
            "label": "报告医师",
            "signs": author_signs,
            "name": document.author.name,
            "stamp": written if author_signs else f"报告时间 {show(document.written_at)}",
        },
        {
            "role": str(SignerRole.REVIEWER),
            "label": "审核医师",
            "signs": reviewer_signs,
            "name": "" if reviewer_signs else NOTHING,
            "stamp": "",
        },
    ]


def _keywords(document: ReportDocument) -> list[str]:
    """What ties the sheet to the statement, under the same signatures; ``shared.signing.inspection`` reads it."""
    return [
        document.schema_name,
        f"report_id={document.report_id}",
        f"version={document.version}",
        f"sha256={document.sha256()}",
        f"signatures={'+'.join(document.signature_roles)}",
    ]
