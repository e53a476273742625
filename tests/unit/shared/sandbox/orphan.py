"""A service whose child is at work for longer than it may: started as a process of its own, to be killed."""

import asyncio

import psutil

from shared.sandbox import Sandbox
from tests.unit.shared.sandbox.jobs import do


async def main() -> None:
    sandbox = Sandbox(do, processes=1, timeout_s=2.0)
    pid = await sandbox(("pid", 0))
    spinning = asyncio.create_task(sandbox(("spin", 60)))
    while psutil.Process(int(str(pid))).cpu_times().user < 0.5:
        await asyncio.sleep(0.01)
    print(pid, flush=True)
    await spinning


if __name__ == "__main__":
    asyncio.run(main())
