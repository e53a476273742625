"""Dataclasses' dictionaries as JSON can carry them, without losing a digit."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from pydantic import TypeAdapter

from services.lab.rules.facts import Judgement, Reason

JUDGEMENT = TypeAdapter(Judgement)
REASONS = TypeAdapter(tuple[Reason, ...])


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    return value
