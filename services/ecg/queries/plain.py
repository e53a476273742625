"""Dataclasses' dictionaries as JSON can carry them."""

import math
from typing import Any


def plain(value: Any) -> Any:
    """NaN and infinities become None: JSON has no word for them, and PostgreSQL refuses them."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return value
