"""The loop that keeps the machines' worklist fresh; while the line is down they get the last one."""

import logging
import threading

from clinic.config import Config
from clinic.region.client import RegionClient
from clinic.region.outcomes import Refused, RegionAway
from clinic.region.worklist import waiting_orders
from clinic.spool import worklist
from clinic.spool.database import Database
from shared.clock import utc_now
from shared.telemetry import fields

logger = logging.getLogger(__name__)
REFRESHED_AT = "worklist_refreshed_at"


class OrderRefresh:
    def __init__(self, config: Config, database: Database, client: RegionClient, stop: threading.Event) -> None:
        self._config = config.worklist
        self._database = database
        self._client = client
        self._stop = stop

    def run(self) -> None:
        while not self._stop.is_set():
            try:
                self.refresh()
            except (RegionAway, Refused) as problem:
                logger.info("worklist not refreshed", extra=fields(code=problem.code))
            self._stop.wait(self._config.every_s)

    def refresh(self) -> int:
        """How many orders wait. Raises RegionAway, Refused; then the last worklist stands."""
        entries = waiting_orders(self._client, self._config.days)
        worklist.replace(self._database, entries)
        self._database.put_fact(REFRESHED_AT, utc_now().isoformat())
        return len(entries)
