"""``gongzhen up``: a whole region in the foreground."""

import argparse
import asyncio
import os
from contextlib import suppress
from functools import partial
from pathlib import Path

from deploy.cli.subparsers import Subparsers
from deploy.local.ports import LOOPBACK
from deploy.local.problems import CannotStart
from deploy.local.region import LISTENERS, RegionOptions, open_region, plan_region, prepare_region
from deploy.local.state import State
from deploy.local.supervisor import Supervisor


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser("up", help="在本机启动整个区域 / run a region on this machine")
    parser.add_argument("--demo", action="store_true", help="建立演示账户 / with the demo accounts")
    parser.add_argument("--port", type=int, default=8080, help="对外端口，0 为任选 / the front door; 0: any free one")
    parser.add_argument("--bind", default=LOOPBACK, help="对外地址 / the front door's address (default: %(default)s)")
    parser.add_argument(
        "--public-url",
        default=os.environ.get("GONGZHEN_PUBLIC_URL"),
        help="用户访问的地址，印在报告二维码中 / how people reach it; it is printed on every sheet",
    )
    parser.add_argument("--state", type=Path, default=Path(".run"), help="数据目录 / where everything is kept")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    options = RegionOptions(args.state.absolute(), args.port, args.bind, args.demo, args.public_url)
    try:
        asyncio.run(_up(options))
    except OSError as error:
        raise CannotStart(f"{options.state}: {error.strerror or error}") from error
    return 0


async def _up(options: RegionOptions) -> None:
    state = State(options.state)
    state.prepare()
    with state.locked():
        region = open_region(options, state)
        say(f"数据目录 / state {state.folder}")
        if not region.postgres.folder.is_relative_to(state.folder):
            say(f"PostgreSQL 数据 / PostgreSQL data {region.postgres.folder}")
        ports = "，".join(f"{name.upper()} {LOOPBACK}:{region.ports[name]}" for name in LISTENERS)
        say(f"检验仪器接口 / analyzers: {ports}")
        prepare_region(region)
        supervisor = Supervisor(plan_region(region), state, say, partial(_show_first_link, state))
        supervisor.stop_on_signals()
        await supervisor.run()


def _show_first_link(state: State) -> None:
    """A region without an administrator: the gateway has left a link that works once, for a day."""
    if state.first_link.exists():
        say(f"首位管理员 / first administrator: {state.first_link.read_text('utf-8').strip()}")


def say(line: str) -> None:
    """A console that went away (``| tee`` ended by the same Ctrl-C, a closed terminal) must not keep us from stopping
    the children in good order, nor from starting again what died."""
    with suppress(OSError):
        print(line, flush=True)
