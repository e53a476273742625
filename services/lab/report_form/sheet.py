"""The laboratory sheet: portrait A4, the results in one or two columns, with what a Chinese laboratory prints around
them (卫医发〔2006〕73号)."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from services.lab.label.barcode import barcode
from services.lab.report_form.content import ItemSaid, LabContent
from services.lab.report_form.layout import CORRECTED, PRELIMINARY, RECOGNISED, Row, is_narrow, rows_of, side_by_side
from shared.clock import show
from shared.paper.head import NOTHING, head
from shared.paper.render import Sheet, render
from shared.paper.wording import ENCOUNTER_NUMBER
from shared.signing.document import ReportDocument

TITLE = "检验报告单"
FOOTNOTE = "本报告仅对该标本负责。经电子签名，扫码可验真伪；如对结果有疑问，请及时与检验科联系。"
_TEMPLATE = "services/lab/report_form/sheet.typ"
_TRACKS = 16
_BARCODE_ROOM_MM = 44.0
_SIGNERS = {"author": "检验者", "reviewer": "审核者"}
_NUMBERED = ("病历号", *ENCOUNTER_NUMBER.values())
_REWORDED = (("最终诊断", "最终结果"), ("审核医师", "审核者"))


def render_sheet(document: ReportDocument) -> Sheet:
    """As many pages as the results need. Blocking: call it in a thread. Raises pydantic.ValidationError where
    ``content`` is not a LabContent."""
    content = LabContent.model_validate(document.content)
    common = head(document, TITLE, f"{document.reading_site.name}（区域医学检验中心）")
    starred = frozenset(content.recognised) if document.recognition_mark else frozenset[str]()
    rows = rows_of(content.items, starred)
    narrow = is_narrow(content.items)
    code = _barcode(content.specimen.number)
    data = {
        **common,
        "marks": [mark for mark in common["marks"] if mark != document.recognition_mark],
        "running": [["标本号", content.specimen.number], *common["running"][1:]],
        "patient": [
            *_facts(document, content, common["patient"]),
            *([] if code else [_line([("标本号", content.specimen.number, _TRACKS)])]),
        ],
        "barcode": code,
        "notices": [*(_reworded(each) for each in common["notices"]), *_lacks(content)],
        "signatures": [{**each, "label": _SIGNERS[each["role"]]} for each in common["signatures"]],
        "tables": [[_pair(pair) for pair in table] for table in side_by_side(rows)] if narrow else [],
        "rows": [] if narrow else [asdict(row) for row in rows],
        "has_previous": any(row.previous for row in rows),
        "has_method": any(row.method for row in rows),
        "legend": "　".join(_legend(content, document, starred)),
        "texts": _texts(content),
        "remarks": list(_remarks(content)),
        "changes": [[each.name, each.was or NOTHING, each.now or NOTHING] for each in content.changes],
        "footnote": FOOTNOTE,
    }
    return render(_TEMPLATE, data, document.written_at)


def _facts(document: ReportDocument, content: LabContent, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Patient, order and specimen in lines of sixteen tracks."""
    pairs = {label: value for row in rows for label, value in row["pairs"]}
    specimen = content.specimen
    number = next(label for label in _NUMBERED if label in pairs)
    place = [(label, pairs[label], width) for label, width in (("科别", 6), ("病区", 5), ("床号", 5)) if label in pairs]
    lines = [
        [
            ("姓名", pairs["姓名"], 4),
            ("性别", pairs["性别"], 2),
            ("年龄", pairs["年龄"], 5),
            (number, pairs[number], 5),
        ],
        [
            ("送检机构", pairs["送检机构"], 6),
            ("申请医师", pairs["申请医师"], 5),
            ("检验单号", document.accession_number, 5),
        ],
        place,
        [
            ("标本类型", specimen.type or NOTHING, 6),
            ("标本状态", specimen.condition or NOTHING, 5),
            ("检验项目", document.exam.name, 5),
        ],
        [
            ("采集时间", _moment(specimen.collected_at), 6),
            ("接收时间", _moment(specimen.received_at), 5),
            ("报告时间", show(document.written_at), 5),
        ],
        [("临床资料", document.clinical_info, _TRACKS)] if document.clinical_info else [],
    ]
    return [_line(cells) for cells in lines if cells]


def _line(cells: Sequence[tuple[str, str, int]]) -> dict[str, Any]:
    """The last cell takes what is left of the row."""
    widths = [width for _label, _value, width in cells]
    widths[-1] = _TRACKS - sum(widths[:-1])
    return {"widths": widths, "pairs": [[label, value] for label, value, _width in cells]}


def _moment(moment: datetime | None) -> str:
    return show(moment) if moment else NOTHING


def _barcode(number: str) -> dict[str, Any] | None:
    """None for a number that has no code or needs too wide a one, as another laboratory's may."""
    try:
        code = barcode(number, _BARCODE_ROOM_MM)
    except ValueError:
        return None
    return {"svg": code.svg, "width_mm": code.width_mm, "number": number}


def _pair(pair: tuple[Row | None, Row | None]) -> list[dict[str, Any] | None]:
    return [None if row is None else asdict(row) for row in pair]


def _reworded(notice: str) -> str:
    for word, ours in _REWORDED:
        notice = notice.replace(word, ours)
    return notice


def _lacks(content: LabContent) -> Iterable[str]:
    """What the reader of the sheet must not take for a whole report."""
    if content.missing:
        yield "以下项目尚无结果：" + "、".join(each.name for each in content.missing) + "。"
    if content.withheld:
        yield "以下项目暂不报告：" + "；".join(f"{each.name}（{each.reason}）" for each in content.withheld) + "。"


def _legend(content: LabContent, document: ReportDocument, starred: frozenset[str]) -> Iterable[str]:
    flags = {item.flag for item in content.items}
    for sign, meaning, of in (
        ("↑", "高于参考区间", {"H", "HH"}),
        ("↓", "低于参考区间", {"L", "LL"}),
        ("*", "异常", {"A"}),
    ):
        if flags & of:
            yield f"{sign} {meaning}"
    if any(item.is_critical for item in content.items):
        yield "危 危急值"
    if any(item.correction for item in content.items):
        yield f"{CORRECTED} 经检验者修正"
    if any(item.status == "preliminary" for item in content.items):
        yield f"（{PRELIMINARY}）初步结果"
    if starred:
        yield f"{RECOGNISED} {document.recognition_mark}"


def _texts(content: LabContent) -> list[list[str]]:
    pairs = (
        ("检验方法", content.technique),
        ("形态学描述", content.findings),
        ("结果解释", content.impression),
        ("备注", content.comment),
    )
    return [[title, text] for title, text in pairs if text]


def _remarks(content: LabContent) -> Iterable[str]:
    """In small print: how the results came to stand."""
    yield f"检验实验室：{content.laboratory}"
    for item in content.items:
        if item.correction:
            was, reason = item.correction.was, item.correction.reason
            yield f"{CORRECTED} {item.name}：测定值 {was}，修正为 {item.value}（{reason}）"
    looked_at = [_passed(item) for item in content.items if item.holds_passed]
    if looked_at:
        yield "经人工复核后报告：" + "、".join(looked_at)
    if content.rule_set:
        yield f"审核规则 {content.rule_set}"
    if given := content.authorisation:
        yield f"自动审核，一人签发；授权人 {given.person}（{given.authorisation_id}），规则版本 {given.rule_set}"


def _passed(item: ItemSaid) -> str:
    return f"{item.name}（{item.hold_reason}）" if item.hold_reason else item.name
