"""Internal quality control (室内质控): lots, targets, runs, charts, and what is blocked."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from services.lab.api.qc_charts import chart_of
from services.lab.api.qc_shapes import (
    Block,
    EstablishedTarget,
    LevelBody,
    LeveyJennings,
    LotAnswer,
    LotBody,
    ResolveBody,
    RunBody,
    ShownBlocks,
    ShownLots,
    ShownRun,
    ShownRuns,
    ShownTarget,
    TargetBody,
    TargetKey,
    show_lot,
    show_run,
    show_target,
)
from services.lab.api.site import WORKS, laboratory_of
from services.lab.intake import quality_control as desk
from services.lab.models import QcLot, QcRun
from services.lab.queries import quality_control
from shared.db import Session
from shared.reading.routes.call import CurrentCall

Limit = Annotated[int, Query(ge=1, le=200)]
Cursor = Annotated[str | None, Query(max_length=64)]
Name = Annotated[str, Query(min_length=1, max_length=100)]
State = Literal["accepted", "warned", "rejected", "resolved"]


def quality_control_router() -> APIRouter:
    router = APIRouter(prefix="/lab/v1/quality-control", tags=["quality control"])
    _lots(router)
    _targets(router)
    _runs(router)

    @router.get("/levey-jennings", summary="The chart of an item on an analyzer with one lot")
    async def draw(
        call: CurrentCall, analyzer: Name, item: Name, lot: Name, limit: Annotated[int, Query(ge=1, le=1000)] = 300
    ) -> LeveyJennings:
        """``lot`` is its number or its id; ``limit`` counts the points of all levels."""
        laboratory_id = laboratory_of(call.actor)
        async with call.resources.db.transaction() as session:
            return await chart_of(session, laboratory_id, analyzer, item, lot, limit)

    @router.get("/blocks", summary="What may not be released now, and why")
    async def list_blocks(call: CurrentCall) -> ShownBlocks:
        laboratory_id = laboratory_of(call.actor)
        async with call.resources.db.transaction() as session:
            rejected = await quality_control.runs(session, laboratory_id, state="rejected", limit=1000)
            shown = await _whole(session, rejected[::-1])
        blocks: dict[tuple[str, str], list[ShownRun]] = {}
        for run in shown:
            blocks.setdefault((run.analyzer, run.item), []).append(run)
        return ShownBlocks(
            blocks=[
                Block(analyzer=analyzer, item=item, since=min(run.measured_at for run in runs), runs=runs)
                for (analyzer, item), runs in sorted(blocks.items())
            ]
        )

    return router


def _lots(router: APIRouter) -> None:
    @router.get("/lots", summary="Control lots, the newest first")
    async def list_lots(call: CurrentCall, limit: Limit = 50, cursor: Cursor = None) -> ShownLots:
        laboratory_id = laboratory_of(call.actor)
        async with call.resources.db.transaction() as session:
            found = await quality_control.lots(session, laboratory_id, limit=limit + 1, after=cursor)
            shown = [show_lot(lot, await quality_control.levels_of(session, lot.lot_id)) for lot in found[:limit]]
        return ShownLots(lots=shown, next_cursor=shown[-1].lot_id if len(found) > limit else None)

    @router.post("/lots", status_code=201, summary="A new control lot with its levels")
    async def create_lot(call: CurrentCall, body: LotBody) -> LotAnswer:
        laboratory_id = laboratory_of(call.actor, *WORKS)
        async with call.resources.db.transaction() as session:
            lot = await desk.create_lot(session, call.actor, laboratory_id, body.lot, body.material, body.expires_on)
            for level in body.levels:
                await quality_control.add_level(session, lot.lot_id, level.level, level.name)
            await desk.look_again(session, laboratory_id)
            await call.audit(session, "qc_lot.create", lot.lot_id, "qc_lot")
            return await _lot(session, lot)

    @router.get("/lots/{lot_id}", summary="A lot, its levels, the targets that hold")
    async def read_lot(call: CurrentCall, lot_id: str) -> LotAnswer:
        laboratory_id = laboratory_of(call.actor)
        async with call.resources.db.transaction() as session:
            return await _lot(session, await quality_control.lot_of(session, laboratory_id, lot_id))

    @router.post("/lots/{lot_id}/levels", summary="Another level, or another name of one")
    async def add_level(call: CurrentCall, lot_id: str, body: LevelBody) -> LotAnswer:
        laboratory_id = laboratory_of(call.actor, *WORKS)
        async with call.resources.db.transaction() as session:
            lot = await quality_control.lot_of(session, laboratory_id, lot_id)
            await quality_control.add_level(session, lot.lot_id, body.level, body.name)
            await desk.look_again(session, laboratory_id)
            await call.audit(session, "qc_lot.level", lot.lot_id, "qc_lot")
            return await _lot(session, lot)

    @router.post("/lots/{lot_id}/close", summary="The lot is used up: values under its number wait for a person")
    async def close_lot(call: CurrentCall, lot_id: str) -> LotAnswer:
        laboratory_id = laboratory_of(call.actor, *WORKS)
        async with call.resources.db.transaction() as session:
            lot = await desk.close_lot(session, call.actor, laboratory_id, lot_id)
            await call.audit(session, "qc_lot.close", lot.lot_id, "qc_lot")
            return await _lot(session, lot)


def _targets(router: APIRouter) -> None:
    @router.put("/lots/{lot_id}/targets", summary="Mean and SD of an item at a level on an analyzer, from now on")
    async def set_target(call: CurrentCall, lot_id: str, body: TargetBody) -> ShownTarget:
        laboratory_id = laboratory_of(call.actor, *WORKS)
        target = desk.NewTarget(body.level, body.analyzer, body.item, body.mean, body.sd)
        async with call.resources.db.transaction() as session:
            lot = await quality_control.lot_of(session, laboratory_id, lot_id)
            row = await desk.set_target(session, call.actor, lot, target)
            await session.refresh(row)
            await call.audit(session, "qc_target.set", lot.lot_id, "qc_lot")
            return show_target(row)

    @router.post("/lots/{lot_id}/targets/establish", summary="Mean and SD from the laboratory's own values in control")
    async def establish(call: CurrentCall, lot_id: str, body: TargetKey) -> EstablishedTarget:
        """From at least 20 values of the lot; 422 ``qc_too_few_points`` says how many there are."""
        laboratory_id = laboratory_of(call.actor, *WORKS)
        async with call.resources.db.transaction() as session:
            lot = await quality_control.lot_of(session, laboratory_id, lot_id)
            row, found = await desk.establish(session, call.actor, lot, body.level, body.analyzer, body.item)
            await session.refresh(row)
            await call.audit(session, "qc_target.establish", lot.lot_id, "qc_lot")
            cv = None if found.cv_percent is None else round(found.cv_percent, 2)
            return EstablishedTarget(**show_target(row).model_dump(), points=found.n, cv_percent=cv)


def _runs(router: APIRouter) -> None:
    @router.get("/runs", summary="Control runs, the newest first")
    async def list_runs(
        call: CurrentCall,
        state: State | None = None,
        analyzer: Annotated[str | None, Query(max_length=100)] = None,
        item: Annotated[str | None, Query(max_length=100)] = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> ShownRuns:
        laboratory_id = laboratory_of(call.actor)
        async with call.resources.db.transaction() as session:
            found = await quality_control.runs(
                session, laboratory_id, state=state, analyzer=analyzer, item=item, limit=limit + 1, after=cursor
            )
            shown = await _whole(session, found[:limit])
        return ShownRuns(runs=shown, next_cursor=shown[-1].run_id if len(found) > limit else None)

    @router.post("/runs", summary="Control values typed in by hand")
    async def enter_run(call: CurrentCall, body: RunBody) -> ShownRuns:
        """Answers with the runs they are part of: levels of one half hour are one run."""
        laboratory_id = laboratory_of(call.actor, *WORKS)
        typed = desk.TypedRun(
            body.entry_id,
            body.lot_id,
            body.analyzer,
            body.item,
            body.measured_at,
            tuple((point.level, point.value) for point in body.points),
            body.model_dump_json().encode(),
        )
        async with call.resources.db.transaction() as session:
            runs = list(await desk.enter_run(session, call.actor, laboratory_id, typed))
            for run in runs:
                await call.audit(session, "qc_run.enter", run.run_id, "qc_run")
            return ShownRuns(runs=await _whole(session, runs), next_cursor=None)

    @router.get("/runs/{run_id}", summary="A run: its points, the rules it broke, what was done")
    async def read_run(call: CurrentCall, run_id: str) -> ShownRun:
        laboratory_id = laboratory_of(call.actor)
        async with call.resources.db.transaction() as session:
            return (await _whole(session, [await quality_control.run_of(session, laboratory_id, run_id)]))[0]

    @router.post("/runs/{run_id}/resolve", summary="What was done about a rejected run: the block ends")
    async def resolve(call: CurrentCall, run_id: str, body: ResolveBody) -> ShownRuns:
        """Runs rejected before it on the same analyzer and item are dealt with too."""
        laboratory_id = laboratory_of(call.actor, *WORKS)
        async with call.resources.db.transaction() as session:
            runs = await desk.resolve(session, call.actor, laboratory_id, run_id, body.action, body.comment)
            for run in runs:
                await call.audit(session, "qc_run.resolve", run.run_id, "qc_run")
            return ShownRuns(runs=await _whole(session, runs), next_cursor=None)


async def _lot(session: Session, lot: QcLot) -> LotAnswer:
    latest = {(row.level, row.analyzer, row.item): row for row in await quality_control.targets_of(session, lot.lot_id)}
    shown = show_lot(lot, await quality_control.levels_of(session, lot.lot_id))
    return LotAnswer(**shown.model_dump(), targets=[show_target(latest[key]) for key in sorted(latest)])


async def _whole(session: Session, runs: list[QcRun]) -> list[ShownRun]:
    ids = [run.run_id for run in runs]
    points, actions = await quality_control.points_of(session, ids), await quality_control.actions_of(session, ids)
    return [show_run(run, points.get(run.run_id, []), actions.get(run.run_id, [])) for run in runs]
