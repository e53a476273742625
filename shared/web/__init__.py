"""The HTTP edge that all services share: ``build_app``, who asks, problems as RFC 9457, health, metrics."""

from shared.web.actor import CurrentActor, CurrentResources, OptionalActor, client_address
from shared.web.app import build_app

__all__ = ["CurrentActor", "CurrentResources", "OptionalActor", "build_app", "client_address"]
