"""ASTM E1394 (CLSI LIS2-A2) results and queries: bytes to Messages.

Beyond the standard, as makers' interface manuals and captured sessions have it: the specimen's number is O-3, else the
third component of O-4 (Sysmex: rack ^ tube ^ number ^ how it was read), of several components of O-3 the second (Roche:
sequence ^ number); the item's code is component 4 of R-3, else 5 (Sysmex, with the dilution in 6), else the whole
identifier (Cepheid names a target by several); ``685/2`` is code 685 at dilution 2 (Roche). Controls: O-12 ``Q``,
H-12 ``Q``, specimen numbers ``QC-…`` (Sysmex).
"""

import re
from dataclasses import dataclass, field

from services.lab.parse import controls
from services.lab.parse.astm_frames import unframed
from services.lab.parse.astm_segments import AstmDelimiters, Record, split_records
from services.lab.parse.charset import decode
from services.lab.parse.groups import Gathered, joined
from services.lab.parse.hl7_patient import sex_of
from services.lab.parse.message import (
    ControlFacts,
    HostQuery,
    LineStatus,
    Message,
    MessagePatient,
    RejectCode,
    Rejected,
    ResultLine,
    SpecimenGroup,
)
from services.lab.parse.times import WITHOUT_ZONE, has_zone, read_date, read_time

MAX_BYTES = 16 * 1024 * 1024
STATUS = {
    **dict.fromkeys(("P", "S", "I"), LineStatus.preliminary),
    "C": LineStatus.corrected,
    "X": LineStatus.deleted,
}
"""R-9. W (validity doubtful, kept as a flag), R (sent before), V (verified by the operator) and the rest are final."""
_DILUTED = re.compile(r"(\d+)/(\d*)\Z")
_PICTURE = re.compile(r"(PNG|BMP|JPG)&R&", re.IGNORECASE)


def read_astm(raw: bytes, *, default_charset: str | None = None) -> list[Message]:
    """Each H to L is a message. Takes frames or bare records. Raises Rejected."""
    if len(raw) > MAX_BYTES:
        raise Rejected(RejectCode.too_large, "报文超过 16 MB")
    records, forgiven = unframed(raw)
    decoded = decode(records, "", default_charset)
    messages: list[list[str]] = []
    for line in split_records(decoded.text):
        if line[0] == "H":
            messages.append([line])
        elif messages:
            messages[-1].append(line)
        else:
            raise Rejected(RejectCode.broken, "ASTM 报文应以 H 记录开始")
    if not messages:
        raise Rejected(RejectCode.broken, "ASTM 报文应以 H 记录开始")
    remarks = (*decoded.remarks, *forgiven)
    alone = len(messages) == 1
    return [
        _read_message(each, decoded.charset, remarks, raw if alone else "\r".join(each).encode(decoded.charset))
        for each in messages
    ]


def _read_message(lines: list[str], charset: str, forgiven: tuple[str, ...], raw: bytes) -> Message:
    delimiters, assumed = AstmDelimiters.of_header(lines[0])
    records = [Record(line, delimiters) for line in lines]
    header = records[0]
    message_id = header.text(3)[:200]
    reader = _Reader(header)
    for record in records[1:]:
        reader.take(record)
    groups = reader.groups()
    if not groups and not reader.queries and not reader.cancelled:
        raise Rejected(RejectCode.nothing_in_it, "ASTM 报文中没有结果或查询", message_id)
    remarks = dict.fromkeys((*forgiven, *assumed)) | reader.remarks
    if records[-1].kind != "L":
        remarks["terminator_missing"] = None
    return Message(
        protocol="astm",
        kind="query" if reader.queries else "result" if groups else "cancel",
        message_id=message_id,
        sender="^".join(part for part in header.parts(5) if part)[:200],
        groups=groups,
        queries=tuple(reader.queries),
        sent_at=read_time(header.text(14)),
        charset=charset,
        remarks=tuple(remarks),
        raw=raw,
    )


@dataclass
class _Order:
    record: Record | None
    patient: MessagePatient
    gathered: Gathered = field(default_factory=Gathered)


