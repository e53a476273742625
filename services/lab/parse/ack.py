"""What an HL7 sender gets back: ACK with MSA and ERR. Answers to its queries are hl7_answers.

Everything is written in the sender's separators, version and character set. MSH-16 0, 1, 2 is echoed and ACKs have the
length that Mindray's BS and CL manuals print (MSH to field 20, MSA to field 7): their software counts separators.
"""

import re
from collections.abc import Sequence
from typing import Literal

from services.lab.parse.charset import codec_of
from services.lab.parse.hl7_segments import Delimiters, Segment, delimiters_of
from services.lab.parse.message import Message, Rejected
from services.lab.parse.times import write_time
from shared.clock import utc_now
from shared.ids import new_id

AckCode = Literal["AA", "AE", "AR"]
_MSH = re.compile(rb"MSH[^\w\s\x00][^\r\n]*")
_CONDITION = {"AA": "0", "AE": "207", "AR": "200"}  # HL7 table 0357
_APPLICATION = "GONGZHEN"


def expects_answer(message: Message) -> bool:
    """An acknowledgement is not acknowledged: two systems would do so for ever."""
    return bool(message.groups or message.queries) or message.refused_as is not None


def acknowledge(
    asked: Message | bytes, code: AckCode, *, text: str = "", error: Rejected | None = None, charset: str | None = None
) -> bytes:
    """``asked`` is the message, or its bytes where it could not be read; also bytes that hold no MSH are answered.
    ``charset`` is the sender's setting. ``text`` goes to MSA-3, the reason of ``error`` to MSA-3 and ERR."""
    header = Header.of(asked, charset)
    trigger = header.msh.part(9, 2)
    parts = [header.line("ACK" + (header.delimiters.component + trigger if trigger else ""), long=True)]
    said = text or (error.detail if error else "Message accepted" if code == "AA" else "")
    condition = _CONDITION[code]
    said = header.writable(said, error.code if error else "")
    parts.append(["MSA", code, header.message_id, said, "", "", condition, ""])
    if error or code != "AA":
        parts.append(header.error(condition, error, said))
    return header.encode(parts)


class Header:
    """Of the message that is answered."""

    def __init__(self, line: str, charset: str) -> None:
        try:
            self.delimiters = delimiters_of(line)
        except Rejected:
            self.delimiters, line = Delimiters(), "MSH|^~\\&|"
        self.msh = Segment(line, self.delimiters, "utf-8")
        self.charset = charset
        self.message_id = self.delimiters.escaped(self.msh.text(10)[:200])

    @classmethod
    def of(cls, asked: Message | bytes, charset: str | None = None) -> "Header":
        """The answer's character set: MSH-18, else the sender's setting, else what the message was read as."""
        raw = asked.raw if isinstance(asked, Message) else asked
        found = _MSH.search(raw)
        line = found[0].decode("utf-8", "replace") if found else "MSH|^~\\&|"
        header = cls(line, "ascii")
        declared = codec_of(header.msh.repetitions(18)[0]) if header.msh[18] else None
        read_as = asked.charset if isinstance(asked, Message) else "ascii"
        for codec in (declared, codec_of(charset or ""), read_as):
            if codec and codec != "ascii":
                header.charset = codec
                break
        return header

    def line(self, kind: str, *, long: bool = False, control_id: str = "") -> list[str]:
        """MSH with sender and receiver exchanged."""
        msh, processing = self.msh, self.msh[11] or "P"
        result_kind = msh[16] if msh[16] in ("0", "1", "2") else ""
        return [
            "MSH", self.delimiters.msh2, _APPLICATION, msh[6], msh[3], msh[4], write_time(utc_now())[:14], "", kind,
            control_id or new_id("ack")[-20:], processing, msh[12] or "2.3.1", "", "", "", result_kind, "", msh[18],
            *(("", "") if long else ()),
        ]  # fmt: skip

    def writable(self, text: str, otherwise: str) -> str:
        """Escaped; ``otherwise`` where the sender's character set cannot hold it."""
        try:
            text.encode(self.charset)
        except UnicodeEncodeError:
            text = otherwise
        return self.delimiters.escaped(text)

    def error(self, condition: str, error: Rejected | None, said: str) -> list[str]:
        """ERR as of 2.5 (condition in 3, severity in 4, our code in 5); before it ERR-1 alone."""
        component = self.delimiters.component
        code = error.code.value if error else ""
        if tuple(self.msh.part(12)[:3].split(".")) < ("2", "5"):
            return ["ERR", condition]
        return ["ERR", "", "", component.join((condition, "", "HL70357")), "E", code, "", "", said]

    def encode(self, segments: Sequence[Sequence[str]]) -> bytes:
        text = "".join(self.delimiters.field.join(fields) + "\r" for fields in segments)
        return text.encode(self.charset, "replace")
