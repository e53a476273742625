"""Where signatures are made: sheets rendered, keys used, files stored, all outside any row's lock."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from shared.blobs import BlobRef, BlobStore
from shared.db import Database
from shared.paper.stamp import signature_stamp
from shared.reading.form import ReportForm
from shared.signing import pades
from shared.signing.document import ReportDocument, SignerRole
from shared.signing.grants import SigningGrants
from shared.signing.jws import add_signature, dump_jws, load_jws, sign_as
from shared.signing.signatory import Signatory

T = TypeVar("T")
_THREADS = 2  # a signature is 0.1-0.3 s of processor; more at once only slow each other and the requests


@dataclass(frozen=True, slots=True)
class Files:
    jws: BlobRef
    pdf: BlobRef


@dataclass(slots=True)
class Desk:
    """``blobs`` is the region's store; the gateway fetches signed reports from it. ``center_blobs`` is the centre's
    own, from which a sheet's files are read."""

    db: Database
    blobs: BlobStore
    center_blobs: BlobStore
    grants: SigningGrants
    form: ReportForm
    public_url: str
    pepper: bytes = field(default=b"", repr=False)
    _pool: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(_THREADS, thread_name_prefix="signing"), repr=False
    )

    async def sign_new(
        self,
        document: ReportDocument,
        signer: Signatory,
        role: SignerRole,
        at: datetime,
        files: Mapping[str, BlobRef] | None = None,
    ) -> Files:
        """The first signature under a new version. Raises BlobMissing, Unavailable for a file of the sheet."""
        printed = {name: await self.center_blobs.read(ref) for name, ref in (files or {}).items()}
        jws, pdf = await self._in_thread(self._sign_new, document, printed, signer, role, at)
        return await self._store(jws, pdf)

    async def countersign(self, kept: Files, signer: Signatory, at: datetime) -> Files:
        """The reviewer's signature beside the author's: a new pair of files, the author's stay as they are."""
        jws, pdf = await self.blobs.read(kept.jws), await self.blobs.read(kept.pdf)
        return await self._store(*await self._in_thread(_countersign, jws, pdf, signer, at))

    async def run(self, work: Callable[..., T], *arguments: Any) -> T:
        """Other costly work with keys (unwrapping one under a PIN) in the same few threads."""
        return await self._in_thread(work, *arguments)

    async def _in_thread(self, work: Callable[..., T], *arguments: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, lambda: work(*arguments))

    async def _store(self, jws: bytes, pdf: bytes) -> Files:
        return Files(
            jws=await self.blobs.put(jws, content_type="application/jose+json"),
            pdf=await self.blobs.put(pdf, content_type="application/pdf"),
        )

    def _sign_new(
        self, document: ReportDocument, printed: Mapping[str, bytes], signer: Signatory, role: SignerRole, at: datetime
    ) -> tuple[bytes, bytes]:
        sheet = self.form.render_sheet(document, printed)
        jws = sign_as(document.canonical(), signer, role, at)
        boxes = sheet.boxes
        if SignerRole.REVIEWER in document.signature_roles and role is SignerRole.AUTHOR:
            pdf = pades.certify_as_author(
                sheet.pdf, signer, at, own=boxes[SignerRole.AUTHOR], reviewer=boxes[SignerRole.REVIEWER]
            )
        else:
            # The sheet prints its author's name; a reviewer who signs alone brings his own.
            stamp = signature_stamp(signer.name, at) if role is SignerRole.REVIEWER else None
            pdf = pades.sign_single(sheet.pdf, signer, role, at, own=boxes[role], appearance=stamp)
        return dump_jws(jws), pdf


def _countersign(jws: bytes, pdf: bytes, signer: Signatory, at: datetime) -> tuple[bytes, bytes]:
    both = add_signature(load_jws(jws), signer, SignerRole.REVIEWER, at)
    stamp = signature_stamp(signer.name, at)
    return dump_jws(both), pades.countersign_as_reviewer(pdf, signer, at, appearance=stamp)
