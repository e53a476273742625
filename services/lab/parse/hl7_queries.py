"""What an analyzer asks: QBP^Q11 (IHE LAW), QRY^Q02, QRY^R02 (Mindray BS, CL), ORM^O01 with ORC-1 RF (Mindray BC)."""

from services.lab.parse.hl7_segments import Segment
from services.lab.parse.message import HostQuery

_ALL = frozenset({"", "ALL", "*", '""'})


def read_queries(kind: str, segments: list[Segment]) -> list[HostQuery]:
    """Empty where the message asks nothing that this centre answers."""
    if kind.startswith("QBP"):
        return [query for each in segments if each.name == "QPD" and (query := _by_parameters(each))]
    if kind.startswith("QRY"):
        return [
            HostQuery(_numbers(each, 8), query_id=each.text(4), reply="dsr_q03")
            for each in segments
            if each.name == "QRD"
        ]
    if kind.startswith("ORM"):
        return [
            HostQuery(numbers, query_id=each.text(2), reply="orr_o02")
            for each in segments
            if each.name == "ORC" and each.part(1).upper() == "RF" and (numbers := _numbers(each, 3))
        ]
    return []


def _by_parameters(qpd: Segment) -> HostQuery | None:
    """QPD-1 WOS asks for the specimens of QPD-3, WOS_ALL for all that wait. A query by rack (no specimen named) is not
    answered: everything that waits would be the wrong answer to it."""
    if qpd.part(1).upper() == "WOS_ALL":
        return HostQuery((), query_id=qpd.text(2))
    numbers = _numbers(qpd, 3)
    return HostQuery(numbers, query_id=qpd.text(2)) if numbers else None


def _numbers(segment: Segment, field: int) -> tuple[str, ...]:
    numbers = (segment.part_of(each, 1, 1) for each in segment.repetitions(field))
    return tuple(number for number in numbers if number.upper() not in _ALL)
