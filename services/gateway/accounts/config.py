"""What an operator may say about keys and certificates, read from ``GONGZHEN_*`` when the gateway starts."""

from pathlib import Path

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class AccountSettings(BaseSettings):
    """Without any of these the region has a development authority whose key rests in the gateway's database."""

    model_config = SettingsConfigDict(env_prefix="GONGZHEN_", extra="ignore")

    region_name: str = Field(default="共诊区域医共体", description="organization in the development root's subject")
    ca_cert: Path | None = Field(default=None, description="PEM: the issuing certificate, then its chain to the root")
    ca_key: Path | None = Field(default=None, description="PEM: the issuing certificate's private key")
    trust_roots: Path | None = Field(default=None, description="PEM: external roots whose certificates are accepted")
    keys_secret: str = Field(
        default="", description="base64 of 32 bytes that seals private keys in the database; empty: not sealed"
    )
    state_dir: Path | None = Field(default=None, description="folder of the local supervisor for the first link")

    @model_validator(mode="after")
    def _authority_is_whole(self) -> "AccountSettings":
        if (self.ca_cert is None) != (self.ca_key is None):
            raise ValueError("GONGZHEN_CA_CERT and GONGZHEN_CA_KEY belong together")
        return self

    @property
    def issues_certificates(self) -> bool:
        """With external roots alone, certificates come from outside and none is made here."""
        return self.trust_roots is None or self.ca_key is not None
