"""The worker as a process: started like the region starts it, told to stop like the region stops it."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import asyncpg

from shared.bus import connect
from tests.integration.gateway.region import case_event, snapshot
from tests.support.servers import RunningNats


async def test_a_worker_projects_with_its_own_rights_and_ends_when_told(
    gateway_url: str, nats_url: str, nats_server: RunningNats, tmp_path: Path
) -> None:
    ready = tmp_path / "ready"
    environment = {
        **os.environ,
        "GONGZHEN_DATABASE_URL": gateway_url,
        "GONGZHEN_NATS_URL": nats_server.url_for("gateway"),
        "GONGZHEN_BLOBS": (tmp_path / "blobs").as_uri(),
        "GONGZHEN_REGION_BLOBS": (tmp_path / "region").as_uri(),
        "GONGZHEN_SPOOL_DIR": str(tmp_path / "spool"),
        "GONGZHEN_READY_FILE": str(ready),
    }
    for folder in ("blobs", "region"):
        (tmp_path / folder).mkdir()
    log = (tmp_path / "worker.log").open("wb")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.gateway.worker", env=environment, stdout=log, stderr=log
    )
    bus = await connect(nats_server.url_for("imaging"), service="imaging")
    database = await asyncpg.connect(gateway_url.replace("+asyncpg", ""))
    try:
        await bus.ensure_streams()
        event = case_event("queued", snapshot())
        await bus.publish(f"{event.type}.org_a", event.to_bytes(), message_id=event.id)
        async with asyncio.timeout(30):
            while not (ready.exists() and await database.fetchval("SELECT count(*) FROM gateway.worklist_case")):
                assert process.returncode is None, (tmp_path / "worker.log").read_text()
                await asyncio.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 15) == 0
        assert "测试甲" not in (tmp_path / "worker.log").read_text("utf-8")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        log.close()
        await database.close()
        await bus.close()
