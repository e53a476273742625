"""docs/events.md: subjects, and the fields of each event's data."""

from pydantic import BaseModel

from deploy.pages.table import markdown_table
from shared.events.case import CaseEvent, CaseEventKind, CaseSnapshot
from shared.events.critical import Contact, CriticalEvent, CriticalEventKind, CriticalSnapshot, CriticalStep
from shared.events.directory import RECORD_CLASSES, CriticalPolicy, DirectoryEvent
from shared.events.report import ReportEvent, ReportEventKind, ReportFacts

_HEAD = """# Events

CloudEvents 1.0 in JSON on NATS JetStream; extensions `caseid`, `caseversion`, `correlationid`. `{center}` is imaging,
ecg or lab. `Nats-Msg-Id` is the event's id. A field with a default may be added to a version; anything else is a new
version beside it. Delivery is at least once and may come out of order: the highest `caseversion` of a case holds, and
report events are facts, each once by (report_id, version, kind). Of a critical result the highest `critical_version`
holds, and each version is one step. A critical event has no `.<reading_site>` while its case has none; then it comes
again.

"""


def events_page() -> str:
    subjects = [(f"`{{center}}.{kind}.v1{_suffix(kind)}`", "CaseEvent") for kind in CaseEventKind]
    subjects += [(f"`{{center}}.{kind}.v1`", "ReportEvent") for kind in ReportEventKind]
    subjects += [(f"`{{center}}.{kind}.v1.<reading_site>`", "CriticalEvent") for kind in CriticalEventKind]
    subjects += [
        (f"`directory.{kind}.<id>`", f"DirectoryEvent with a {cls.__name__}") for kind, cls in RECORD_CLASSES.items()
    ]
    text = _HEAD + markdown_table(("subject", "data"), subjects)
    models: list[type[BaseModel]] = [CaseEvent, CaseSnapshot, ReportEvent, ReportFacts]
    models += [CriticalEvent, CriticalSnapshot, CriticalStep, Contact, DirectoryEvent]
    models += [*RECORD_CLASSES.values(), CriticalPolicy]
    for model in models:
        text += f"\n## {model.__name__}\n\n{_fields(model)}"
    return text


def _suffix(kind: CaseEventKind) -> str:
    return ".<reading_site>" if kind is CaseEventKind.queued else ""


def _fields(model: type[BaseModel]) -> str:
    return markdown_table(
        ("field", "type", "required", "meaning"),
        (
            (f"`{name}`", _type_name(field.annotation), "yes" if field.is_required() else "", field.description or "")
            for name, field in model.model_fields.items()
        ),
    )


def _type_name(annotation: object) -> str:
    text = annotation.__name__ if isinstance(annotation, type) else str(annotation)
    for noise in (
        "shared.events.case.",
        "shared.events.report.",
        "shared.events.critical.",
        "shared.events.directory.",
        "datetime.",
        "typing.",
    ):
        text = text.replace(noise, "")
    return f"`{text}`"
