"""The base of every payload: unknown fields are passed over (a later version may add some), text is storable."""

from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator


class Part(BaseModel):
    model_config = ConfigDict(extra="ignore", ser_json_inf_nan="null")

    @model_validator(mode="before")
    @classmethod
    def _only_storable_text(cls, value: Any) -> Any:
        """NUL and lone surrogates are JSON but no PostgreSQL text: refused here, so that they make a 422, not a 500."""
        if isinstance(value, dict):
            for text in _texts(value):
                if "\x00" in text or not _encodes(text):
                    raise ValueError("text holds a NUL character or a lone surrogate")
        return value


def _texts(value: Any) -> list[str]:
    found: list[str] = []
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            found.append(item)
        elif isinstance(item, dict):
            waiting.extend(item.keys())
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
    return found


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
