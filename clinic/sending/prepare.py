"""From an upload in the spool to a parcel: its order fixed, its images compressed if wanted, its package on disk."""

from contextlib import suppress
from pathlib import Path

from clinic.config import Config
from clinic.dicom.compress import SYNTAX, compress
from clinic.region.client import RegionClient
from clinic.region.outcomes import Refused
from clinic.region.transport import Parcel
from clinic.region.worklist import waiting_orders
from clinic.sending import package
from clinic.sending.order import find_entry, order_of
from clinic.spool import batches, compressed, items, worklist
from clinic.spool.batches import Batch
from clinic.spool.files import sha256_of
from clinic.spool.items import Item
from clinic.spool.spool import Spool


class Preparation:
    def __init__(self, config: Config, spool: Spool, client: RegionClient) -> None:
        self._config = config
        self._spool = spool
        self._client = client

    def parcel_of(self, batch: Batch) -> Parcel:
        """Raises RegionAway (while the worklist is asked for), OSError."""
        held = items.of_batch(self._spool.database, batch.batch_id)
        order_json = batch.order_json or self._fix_order(batch, held)
        files = package.pack(
            self._spool.packages,
            batch.batch_id,
            batch.center,
            held,
            lambda item: self._source_of(batch, item),
            deflate=self._config.sending.deflate,
        )
        digest = package.digest_of(files)
        upload_url = batch.upload_url if digest == batch.package_sha256 else None
        if digest != batch.package_sha256:
            batches.set_package(self._spool.database, batch.batch_id, digest)
        return Parcel(batch.batch_id, batch.center, order_json, files, upload_url)

    def _fix_order(self, batch: Batch, held: list[Item]) -> str:
        """An order that was placed while the line was down is not in the cache yet: the region is asked first."""
        database = self._spool.database
        entry = find_entry(database, batch.center, held)
        if entry is None and any(item.facts.accession_number for item in held):
            with suppress(Refused):  # an account without a worklist can still send
                worklist.replace(database, waiting_orders(self._client, self._config.worklist.days))
            entry = find_entry(database, batch.center, held)
        order = order_of(entry, batch.priority)
        batches.fix_order(database, batch.batch_id, order.json, order.priority)
        return order.json

    def _source_of(self, batch: Batch, item: Item) -> tuple[Path, str]:
        original = self._spool.path_of(item.file)
        syntax = item.facts.transfer_syntax
        config = self._config.compression
        if config.scheme == "none" or batch.center != "imaging" or item.facts.modality in config.never:
            return original, syntax
        target = self._spool.packages / f"{batch.batch_id}-{item.item_id}.dcm"
        if not target.exists():
            if not compress(original, target, syntax):
                return original, syntax
            compressed.note(
                self._spool.database, item.item_id, syntax, sha256_of(original), sha256_of(target),
                target.stat().st_size,
            )  # fmt: skip
        return target, SYNTAX
