"""FHIR R4 results: a Bundle (transaction, batch, collection, message, document), a DiagnosticReport with contained
Observations, or a single Observation. Read from the JSON itself; what is of the wrong kind is refused by its path."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from services.lab.parse.fhir_node import Node, read_json, refuse
from services.lab.parse.fhir_observation import read_observation
from services.lab.parse.groups import joined
from services.lab.parse.hl7_patient import sex_of
from services.lab.parse.message import Message, MessagePatient, RejectCode, Rejected, SpecimenGroup
from services.lab.parse.times import read_date, read_time

MAX_BYTES = 16 * 1024 * 1024


def read_fhir(raw: bytes) -> Message:
    """Raises Rejected. Groups are by specimen and request; an Observation that names no specimen belongs to the first
    one of the report that lists it."""
    if len(raw) > MAX_BYTES:
        raise Rejected(RejectCode.too_large, "报文超过 16 MB")
    root = read_json(raw)
    if root.kind not in ("Bundle", "DiagnosticReport", "Observation"):
        raise Rejected(RejectCode.unsupported, f"不支持的 FHIR 资源 {root.kind[:50]}")
    reader = _Reader(root)
    groups = reader.groups()
    if not groups:
        raise Rejected(RejectCode.nothing_in_it, "没有 Observation", reader.message_id)
    return Message(
        protocol="fhir",
        kind=f"{root.kind}/{root.text('type')}" if root.kind == "Bundle" else root.kind,
        message_id=reader.message_id,
        sender=reader.sender,
        groups=groups,
        sent_at=read_time(root.text("timestamp") or root.text("issued")),
        remarks=tuple(reader.remarks),
        raw=raw,
    )


@dataclass
class _Reader:
    root: Node
    remarks: dict[str, None] = field(default_factory=dict)
    _known: dict[str, Node] = field(default_factory=dict)
    _all: list[Node] = field(default_factory=list)

    def __post_init__(self) -> None:
        for full_url, node in _resources(self.root):
            self._all.append(node)
            identifier = node.text("id")
            for key in (full_url, f"{node.kind}/{identifier}" if identifier else ""):
                if key:
                    self._known.setdefault(key, node)
            for inner in node.children("contained"):
                self._all.append(inner)
                self._known[f"{node.path}#{inner.text('id')}"] = inner

    @property
    def message_id(self) -> str:
        header = next((each for each in self._all if each.kind == "MessageHeader"), None)
        identifier = self.root.child("identifier") if self.root.kind == "Bundle" else None
        own = identifier.text("value") if identifier else ""
        return (own or (header.text("id") if header else "") or self.root.text("id"))[:200]

    @property
    def sender(self) -> str:
        header = next((each for each in self._all if each.kind == "MessageHeader"), None)
        source = header.child("source") if header else None
        return (source.text("name") or source.text("endpoint"))[:200] if source else ""

    def groups(self) -> tuple[SpecimenGroup, ...]:
        reports = self._reports()
        made: dict[tuple[str, str, MessagePatient], list[SpecimenGroup]] = {}
        for node in self._all:
            if node.kind != "Observation":
                continue
            report = reports.get(node.path)
            lines = read_observation(node, report.text("status") if report else "", self.remarks)
            specimen, number = self._specimen(node, report)
            accession = self._accession(node, report)
            patient = self._patient(node.child("subject"), node)
            group = SpecimenGroup(
                specimen_number=number,
                lines=tuple(lines),
                accession_number=accession,
                patient=patient,
                specimen_type=_words(specimen.child("type")) if specimen else "",
                collected_at=_collected_at(specimen),
            )
            made.setdefault((number, accession, patient), []).append(group)
        whole = [joined(parts) for parts in made.values()]
        return tuple(group for group in whole if group.lines)

    def _reports(self) -> dict[str, Node]:
        """The report of each Observation, by the path of the Observation."""
        found: dict[str, Node] = {}
        for report in self._all:
            if report.kind == "DiagnosticReport":
                for reference in report.children("result"):
                    if observation := self._resolve(reference, report):
                        found.setdefault(observation.path, report)
        return found

    def _resolve(self, reference: Node | None, owner: Node) -> Node | None:
        if reference is None:
            return None
        named = reference.text("reference")
        if named.startswith("#"):
            return self._known.get(f"{owner.path.split('.contained[')[0]}{named}")
        return self._known.get(named) or self._known.get("/".join(named.split("/_history/")[0].split("/")[-2:]))

    def _specimen(self, node: Node, report: Node | None) -> tuple[Node | None, str]:
        """The barcode: Specimen.identifier, its container's, the accession identifier; else the reference's own."""
        references = [(each, node) for each in (node.child("specimen"),) if each]
        if not references and report:
            references = [(each, report) for each in report.children("specimen")][:1]
        if not references:
            return None, ""
        reference, owner = references[0]
        specimen = self._resolve(reference, owner)
        named = reference.child("identifier")
        if specimen is None:
            return None, named.text("value") if named else ""
        containers = [inner for each in specimen.children("container") for inner in each.children("identifier")]
        accession = specimen.child("accessionIdentifier")
        candidates = (*specimen.children("identifier"), *containers, *((accession,) if accession else ()))
        return specimen, next((number for each in candidates if (number := each.text("value"))), "")

    def _accession(self, node: Node, report: Node | None) -> str:
        """The order's number: of the ServiceRequest that the Observation or its report is based on."""
        for owner in (node, report):
            for reference in owner.children("basedOn") if owner else ():
                named = reference.child("identifier")
                request = self._resolve(reference, owner) if owner else None
                identifiers = [*([named] if named else []), *(request.children("identifier") if request else ())]
                if number := next((value for each in identifiers if (value := each.text("value"))), ""):
                    return number
        return ""

    def _patient(self, subject: Node | None, owner: Node) -> MessagePatient:
        patient = self._resolve(subject, owner)
        if patient is None or patient.kind != "Patient":
            named = subject.child("identifier") if subject else None
            return MessagePatient(id=named.text("value") if named else "")
        identifiers = [each.text("value") for each in patient.children("identifier")]
        names = [_human_name(each) for each in patient.children("name")]
        return MessagePatient(
            id=next((each for each in identifiers if each), ""),
            name=next((each for each in names if each), ""),
            sex=sex_of(patient.text("gender")),
            birth_date=read_date(patient.text("birthDate")),
        )


def _resources(root: Node) -> Iterator[tuple[str, Node]]:
    if root.kind != "Bundle":
        yield "", root
        return
    for entry in root.children("entry"):
        resource = entry.child("resource")
        if resource is None:
            continue  # a DELETE of a transaction has none
        if not resource.kind:
            refuse(f"{resource.path}.resourceType", "缺失")
        yield entry.text("fullUrl"), resource


def _human_name(node: Node) -> str:
    given = node.value.get("given", [])
    if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
        refuse(f"{node.path}.given", "应为文本数组")
    parts = [node.text("family"), *given]
    chinese = all("\u3400" <= sign <= "\u9fff" for part in parts for sign in part)
    return node.text("text") or ("" if chinese else " ").join(part for part in parts if part)


def _words(concept: Node | None) -> str:
    if concept is None:
        return ""
    codings = list(concept.children("coding"))
    return concept.text("text") or next((each.text("display") or each.text("code") for each in codings), "")


def _collected_at(specimen: Node | None) -> datetime | None:
    collection = specimen.child("collection") if specimen else None
    if collection is None:
        return None
    period = collection.child("collectedPeriod")
    return read_time(collection.text("collectedDateTime") or (period.text("start") if period else ""))
