"""The loop that empties the spool: what is whole is sealed, the most urgent is sent, what fails comes again."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from clinic.config import Config
from clinic.region.bandwidth import Bandwidth
from clinic.region.client import RegionClient
from clinic.region.delivery import Delivery
from clinic.region.originals import tell_originals
from clinic.region.outcomes import LoginRefused, Refused, RegionAway
from clinic.region.transport import Parcel, Paused, Progress
from clinic.sending import package
from clinic.sending.prepare import Preparation
from clinic.sending.schedule import Backoff, choose, hours_of, is_more_urgent, is_within
from clinic.spool import batches, compressed
from clinic.spool.batches import Batch
from clinic.spool.spool import Spool
from clinic.watch.rejected import give_back
from shared.clock import utc_now
from shared.telemetry import fields

logger = logging.getLogger(__name__)
_MOST_IDLE_S = 5.0
_LONGEST_QUIET_S = 3600.0
_MB = 1_000_000
_ASK_EVERY_S = 0.25
_REACHABLE = timedelta(seconds=60)
_PROGRESS_BYTES = 1 << 16
_LINE = "line"
"""The key under which the line itself rests: what the region does not answer for one upload it answers for none."""


@dataclass(frozen=True, slots=True)
class Sent:
    """How far the upload under way is."""

    batch_id: str
    sent_bytes: int
    size_bytes: int


class Sender:
    def __init__(self, config: Config, spool: Spool, client: RegionClient, stop: threading.Event) -> None:
        self._config = config
        self._spool = spool
        self._client = client
        self._stop = stop
        self._preparation = Preparation(config, spool, client)
        self._delivery = Delivery(client, config.sending.resumable_from_kbytes * 1000)
        self._bandwidth = Bandwidth(config.sending.limit_kbytes_s * 1000, stop)
        self._rest = Backoff(config.sending.retry_first_s, config.sending.retry_most_s)
        self._moved_bytes = 0
        self.under_way: Sent | None = None

    def run(self) -> None:
        while not self._stop.is_set():
            if not self.step():
                self._wait()

    def step(self) -> bool:
        """Seals what is whole and sends one upload; False when there is nothing to do now."""
        self._seal()
        if self._rest.left_s(_LINE) > 0:
            return False
        batch = choose(
            batches.waiting(self._spool.database), self._config.sending, self._client.now(), self._rest.left_s
        )
        if batch is None:
            return False
        self._attempt(batch)
        return True

    def _attempt(self, batch: Batch) -> None:
        database = self._spool.database
        self._moved_bytes = 0
        try:
            parcel = self._preparation.parcel_of(batch)
            case_id = self._delivery.deliver(parcel, self._progress(batch, parcel))
            tell_originals(self._client, compressed.of_batch(database, batch.batch_id))
        except Paused:
            return
        except LoginRefused as problem:
            batches.failed(database, batch.batch_id, problem.code, "中心拒绝了本机构的用户名或密码")
            self._rest.failed(_LINE, self._config.sending.retry_most_s)
        except RegionAway as problem:
            batches.failed(database, batch.batch_id, problem.code, "线路不通或中心暂不可用，将自动重试")
            delay_s = self._rest_after(batch, problem)
            logger.info("upload interrupted", extra=fields(code=problem.code, delay_s=round(delay_s, 1)))
        except Refused as problem:
            self._refused(batch, problem)
        except OSError as problem:
            batches.failed(database, batch.batch_id, "local_disk", f"本机磁盘出错：{problem.strerror}")
            self._rest.failed(batch.batch_id)
            logger.error("spool cannot be read", extra=fields(code=str(problem.errno)))
        else:
            batches.done(database, batch.batch_id, case_id)
            package.drop(self._spool.packages, batch.batch_id)
            self._rest.worked(_LINE)
            self._rest.worked(batch.batch_id)
            logger.info(
                "upload accepted",
                extra=fields(
                    case_id=case_id, center=batch.center, priority=batch.priority, size_bytes=parcel.size_bytes
                ),
            )
        finally:
            self.under_way = None

    def _rest_after(self, batch: Batch, problem: RegionAway) -> float:
        """While the region answers other questions the trouble is this upload's own, and the others go on; an upload
        that gets on between two cuts of the line does not wait longer and longer."""
        heard = self._client.last_contact
        is_reachable = heard is not None and utc_now() - heard < _REACHABLE
        key = batch.batch_id if is_reachable else _LINE
        if self._moved_bytes >= _PROGRESS_BYTES:
            self._rest.worked(key)
        return self._rest.failed(key, problem.retry_after_s)

    def _refused(self, batch: Batch, problem: Refused) -> None:
        """One file that the region cannot read must not keep the others: halves are tried until it stands alone."""
        logger.warning("upload refused", extra=fields(code=problem.code, status=problem.status, center=batch.center))
        self._rest.worked(_LINE)
        package.drop(self._spool.packages, batch.batch_id)
        if problem.concerns_files and batch.center == "imaging" and batches.split(self._spool.database, batch):
            return
        batches.park(self._spool.database, batch.batch_id, problem.code, problem.detail)
        give_back(self._config, self._spool, batch.batch_id, problem)

    def _progress(self, batch: Batch, parcel: Parcel) -> Progress:
        first: list[int] = []

        def sent(count: int) -> None:
            if not first:
                first.append(count)
            self._moved_bytes = count - first[0]
            self.under_way = Sent(batch.batch_id, count, parcel.size_bytes)

        def keep_upload_url(url: str | None) -> None:
            batches.set_upload_url(self._spool.database, batch.batch_id, url)

        return Progress(sent, keep_upload_url, _NowAndThen(lambda: self._should_pause(batch)), self._bandwidth)

    def _seal(self) -> None:
        batches.seal_due(
            self._spool.database,
            now=self._spool.now(),
            longest_s=_LONGEST_QUIET_S,
            most_bytes=self._config.sending.max_upload_mb * _MB,
        )

    def _should_pause(self, batch: Batch) -> bool:
        """For something more urgent, at the end of its hours, and when the program stops."""
        if self._stop.is_set() or not is_within(hours_of(self._config.sending, batch.priority), self._client.now()):
            return True
        self._seal()
        waiting = batches.waiting(self._spool.database)
        rivals = [each for each in waiting if is_more_urgent(each.priority, batch.priority)]
        return choose(rivals, self._config.sending, self._client.now(), self._rest.left_s) is not None

    def _wait(self) -> None:
        """Until something came, a study is whole, or a rest is over."""
        seal_at = batches.next_seal_at(self._spool.database)
        rest_s = self._rest.next_s()
        pauses = [_MOST_IDLE_S, _MOST_IDLE_S if rest_s is None else rest_s]
        if seal_at is not None:
            pauses.append(seal_at - self._spool.now())
        with self._spool.changed:
            if not self._stop.is_set():
                self._spool.changed.wait(max(0.01, min(pauses)))


class _NowAndThen:
    """A question that is not worth asking for every block; in between the answer is no."""

    def __init__(self, ask: Callable[[], bool]) -> None:
        self._ask = ask
        self._next_at = 0.0

    def __call__(self) -> bool:
        now = time.monotonic()
        if now < self._next_at:
            return False
        self._next_at = now + _ASK_EVERY_S
        return self._ask()
