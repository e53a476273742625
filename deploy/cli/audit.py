"""``gongzhen audit check``: recompute the chain of seals of every service's audit."""

import argparse
import asyncio
from pathlib import Path

from deploy.cli.databases import database_urls
from deploy.cli.subparsers import Subparsers
from shared.audit import AuditVerdict, check
from shared.db import Database
from shared.migrate import SERVICES


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser("audit", help="核对审计链 / check that no audit row was changed")
    actions = parser.add_subparsers(required=True, metavar="action")
    checking = actions.add_parser("check", help="重新计算每个封存批次 / recompute every seal")
    checking.add_argument("service", nargs="*", choices=[[], *SERVICES], help="默认全部 / default: all")
    checking.add_argument(
        "--state", type=Path, default=Path(".run"), help="本机区域的数据目录 / a local region's state"
    )
    checking.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Exit 0 when every chain holds, 1 when one is broken."""
    urls = database_urls(args.state.absolute(), args.service or SERVICES)
    verdicts = asyncio.run(_check_all(urls))
    for service, verdict in verdicts.items():
        state = "完好 / intact" if not verdict.problems else "已破坏 / BROKEN"
        counts = f"{verdict.seals} 批 seals, {verdict.entries} 条 entries, 未封存 unsealed {verdict.unsealed}"
        print(f"{service}: {state}; {counts}")
        for problem in verdict.problems:
            print(f"  {problem}")
    return 1 if any(verdict.problems for verdict in verdicts.values()) else 0


async def _check_all(urls: dict[str, str]) -> dict[str, AuditVerdict]:
    verdicts = {}
    for service, url in urls.items():
        db = Database(url, pool_size=1, max_overflow=0)
        try:
            verdicts[service] = await check(db)
        finally:
            await db.close()
    return verdicts
