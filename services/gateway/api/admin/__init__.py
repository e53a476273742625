"""/v1/admin: the region's accounts, organizations, policies, contacts, dead letters and audit entries."""

from fastapi import APIRouter

from services.gateway.api.admin import audit, contacts, dead_letters, organizations, policies, users

router = APIRouter(prefix="/v1/admin")
for part in (users, organizations, policies, contacts, dead_letters, audit):
    router.include_router(part.router)

__all__ = ["router"]
