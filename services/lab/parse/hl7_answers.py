"""Answers to an HL7 analyzer's query, in the sender's separators, version and character set."""

import re
from collections.abc import Sequence

from services.lab.parse.ack import Header
from services.lab.parse.message import HostQuery, Message, MessagePatient, QueryAnswer
from services.lab.parse.times import write_time
from shared.clock import utc_now


def answer_query(
    asked: Message, query: HostQuery, answers: Sequence[QueryAnswer], *, charset: str | None = None
) -> tuple[bytes, ...]:
    """The messages to send back, each in a frame of its own; no answers says that nothing is ordered.

    QBP^Q11: RSP^K11 and, where there is work, OML^O33 (IHE LAW LAB-27, LAB-28). QRY^Q02: QCK^Q02 and a DSR^Q03 for each
    tube (Mindray BS, CL). ORM^O01 RF: ORR^O02 (Mindray BC).
    """
    writer = _Answer(Header.of(asked, charset), query, asked.raw)
    match query.reply:
        case "dsr_q03":
            return writer.dsr(answers)
        case "orr_o02":
            return (writer.orr(answers),)
        case _:
            return (writer.rsp(answers), *((writer.oml(answers),) if answers else ()))


class _Answer:
    def __init__(self, header: Header, query: HostQuery, raw: bytes) -> None:
        self.header = header
        self.query = query
        self.raw = raw
        self.sign = header.delimiters.component
        self.text = header.delimiters.escaped

    def kind(self, *parts: str) -> str:
        return self.sign.join(parts)

    def accepted(self) -> list[str]:
        return ["MSA", "AA", self.header.message_id, "Message accepted", "", "", "0", ""]

    def echoed(self, name: str) -> list[str]:
        """The query's own segment, field by field as it was sent."""
        sign = self.header.delimiters.field.encode()
        found = re.search(rb"(?:\A|[\r\n])(" + name.encode() + re.escape(sign) + rb"[^\r\n]*)", self.raw)
        return found[1].decode(self.header.charset, "replace").split(sign.decode()) if found else [name]

    def patient(self, patient: MessagePatient) -> list[str]:
        birth = patient.birth_date.strftime("%Y%m%d") if patient.birth_date else ""
        identifier = self.kind(self.text(patient.id), "", "", "", "MR") if patient.id else ""
        return ["PID", "1", "", identifier, "", self.text(patient.name), "", birth, patient.sex]

    def rsp(self, answers: Sequence[QueryAnswer]) -> bytes:
        header = self.header
        tag = self.text(self.query.query_id)
        return header.encode([
            header.line(self.kind("RSP", "K11", "RSP_K11")),
            self.accepted(),
            ["QAK", tag, "OK" if answers else "NF", self.kind("WOS", "Work Order Step", "IHELAW")],
            ["QPD", self.kind("WOS", "Work Order Step", "IHELAW"), tag,
             header.delimiters.repetition.join(map(self.text, self.query.specimen_numbers))],
        ])  # fmt: skip

    def oml(self, answers: Sequence[QueryAnswer]) -> bytes:
        segments = [self.header.line(self.kind("OML", "O33", "OML_O33"))]
        for place, answer in enumerate(answers, start=1):
            number = self.text(answer.specimen_number)
            segments += [
                self.patient(answer.patient),
                ["SPM", str(place), number, "", self.text(answer.specimen_type), *[""] * 6, "P"],
                ["SAC", "", "", number],
            ]
            for order, (code, name) in enumerate(answer.items, start=1):
                placer = f"{number}-{order}"
                segments += [
                    ["ORC", "NW", placer, "", "", "", "", "", "", write_time(utc_now())[:14]],
                    ["TQ1", "", "", "", "", "", "", "", "", _tq1(answer.priority)],
                    ["OBR", "", placer, "", self.kind(self.text(code), self.text(name))],
                ]
        return self.header.encode(segments)

    def dsr(self, answers: Sequence[QueryAnswer]) -> tuple[bytes, ...]:
        found = ["QAK", "SR", "OK" if answers else "NF", ""]
        check = self.header.encode([
            self.header.line(self.kind("QCK", "Q02"), long=True), self.accepted(), ["ERR", "0", ""], found,
        ])  # fmt: skip
        messages = [check]
        for place, answer in enumerate(answers, start=1):
            pointer = str(place) if place < len(answers) else ""
            messages.append(self.header.encode([
                self.header.line(self.kind("DSR", "Q03"), long=True), self.accepted(), ["ERR", "0", ""], found,
                self.echoed("QRD"), self.echoed("QRF"), *self.shown(answer), ["DSC", pointer, ""],
            ]))  # fmt: skip
        return tuple(messages)

    def shown(self, answer: QueryAnswer) -> list[list[str]]:
        """DSP 1 admission number, 3 name, 4 birth, 5 sex, 21 barcode, 24 stat, 26 specimen, from 29 an item each."""
        patient = answer.patient
        values = dict.fromkeys(range(1, 29), "") | {
            1: self.text(patient.id),
            3: self.text(patient.name),
            4: patient.birth_date.strftime("%Y%m%d000000") if patient.birth_date else "",
            5: patient.sex,
            21: self.text(answer.specimen_number),
            24: "N" if answer.priority == "routine" else "Y",
            26: self.text(answer.specimen_type),
        }
        for number, (code, name) in enumerate(answer.items, start=29):
            values[number] = self.kind(self.text(code), self.text(name), "", "")
        return [["DSP", str(number), "", value, "", ""] for number, value in values.items()]

    def orr(self, answers: Sequence[QueryAnswer]) -> bytes:
        """AF where the tube has orders; MSA AR where it has none (Mindray BC: no worklist entry)."""
        header = self.header
        line = header.line(self.kind("ORR", "O02"))
        if not answers:
            return header.encode([line, ["MSA", "AR", header.message_id]])
        segments = [line, ["MSA", "AA", header.message_id]]
        for answer in answers:
            number = self.text(answer.specimen_number)
            segments += [self.patient(answer.patient), ["PV1", "1"], ["ORC", "AF", number]]
            segments += [
                ["OBR", str(place), number, "", self.kind(self.text(code), self.text(name))]
                for place, (code, name) in enumerate(answer.items, start=1)
            ]
        return header.encode(segments)


def _tq1(priority: str) -> str:
    """HL7 table 0485."""
    return {"stat": "S", "urgent": "A"}.get(priority, "R")
