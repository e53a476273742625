"""What a process of a service holds open: database, message bus, blob stores, token keys."""

from dataclasses import dataclass
from pathlib import Path

from shared.auth import TokenVerifier
from shared.blobs import BlobStore, open_store
from shared.bus import Bus, StreamLimits, connect
from shared.db import Database
from shared.settings import CenterSettings, Settings


@dataclass(slots=True)
class Resources:
    """``blobs`` are the service's own bytes; ``region_blobs`` the signed reports all centres write."""

    settings: Settings
    db: Database
    bus: Bus
    blobs: BlobStore
    region_blobs: BlobStore
    verifier: TokenVerifier

    @classmethod
    async def open(cls, settings: Settings) -> "Resources":
        """Connects; raises Unavailable when a part cannot be reached. ``close`` gives all back."""
        settings.spool_dir.mkdir(parents=True, exist_ok=True)
        cache: Path = settings.jwks_cache or settings.spool_dir / "jwks.json"
        return cls(
            settings=settings,
            db=Database(
                settings.database_url,
                pool_size=settings.database_pool_size,
                max_overflow=settings.database_pool_overflow,
            ),
            bus=await connect(
                settings.nats_url,
                service=settings.service,
                limits=StreamLimits(replicas=settings.nats_replicas, center_bytes=settings.nats_center_bytes),
                replicas=settings.nats_replicas,
                tls_ca=settings.nats_ca,
            ),
            blobs=await open_store(settings.blobs, name=settings.service),
            region_blobs=await open_store(settings.region_blobs, name="region", prefix=settings.service),
            verifier=TokenVerifier(settings.jwks_url, cache),
        )

    async def close(self) -> None:
        await self.bus.close()
        await self.blobs.close()
        await self.region_blobs.close()
        await self.db.close()


def center_settings(resources: Resources) -> CenterSettings:
    """Raises TypeError in a process that is no centre's."""
    if not isinstance(resources.settings, CenterSettings):
        raise TypeError("a centre runs on CenterSettings")
    return resources.settings