class _Reader:
    def __init__(self, header: Record) -> None:
        self.remarks: dict[str, None] = {}
        self.queries: list[HostQuery] = []
        self.cancelled = False
        self._header = header
        self._patient = MessagePatient()
        self._comments: list[str] = []
        self._orders: list[_Order] = []

    def take(self, record: Record) -> None:
        match record.kind:
            case "P":
                self._patient, self._comments = _patient(record), []
            case "O":
                self._open(record)
            case "R":
                self._order().gathered.lines.append(self._line(record))
            case "C":
                self._comment(record)
            case "Q":
                self._query(record)

    def _open(self, record: Record | None) -> None:
        self._orders.append(_Order(record, self._patient, gathered=Gathered(comments=self._comments)))
        self._comments = []

    def _order(self) -> _Order:
        if not self._orders or self._orders[-1].patient is not self._patient:
            self._open(None)
        return self._orders[-1]

    def _comment(self, record: Record) -> None:
        text = "^".join(part for part in record.parts(4) if part)
        if not text:
            return
        order = self._orders[-1] if self._orders and self._orders[-1].patient is self._patient else None
        if order and order.gathered.lines:
            order.gathered.comment_on_last(text)
        else:
            (order.gathered.comments if order else self._comments).append(text)

    def _query(self, record: Record) -> None:
        if record.text(13).upper() == "A":
            self.cancelled = True
            return
        numbers = []
        for each in record.repeats(3):
            parts = record.parts_of(each)
            # number alone, patient ^ number, rack ^ tube ^ number ^ how read
            number = parts[2] if len(parts) > 2 and parts[2] else parts[1] if len(parts) > 1 and parts[1] else parts[0]
            numbers.append(number)
        everything = any(number.upper() == "ALL" for number in numbers)
        if numbers:
            self.queries.append(HostQuery(() if everything else tuple(numbers), record.text(2), reply="astm"))

    def _line(self, record: Record) -> ResultLine:
        code, name, loinc, dilution = _test(record)
        raw_value, attachment = record[4], ""
        if _PICTURE.match(raw_value):
            attachment, raw_value = f"image/{raw_value[:3].upper()}, {len(raw_value)} characters", ""
            self.remarks["attachment_not_shown"] = None
        letter = record.text(9).upper()
        comments: tuple[str, ...] = ()
        if len(letter) > 1:  # no status but a word in its place; whatever it means, it is shown
            letter, comments = "", (record.text(9),)
            self.remarks["status_unknown"] = None
        flags = [flag for each in record.repeats(7) for flag in record.parts_of(each) if flag]
        if letter == "W":
            flags.append("W")
        time_text = record.text(13) or record.text(12)
        observed_at = read_time(time_text) if time_text else None
        if observed_at and not has_zone(time_text):
            self.remarks[WITHOUT_ZONE] = None
        elif time_text and not observed_at:
            self.remarks["time_unreadable"] = None
        value = "\n".join(_value(record, each) for each in raw_value.split(record.delimiters.repeat))
        return ResultLine(
            code=code,
            name=name,
            loinc=loinc,
            value=value.strip(),
            unit=record.text(5),
            reference_text=record.text(6),
            flags=tuple(flags),
            status=STATUS.get(letter, LineStatus.final),
            observed_at=observed_at,
            analyzer=record.parts(14)[0],
            operator=next((part for part in record.parts(11) if part), ""),
            set_id=record.text(2),
            dilution=dilution,
            comments=comments,
            attachment=attachment,
        )

    def groups(self) -> tuple[SpecimenGroup, ...]:
        made: dict[tuple[object, ...], list[SpecimenGroup]] = {}
        for order in self._orders:
            group = self._group(order)
            made.setdefault((id(order.patient), group.specimen_number, group.control), []).append(group)
        whole = [joined(parts) for parts in made.values()]
        return tuple(group for group in whole if group.lines or group.requested_codes)

    def _group(self, order: _Order) -> SpecimenGroup:
        record = order.record
        if record is None:
            return SpecimenGroup(
                "", order.gathered.finished_lines(), patient=order.patient, comments=tuple(order.gathered.comments)
            )
        number = _specimen_number(record)
        control = self._control(record, number)
        return SpecimenGroup(
            specimen_number=number,
            lines=order.gathered.finished_lines(),
            patient=MessagePatient() if control else order.patient,
            specimen_type=record.parts(16)[0],
            collected_at=read_time(record.text(8)),
            requested_codes=tuple(code for each in record.repeats(5) if (code := _code(record.parts_of(each))[0])),
            control=control,
            comments=tuple(order.gathered.comments),
        )

    def _control(self, record: Record, number: str) -> ControlFacts | None:
        if facts := controls.of_number(number):
            return facts
        if record.text(12).upper() != "Q" and self._header.text(12).upper() != "Q":
            return None
        return ControlFacts(lot="", level="", name=number)


def _patient(record: Record) -> MessagePatient:
    """P-4 is the laboratory's number, P-3 the practice's, P-5 another; P-6 family ^ given ^ middle."""
    name = [part for part in record.parts(6) if part]
    chinese = all("\u3400" <= sign <= "\u9fff" for part in name for sign in part)
    return MessagePatient(
        id=record.parts(4)[0] or record.parts(3)[0] or record.parts(5)[0],
        name=("" if chinese else " ").join(name),
        sex=sex_of(record.text(9)),
        birth_date=read_date(record.parts(8)[0]),
    )


def _specimen_number(record: Record) -> str:
    own, instrument = record.parts(3), record.parts(4)
    if len(own) > 2 and own[1]:
        return own[1]
    if own[0]:
        return own[0]
    if len(instrument) > 2 and instrument[2]:
        return instrument[2]
    return next((part for part in instrument if part), "")


def _test(record: Record) -> tuple[str, str, str, str]:
    """Code, name, LOINC, dilution of R-3. Component 1 is the universal identifier, which only LOINC ever became."""
    parts = record.parts(3)
    code, dilution = _code(parts)
    loinc = parts[0] if re.fullmatch(r"\d{1,7}-\d", parts[0]) else ""
    name = parts[1] if len(parts) > 3 and parts[3] else parts[4] if len(parts) > 4 and code != parts[4] else ""
    return code, name, loinc, dilution


def _code(parts: list[str]) -> tuple[str, str]:
    padded = [*parts, *[""] * 6]
    local, fifth, named = padded[3], padded[4], padded[1]
    if local and not named:
        diluted = _DILUTED.match(local)
        return (diluted[1], diluted[2]) if diluted else (local, fifth)
    if fifth and not any(parts[:4]):
        return fifth, padded[5]
    return "^".join(parts).strip("^"), ""


def _value(record: Record, repeat: str) -> str:
    """Components stay apart by ``^`` (Roche: index ^ value); empty ones at the ends go (Cepheid: text ^ number)."""
    return "^".join(record.parts_of(repeat)).strip("^")
