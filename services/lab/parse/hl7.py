"""HL7 v2 results and queries: bytes to Messages.

Taken: ORU^R01, R30, R31, R32; OUL^R21 to R24; the queries of hl7_queries; acknowledgements (an analyzer's answer to
what we sent), which have neither groups nor queries. A file of FHS, BHS or several MSH gives several messages; what
cannot be read of such a file is a message without groups, remark ``rejected:<code>``, so that the others are not lost
with it. Z segments and segments that hold no result are passed over: the raw message is kept. Forgiven: LF or CRLF for
CR, no CR at the end, a BOM, and with a remark segments before MSH, a wrong MSH-18, texts broken over lines.
"""

import re

from services.lab.parse.charset import decode
from services.lab.parse.hl7_orders import GroupReader
from services.lab.parse.hl7_queries import read_queries
from services.lab.parse.hl7_segments import Segment, delimiters_of, split_lines
from services.lab.parse.message import HostQuery, Message, RejectCode, Rejected, SpecimenGroup
from services.lab.parse.times import read_time

MAX_BYTES = 16 * 1024 * 1024
RESULTS = ("ORU^R01", "ORU^R30", "ORU^R31", "ORU^R32", "OUL^R21", "OUL^R22", "OUL^R23", "OUL^R24", "ORU", "OUL")
QUERIES = ("QBP^Q11", "QRY^Q02", "QRY^R02", "QRY", "ORM^O01")
ANSWERS = ("ACK", "ORL", "QCK", "RSP", "MCF")
_MSH = re.compile(rb"(?:\A|[\r\n\x0b\x1c\x1d\t \x00]|\xef\xbb\xbf)(MSH[^\w\s\x00][^\r\n]*)")
_ENVELOPE = ("FHS", "BHS", "BTS", "FTS")


def read_hl7(raw: bytes, *, default_charset: str | None = None) -> list[Message]:
    """One message, or those of a batch. ``default_charset`` is the sender's setting, for an empty or wrong MSH-18.
    Raises Rejected."""
    if len(raw) > MAX_BYTES:
        raise Rejected(RejectCode.too_large, "报文超过 16 MB")
    header = _MSH.search(raw)
    if not header:
        raise Rejected(RejectCode.not_hl7, "报文中没有 MSH 段")
    decoded = decode(raw, _declared_charset(header[1]), default_charset)
    lines, remarks = split_lines(decoded.text)
    if not lines:
        raise Rejected(RejectCode.not_hl7, "报文中没有 MSH 段")
    messages: list[list[str]] = []
    before = False
    for line in lines:
        name = line[:3]
        if name == "MSH" and len(line) > 3:
            messages.append([line])
        elif name in _ENVELOPE:
            continue
        elif messages:
            messages[-1].append(line)
        else:
            before = True
    if not messages:
        raise Rejected(RejectCode.not_hl7, "报文中没有 MSH 段")
    forgiven = (*decoded.remarks, *remarks, *(("segments_before_msh",) if before else ()))
    continued = _joined(messages)
    if len(continued) == 1:
        return [_read_message(continued[0], decoded.charset, forgiven, raw)]
    return [_read_of_batch(each, decoded.charset, forgiven) for each in continued]


def _read_of_batch(lines: list[str], charset: str, forgiven: tuple[str, ...]) -> Message:
    raw = "\r".join(lines).encode(charset)
    try:
        return _read_message(lines, charset, forgiven, raw)
    except Rejected as why:
        return Message("hl7", "", why.message_id, "", charset=charset, remarks=(f"rejected:{why.code}",), raw=raw)


def _read_message(lines: list[str], charset: str, forgiven: tuple[str, ...], raw: bytes) -> Message:
    delimiters = delimiters_of(lines[0])
    segments = [Segment(line, delimiters, charset) for line in lines]
    msh = segments[0]
    message_id = msh.text(10)[:200]
    kind = "^".join(part for part in (msh.part(9, 1), msh.part(9, 2)) if part).upper()[:50]
    remarks = dict.fromkeys(forgiven)
    groups: tuple[SpecimenGroup, ...] = ()
    queries: tuple[HostQuery, ...] = ()
    if kind in RESULTS:
        reader = GroupReader(msh, segments[1:])
        groups = reader.groups()
        remarks |= reader.remarks
        if not groups:
            raise Rejected(RejectCode.nothing_in_it, "报文中没有 OBR 或 OBX 段", message_id)
    elif kind in QUERIES:
        queries = tuple(read_queries(kind, segments))
        if not queries:
            raise Rejected(RejectCode.nothing_in_it, "查询报文中没有样本号", message_id)
    elif kind.split("^")[0] not in ANSWERS:
        raise Rejected(RejectCode.unsupported, f"不支持的报文类型 {kind or '（空）'}", message_id)
    if msh[14] or (kind in RESULTS and any(segment.name == "DSC" and segment[1] for segment in segments)):
        remarks["message_continued"] = None
    return Message(
        protocol="hl7",
        kind=kind,
        message_id=message_id,
        sender="^".join(part for part in (msh.part(3, 1), msh.part(4, 1)) if part)[:200],
        groups=groups,
        queries=queries,
        sent_at=read_time(msh.part(7)),
        charset=charset,
        remarks=tuple(remarks),
        raw=raw,
    )


def _joined(messages: list[list[str]]) -> list[list[str]]:
    """Parts of one message in the same file: MSH-14 of the next repeats DSC-1 of the one before (HL7 2.10.2)."""
    whole: list[list[str]] = []
    waiting = ""
    for lines in messages:
        pointer = lines[0].split(lines[0][3])[13:14]
        if waiting and pointer == [waiting]:
            if whole[-1][-1][:3] == "DSC":
                whole[-1].pop()
            whole[-1].extend(lines[1:])
        else:
            whole.append(lines)
        ends = [line for line in lines if line[:3] == "DSC"]
        waiting = [*ends[-1].split(lines[0][3]), ""][1] if ends else ""
    return whole


def _declared_charset(header: bytes) -> str:
    """MSH-18, its first repetition, before anything can be decoded: all of the header's separators are ASCII."""
    fields = header.split(header[3:4])
    return fields[17].split(b"~")[0].decode("ascii", "ignore").strip() if len(fields) > 17 else ""
