"""JSON with the leads as lists of numbers (docs/ecg-formats.md)."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from services.ecg.parse import limits
from services.ecg.parse.reader import Read, SourceFile
from services.ecg.parse.recording import Microvolts
from services.ecg.parse.refusal import RefusalCode, Refused
from services.ecg.parse.table_facts import broken, recording_of, text_of

# Counted before parsing: every container and text becomes an object of fifty bytes and more.
MAX_CONTAINERS, MAX_QUOTES, MAX_COMMAS = 256, 8_192, limits.MAX_SAMPLES + 8_192


class JsonReader:
    """An object with ``sampling_rate_hz``, ``unit``, ``leads`` and the optional keys."""

    name = "json"

    def recognizes(self, data: bytes) -> bool:
        return data[:64].removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{" and (
            b'"leads"' in data or b'"sampling_rate_hz"' in data
        )

    def read(self, file: SourceFile, companions: Mapping[str, SourceFile]) -> Read:
        content = _parsed(file.data)
        leads = content.get("leads")
        if not isinstance(leads, dict) or not leads:
            raise Refused(
                RefusalCode.no_waveform, '缺少波形：leads 应为对象，如 "leads": {"I": [12, 15], "II": [20, 22]}。'
            )
        facts = {key.lower(): str(value) for key, value in content.items() if isinstance(value, str | int | float)}
        statements = content.get("statements", [])
        if not isinstance(statements, list) or not all(isinstance(statement, str) for statement in statements):
            raise broken("statements 应为文字的列表。")
        return Read(recording_of(self.name, facts, statements, list(leads), _table(leads)))


def _parsed(data: bytes) -> dict[str, Any]:
    text = text_of(data)
    if (
        text.count("[") + text.count("{") > MAX_CONTAINERS
        or text.count('"') > MAX_QUOTES
        or text.count(",") > MAX_COMMAS
    ):
        raise Refused(RefusalCode.too_large, "JSON 的层次、文字或采样值过多，超出静息心电图的范围。")
    try:
        content = json.loads(text, parse_int=_number, parse_float=float, parse_constant=float)
    except (ValueError, RecursionError):
        raise broken("JSON 语法有误，请检查括号、引号和逗号，并以 UTF-8 保存。") from None
    if not isinstance(content, dict):
        raise broken("JSON 的最外层应为对象 { … }。")
    return content


def _number(digits: str) -> int | float:
    """Of an integer as written; more digits than any sample or count has are a float, or infinite."""
    return int(digits) if len(digits) <= 18 else float(digits)


def _table(leads: Mapping[str, Any]) -> Microvolts:
    """Shape (leads, samples); NaN for null."""
    lengths = {len(samples) if isinstance(samples, list) else -1 for samples in leads.values()}
    if len(lengths) != 1 or -1 in lengths:
        raise broken("leads 中每个导联应为等长的数字列表，缺失的采样值写 null。")
    if lengths.pop() * len(leads) > limits.MAX_SAMPLES:
        raise Refused(RefusalCode.too_large, "采样点过多，超出静息心电图的范围。")
    rows = []
    for name, samples in leads.items():
        if not all(value is None or type(value) in (int, float) for value in samples):
            raise broken(f"导联 {name[:16]} 中有不是数字的值；缺失的采样值写 null。")
        rows.append(np.array([np.nan if value is None else value for value in samples], np.float64))
    return np.stack(rows)
