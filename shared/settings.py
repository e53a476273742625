"""Settings, read once from ``GONGZHEN_*`` variables when a process starts; docs/operations.md lists them."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What every service of a region needs to know. Services add their own in ``services/<name>/settings.py``."""

    model_config = SettingsConfigDict(env_prefix="GONGZHEN_", extra="ignore")

    service: str = Field(default="", description="imaging, ecg, lab or gateway; set by the service itself")
    database_url: str = Field(description="postgresql+asyncpg://role:password@host:port/database")
    database_pool_size: int = Field(default=5, ge=1, description="connections kept open by one process")
    database_pool_overflow: int = Field(default=3, ge=0, description="connections opened beyond them under load")
    nats_url: str = Field(default="nats://127.0.0.1:4222", description="nats://user:password@host:port[,…]")
    nats_replicas: int = Field(default=1, ge=1, le=5, description="copies of each stream; 3 on a cluster")
    nats_ca: Path | None = Field(default=None, description="the region's CA, for tls:// addresses")
    nats_center_bytes: int = Field(default=1 << 30, ge=1 << 20, description="size limit of a centre's event stream")
    blobs: str = Field(description="file:///folder or s3://access:secret@host:port/bucket: this service's bytes")
    region_blobs: str = Field(description="the same, for signed reports that centres write and the gateway reads")
    spool_dir: Path = Field(description="a folder on a disk with room for the uploads under way")
    jwks_url: str = Field(default="http://127.0.0.1:8080/.well-known/jwks.json", description="access tokens' keys")
    jwks_cache: Path | None = Field(default=None, description="where they are kept for a start without gateway")
    public_url: str = Field(default="http://127.0.0.1:8080", description="the front door as users type it")
    grant_secret: str = Field(default="", description="base64 of 32 bytes that seals signing grants; empty: new")
    pin_pepper: str = Field(
        default="", description="a secret of all services beside the signing PINs; changing it voids every key"
    )
    demo: bool = Field(default=False, description="create the demo region's accounts; loopback only")
    demo_password: str = "demo-gongzhen"  # noqa: S105 - published in the contract; demo binds loopback only
    demo_pin: str = "135790"
    log_level: str = "INFO"
    ready_file: Path | None = Field(default=None, description="a worker writes it when its consumers are attached")


class CenterSettings(Settings):
    """What every diagnostic centre needs to know besides. A centre overrides a default that does not fit it."""

    upload_max_bytes: int = Field(default=4 << 30, ge=1 << 10, description="bytes of one upload, all files together")
    upload_max_files: int = Field(default=20_000, ge=1, description="files of one upload, those in a ZIP included")
    quarantine_days: int = Field(default=30, ge=1, description="how long refused files are kept")
    quarantine_file_max_bytes: int = Field(default=256 << 20, ge=0, description="larger refused files: digest only")
    quarantine_files_per_upload: int = Field(default=100, ge=1, description="refused files kept of one upload")
    quarantine_clinic_bytes: int = Field(
        default=2 << 30, ge=0, description="bytes of refused files kept of one clinic; the oldest beyond go"
    )
    orphan_hours: int = Field(default=24, ge=1, description="age at which stored bytes that no row names are dropped")
