"""The patient's own copy of a report waits until the clinic has read back every critical result of the case."""

from dataclasses import dataclass

from services.gateway.queries import criticals
from services.gateway.queries.reports import ServedReport
from shared.errors import Conflict
from shared.resources import Resources


@dataclass(frozen=True, slots=True)
class PatientCopy:
    """``held_by``: ids of the results that hold it. None and not released: the report names a critical finding whose
    result has not come to the region yet."""

    released: bool
    held_by: list[str]

    def require_released(self) -> None:
        if not self.released:
            raise Conflict(
                "危急值尚未由送检机构确认，暂不向患者发放报告",
                code="critical_unacknowledged",
                extra={"held_by": self.held_by},
            )


async def patient_copy_of(resources: Resources, found: ServedReport) -> PatientCopy:
    async with resources.db.look_up() as session:
        known = await criticals.of_case(session, found.version.case_id)
    held_by = [each.critical_id for each in known if each.state in criticals.HOLDS_PATIENT_COPY]
    is_awaited = bool(found.version.document["critical"]) and not known
    return PatientCopy(released=not held_by and not is_awaited, held_by=held_by)
