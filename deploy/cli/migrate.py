"""``gongzhen migrate [service]``: bring databases to the newest schema before new code starts."""

import argparse
import asyncio
import os

from deploy.cli.subparsers import Subparsers
from deploy.local.problems import CannotStart
from shared.migrate import SERVICES, migrate


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "migrate",
        help="迁移数据库结构 / migrate the databases",
        description="One service reads GONGZHEN_DATABASE_URL; all of them read GONGZHEN_<SERVICE>_DATABASE_URL each.",
    )
    parser.add_argument("service", nargs="?", choices=SERVICES, help="省略则全部 / all of them when left out")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    if args.service:
        urls = {args.service: _url("GONGZHEN_DATABASE_URL")}
    else:
        urls = {service: _url(f"GONGZHEN_{service.upper()}_DATABASE_URL") for service in SERVICES}
    asyncio.run(_migrate(urls))
    return 0


async def _migrate(urls: dict[str, str]) -> None:
    # One after the other: Alembic keeps the migration under way in a module of its own.
    for service, url in urls.items():
        await migrate(url, service)
        print(f"{service}: 已是最新结构 / at the newest schema", flush=True)


def _url(name: str) -> str:
    if not os.environ.get(name):
        raise CannotStart(f"请设置 {name} / {name} is not set")
    return os.environ[name]
