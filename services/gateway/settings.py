"""The gateway's settings; those of accounts and certificates are in accounts/config.py."""

from pydantic import Field

from shared.settings import Settings


class GatewaySettings(Settings):
    service: str = "gateway"
    verify_per_minute: int = Field(default=20, ge=1, description="files one address may have verified in a minute")
    verify_pages_per_minute: int = Field(default=60, ge=1, description="QR pages one address may open in a minute")
    waits_per_account: int = Field(
        default=8, ge=1, description="event streams one account may hold open in a process, and as many waiting polls"
    )
    live_events_hours: int = Field(default=24, ge=1, description="how long a browser may be away and miss nothing")
