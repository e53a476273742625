"""``python -m bench.store``: STOW-RS into the imaging centre alone, with fsync in its store and its database."""

import asyncio
import os
import secrets
import shutil
import statistics
import tempfile
from pathlib import Path

from bench.figures import Figure, table
from bench.store_client import Slices, request
from bench.wire import Target, ask_all
from deploy.local.nats import plan_nats
from deploy.local.ports import choose_free_port
from deploy.local.postgres import plan_postgres
from deploy.local.secrets import Secrets
from shared.auth import Actor, Role
from shared.migrate import migrate
from tests.support.imaging_server import ImagingServer
from tests.support.servers import SERVICES, RunningNats, RunningPostgres

_CLINIC = Actor("acct_bench", "bench", "测试卫生院", "org_bench", frozenset({Role.clinic}))
_INSTANCES = 120
_ROUNDS = 3


def measure(target: Target) -> list[Figure]:
    """10 a request and 1 a request, over 1 and 4 connections; then the same instances once more."""
    slices, figures, study = Slices(), [], secrets.randbelow(10**8)
    for count in (10, 1):
        for connections in (1, 4):
            speeds, again = [], []
            for _ in range(_ROUNDS):
                requests = []
                for _ in range(0, _INSTANCES, count):
                    study += 1
                    requests.append(request(target, [slices.slice(study, number) for number in range(count)]))
                speeds.append(_INSTANCES / ask_all(target.port, requests, connections))
                again.append(_INSTANCES / ask_all(target.port, requests, connections))
            name = f"STOW, {count} of 0.525 MB a request, {connections} connections"
            figures.append(Figure(name, f"{statistics.median(speeds):.0f} instances/s", note=_all(speeds)))
            figures.append(
                Figure(f"{name}, sent again", f"{statistics.median(again):.0f} instances/s", note=_all(again))
            )
    return figures


def _all(values: list[float]) -> str:
    return " ".join(f"{value:.0f}" for value in values)


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="gongzhen-bench-"))
    folder.chmod(0o711 if os.geteuid() == 0 else 0o700)
    postgres = plan_postgres(folder, choose_free_port(), secrets.token_hex(16))
    postgres.prepare()
    made = Secrets.generate(SERVICES)
    nats = plan_nats(folder, choose_free_port(), made.nats, made.nats_encryption_key)
    nats.prepare()
    running, messages = RunningPostgres(postgres), RunningNats(nats)
    try:
        asyncio.run(running.start())
        asyncio.run(messages.start())
        url = asyncio.run(running.create_database("imaging"))
        asyncio.run(migrate(url, "imaging"))
        server = ImagingServer(folder, url, messages.url)
        server.start()
        try:
            target = Target(server.port, token=server.token(_CLINIC))
            ask_all(target.port, [request(target, [Slices().slice(10**8 + 1, 1)])], 1)
            print(table(measure(target)))
        finally:
            server.stop()
    finally:
        asyncio.run(messages.stop())
        asyncio.run(running.stop())
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
