"""``gongzhen up [--demo] [--port N] [--state FOLDER]``: a whole region in the foreground."""

import argparse
import asyncio
from functools import partial
from pathlib import Path

from deploy.cli.subparsers import Subparsers
from deploy.local.ports import LOOPBACK
from deploy.local.region import RegionOptions, open_region, plan_region, prepare_region
from deploy.local.state import State
from deploy.local.supervisor import Supervisor


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser("up", help="在本机启动整个区域 / run a region on this machine")
    parser.add_argument("--demo", action="store_true", help="建立演示账户 / with the demo accounts")
    parser.add_argument("--port", type=int, default=8080, help="对外端口，0 为任选 / the front door; 0: any free one")
    parser.add_argument("--bind", default=LOOPBACK, help="对外地址 / the front door's address (default: %(default)s)")
    parser.add_argument("--state", type=Path, default=Path(".run"), help="数据目录 / where everything is kept")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    options = RegionOptions(args.state.absolute(), args.port, args.bind, args.demo)
    asyncio.run(_up(options))
    return 0


async def _up(options: RegionOptions) -> None:
    state = State(options.state)
    state.prepare()
    with state.locked():
        region = open_region(options, state)
        _say(f"数据目录 / state {state.folder}")
        if not region.postgres.folder.is_relative_to(state.folder):
            _say(f"PostgreSQL 数据 / PostgreSQL data {region.postgres.folder}")
        prepare_region(region)
        supervisor = Supervisor(plan_region(region), state, _say, partial(_show_first_link, state))
        supervisor.stop_on_signals()
        await supervisor.run()


def _show_first_link(state: State) -> None:
    """A region without an administrator: the gateway has left a link that works once, for a day."""
    if state.first_link.exists():
        _say(f"首位管理员 / first administrator: {state.first_link.read_text('utf-8').strip()}")


def _say(line: str) -> None:
    print(line, flush=True)
