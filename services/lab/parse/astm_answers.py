"""What the host writes on an ASTM line: the orders of tubes that an analyzer asked for."""

from collections.abc import Sequence

from services.lab.parse.astm_frames import unframed
from services.lab.parse.astm_segments import AstmDelimiters, Record, split_records
from services.lab.parse.charset import codec_of
from services.lab.parse.message import HostQuery, Message, QueryAnswer
from services.lab.parse.times import write_time
from shared.clock import utc_now

_PRIORITY = {"stat": "S", "urgent": "A", "routine": "R"}


def write_answers(
    asked: Message, query: HostQuery, answers: Sequence[QueryAnswer], *, charset: str | None = None
) -> bytes:
    """Records H, P, O …, L, each ended by CR, in the asker's delimiters; ``astm_frames.frames_of`` frames them. Without
    answers: L-3 is ``I``, no information from the last query (LIS2-A2 table 9)."""
    lines_asked = split_records(unframed(asked.raw)[0].decode(asked.charset, "replace"))
    header_line = next(line for line in lines_asked if line.startswith("H"))
    signs, _ = AstmDelimiters.of_header(header_line)
    records = [Record(line, signs) for line in lines_asked]
    header = records[0]
    text = signs.escaped
    moment = write_time(utc_now())[:14]
    lines = [
        ["H", signs.repeat + signs.component + signs.escape, "", "", "GONGZHEN", "", "", "", "", header[5], "", "P",
         header[13] or "1", moment],
    ]  # fmt: skip
    for place, answer in enumerate(answers, start=1):
        patient = answer.patient
        birth = patient.birth_date.strftime("%Y%m%d") if patient.birth_date else ""
        tests = signs.repeat.join(signs.component * 3 + text(code) for code, _ in answer.items)
        lines.append(["P", str(place), "", text(patient.id), "", text(patient.name), "", birth, patient.sex])
        place_in_rack = _place_in_rack(records, answer.specimen_number)
        lines.append([
            "O", "1", "" if place_in_rack else text(answer.specimen_number), place_in_rack, tests,
            _PRIORITY[answer.priority], moment, "", "", "", "", "N", "", "", "", text(answer.specimen_type),
            *[""] * 9, "Q",
        ])  # fmt: skip
    lines.append(["L", "1", "F" if answers else "I"])
    written = "".join(signs.field.join(fields) + "\r" for fields in lines)
    known = (codec for codec in (codec_of(charset or ""), asked.charset) if codec and codec != "ascii")
    return written.encode(next(known, "utf-8"), "replace")


def _place_in_rack(records: Sequence[Record], specimen_number: str) -> str:
    """Who asks by rack ^ tube ^ number (Sysmex) expects the same in O-4 and nothing in O-3."""
    for record in records:
        for each in record.repeats(3) if record.kind == "Q" else ():
            parts = record.parts_of(each)
            if len(parts) > 2 and parts[2] == specimen_number:
                return each
    return ""
