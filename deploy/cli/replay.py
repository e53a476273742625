"""``gongzhen replay gateway``: rebuild what the gateway shows from the centres' own databases.

Each centre's cases are told once more as they stand (``case.restated``), and every released version as the fact it
is, through the centre's outbox: the running workers do the rest. All of it is idempotent; ``--from-nothing`` first
empties the projections, for a gateway whose database was lost or is suspect. Clients then begin their feed anew.
"""

import argparse
import asyncio
from pathlib import Path

from deploy.cli.databases import database_urls
from deploy.cli.subparsers import Subparsers
from services.gateway.queries.feed import begin_anew
from shared.db import Database
from shared.migrate import CENTERS
from shared.reading.workflow.restate import restate


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser("replay", help="由各中心数据重建网关视图 / rebuild the gateway's projections")
    parser.add_argument("projection", choices=["gateway"])
    parser.add_argument("--center", action="append", choices=CENTERS, help="只重放该中心 / this centre only")
    parser.add_argument("--from-nothing", action="store_true", help="先清空 / empty the projections first")
    parser.add_argument("--state", type=Path, default=Path(".run"), help="本机区域的数据目录 / a local region's state")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    centers = args.center or list(CENTERS)
    urls = database_urls(args.state.absolute(), [*centers, "gateway"] if args.from_nothing else centers)
    asyncio.run(_replay({center: urls[center] for center in centers}, urls.get("gateway")))
    return 0


async def _replay(urls: dict[str, str], emptied_url: str | None) -> None:
    if emptied_url is not None:
        await _empty(emptied_url)
    for center, url in urls.items():
        db = Database(url, pool_size=1)
        try:
            cases, reports = await restate(db)
        finally:
            await db.close()
        print(f"{center}: {cases} 个病例，{reports} 份报告 / cases and reports told again", flush=True)


async def _empty(url: str) -> None:
    db = Database(url, pool_size=1)
    try:
        async with db.transaction() as session:
            await begin_anew(session)
    finally:
        await db.close()
