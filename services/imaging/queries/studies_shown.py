"""Whether a reader has been shown images that came late: the lists of series count, when they were all asked for."""

from collections.abc import Sequence

from sqlalchemy import func, literal, select
from sqlalchemy.dialects.postgresql import insert

from services.imaging.models import CONTENT_KIND, Instance, Series, SeriesShown
from services.imaging.queries.studies import SeenStudy
from shared.db import Session
from shared.reading.models import Case, CaseContent, ContentSeen
from shared.reading.queries.cases import mark_seen, visible_to

_SHOWN = ("case_id", "account_id", "series_pk", "content_version")


async def unseen_cases(session: Session, study: SeenStudy) -> dict[str, int]:
    """Cases of the study with content the actor is not known to have seen, and their ``content_version``.

    Ask before the list is read: what comes in between is then listed, but not taken for seen.
    """
    seen = select(ContentSeen.content_version).where(
        ContentSeen.case_id == Case.case_id, ContentSeen.account_id == study.actor.account_id
    )
    statement = select(Case.case_id, Case.content_version).where(
        Case.clinic_id == study.clinic_id,
        Case.study_uids.contains([study.study_uid]),
        visible_to(study.actor),
        func.coalesce(seen.scalar_subquery(), 0) < Case.content_version,
    )
    return {row.case_id: row.content_version for row in await session.execute(statement)}


async def record_shown(session: Session, study: SeenStudy, series_pks: Sequence[int], cases: dict[str, int]) -> None:
    """The actor was given these series' whole lists. A case of which he now has every late image counts as seen. Of a
    series that was deleted in between nothing is noted."""
    account_id = study.actor.account_id
    for case_id, version in sorted(cases.items()):
        for series_pk in sorted(series_pks):
            still_there = (
                select(literal(case_id), literal(account_id), Series.id, literal(version))
                .where(Series.id == series_pk)
                .with_for_update(read=True, key_share=True)
            )
            statement = insert(SeriesShown).from_select(_SHOWN, still_there)
            await session.execute(
                statement.on_conflict_do_update(
                    index_elements=["case_id", "account_id", "series_pk"],
                    set_={
                        "content_version": func.greatest(
                            SeriesShown.content_version, statement.excluded.content_version
                        )
                    },
                )
            )
        if not await _has_unshown(session, case_id, account_id, version):
            await mark_seen(session, case_id, account_id, version)


async def _has_unshown(session: Session, case_id: str, account_id: str, version: int) -> bool:
    """Whether an image up to ``version`` came after both the last look and the last list of its series."""
    last_look = select(func.coalesce(func.max(ContentSeen.content_version), 0)).where(
        ContentSeen.case_id == case_id, ContentSeen.account_id == account_id
    )
    last_list = select(func.coalesce(func.max(SeriesShown.content_version), 0)).where(
        SeriesShown.case_id == case_id,
        SeriesShown.account_id == account_id,
        SeriesShown.series_pk == Instance.series_pk,
    )
    statement = (
        select(CaseContent.record_id)
        .outerjoin(Instance, Instance.instance_id == CaseContent.record_id)
        .where(
            CaseContent.case_id == case_id,
            CaseContent.added_version <= version,
            CaseContent.added_version > last_look.scalar_subquery(),
            (CaseContent.kind != CONTENT_KIND) | (CaseContent.added_version > last_list.scalar_subquery()),
        )
        .limit(1)
    )
    return (await session.execute(statement)).first() is not None
