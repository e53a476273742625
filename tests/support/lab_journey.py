"""A tube's way through a running region: ordered by its clinic, received by the laboratory, measured, reported."""

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any, Self

from deploy.demo.client import Person
from services.lab.listeners.mllp_frames import MllpReader, framed
from shared.clock import utc_now
from tests.support.lab_oru import Value, ack_code, oru

QC = "/lab/v1/quality-control"
_CONTROL_IDS = count(1)
FORM: dict[str, Any] = {"positive": False, "accepted_holds": ["*"], "comment": "已复核"}
NORMAL: Sequence[Value] = (("K", "4.1"), ("NA", "140"))


@dataclass(frozen=True, slots=True)
class Tube:
    """The first of an order."""

    case_id: str
    accession_number: str
    number: str
    order_id: str


def order(patient: str = "LAB-1", **more: Any) -> dict[str, Any]:
    who = {"id": patient, "name": "测试辛", "sex": "F", "birth_date": "1958-08-08"}
    body = {"patient": who, "encounter": {"type": "outpatient", "department": "全科"}, **more}
    return body if "panels" in more or "items" in more else {**body, "items": [item for item, _ in NORMAL]}


def place_order(clinic: Person, patient: str = "LAB-1", **more: Any) -> Tube:
    placed = clinic.call("POST", "/lab/v1/orders", 202, json=order(patient, **more))
    case = placed["cases"][0]
    return Tube(case["case_id"], placed["accession_number"], case["specimens"][0]["number"], placed["order_id"])


def received_tube(clinic: Person, technologist: Person, patient: str = "LAB-1", **more: Any) -> Tube:
    tube = place_order(clinic, patient, **more)
    technologist.call("POST", f"/lab/v1/specimens/{tube.number}/received")
    return tube


def message_of(tube: Tube, values: Sequence[Value] = NORMAL, **more: str) -> bytes:
    """An ORU under a control id that no other message of this process has."""
    return oru(tube.number, values, **{"control_id": f"J{next(_CONTROL_IDS)}-{tube.number}", **more})


def orphan_of(technologist: Person, number: str) -> dict[str, str]:
    """The ids of the open orphan under a tube's number, and of its message. Raises StopIteration for none."""
    query: dict[str, Any] = {"limit": 200}
    while True:
        page = technologist.call("GET", "/lab/v1/orphans", params=query)
        found = [each for each in page["orphans"] if each["specimen_number"] == number]
        if found or not page["next_cursor"]:
            shown = next(iter(found))
            return {"orphan_id": shown["orphan_id"], "message_id": shown["message_id"]}
        query["cursor"] = page["next_cursor"]


def control_lot(technologist: Person, lot: str) -> dict[str, str]:
    """``lot_id``, ``lot`` and ``analyzer``: potassium at one level, 4.0 ± 0.1, on an analyzer of that lot alone."""
    body = {"lot": lot, "material": "测试质控血清", "levels": [{"level": "L1", "name": "水平一"}]}
    made = technologist.call("POST", f"{QC}/lots", 201, json=body)
    found = {"lot_id": made["lot_id"], "lot": lot, "analyzer": f"A-{lot}"}
    target = {"level": "L1", "analyzer": found["analyzer"], "item": "K", "mean": "4.0", "sd": "0.1"}
    technologist.call("PUT", f"{QC}/lots/{found['lot_id']}/targets", json=target)
    return found


def control_run(technologist: Person, lot: dict[str, str], value: str, *, hours_ago: int = 0) -> str:
    """The run's id."""
    body = {
        "entry_id": f"RUN-{next(_CONTROL_IDS)}-{lot['lot_id']}",
        "lot_id": lot["lot_id"],
        "analyzer": lot["analyzer"],
        "item": "K",
        "points": [{"level": "L1", "value": value}],
        "measured_at": (utc_now() - timedelta(hours=hours_ago)).isoformat(),
    }
    return str(technologist.call("POST", f"{QC}/runs", json=body)["runs"][0]["run_id"])


class Analyzer:
    """An instrument on the region's MLLP port: one socket, one message at a time."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._frames = MllpReader(1 << 20)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, message: bytes) -> str:
        """MSA-1 of its acknowledgement."""
        self._socket.sendall(framed(message))
        while True:
            received = self._socket.recv(65536)
            if not received:
                raise ConnectionError("the listener hung up")
            for answer in self._frames.feed(received):
                return ack_code(answer)
