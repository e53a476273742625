"""All routes of accounts, tokens, one-time links and trust."""

from fastapi import APIRouter

from services.gateway.accounts import link_routes, me_routes, token_routes, trust_routes

router = APIRouter()
for part in (token_routes, link_routes, me_routes, trust_routes):
    router.include_router(part.router)
