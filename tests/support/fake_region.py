"""A region whose servers are real and whose services are fakes: ``python -m tests.support.fake_region STATE PORT``."""

import asyncio
import dataclasses
import sys
from pathlib import Path

from deploy.local.child import ChildPlan
from deploy.local.problems import CannotStart
from deploy.local.region import RegionOptions, open_region, plan_region, prepare_region
from deploy.local.state import State
from deploy.local.supervisor import Stage, Supervisor
from shared.migrate import SERVICES


def fake(plan: ChildPlan, ports: dict[str, int]) -> ChildPlan:
    """The same child, its program replaced; PostgreSQL, NATS and Caddy stay what they are."""
    service = plan.name.removesuffix("-worker")
    if service not in SERVICES:
        return plan
    port = ports[service] if plan.name == service else 0
    argv = (sys.executable, "-m", "tests.support.fake_service", service, str(port))
    env = {**plan.command.env, "PYTHONPATH": str(Path(__file__).parents[2]), "FAKE_POOL": "1"}
    return dataclasses.replace(plan, command=dataclasses.replace(plan.command, argv=argv, env=env))


async def run(folder: Path, port: int) -> None:
    state = State(folder)
    state.prepare()
    with state.locked():
        region = open_region(RegionOptions(folder, port), state)
        prepare_region(region)
        plan = plan_region(region)
        servers, services = plan.stages
        stages = (Stage(servers.children), Stage(tuple(fake(child, region.ports) for child in services.children)))
        supervisor = Supervisor(dataclasses.replace(plan, stages=stages), state, lambda line: print(line, flush=True))
        supervisor.stop_on_signals()
        await supervisor.run()


def main() -> int:
    try:
        asyncio.run(run(Path(sys.argv[1]), int(sys.argv[2])))
    except CannotStart as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
