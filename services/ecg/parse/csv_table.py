"""CSV with a row of lead names, behind lines ``# key: value`` (docs/ecg-formats.md)."""

import csv
from array import array
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

import numpy as np

from services.ecg.parse import limits
from services.ecg.parse.leads import canonical
from services.ecg.parse.reader import Read, SourceFile
from services.ecg.parse.recording import Microvolts
from services.ecg.parse.refusal import RefusalCode, Refused
from services.ecg.parse.table_facts import broken, recording_of, text_of

SNIFFED = 32_768
MAX_COLUMNS = 64
MAX_LINES = 1_000_000  # ten minutes at 1,600 Hz
SEPARATORS = ("\t", ";", ",")
_NO_VALUE = frozenset({"", "nan", "na", "n/a", "null", "none", "-"})
_NO_LEADS = frozenset({"time", "time_s", "time_ms", "t", "s", "ms", "sample", "index", "时间", "序号"})


class CsvReader:
    """Commas, semicolons or tabs; a dot for the decimals."""

    name = "csv"

    def recognizes(self, data: bytes) -> bool:
        if b"\0" in data[:SNIFFED]:
            return False
        start = data[:SNIFFED].decode("utf-8", errors="replace").removeprefix("\ufeff")
        for line in start.replace("\r", "\n").split("\n"):
            if line.strip() and not line.lstrip().startswith("#"):
                return any(canonical(cell) for cell in _cells(line, _separator(line)))
        return False

    def read(self, file: SourceFile, companions: Mapping[str, SourceFile]) -> Read:
        text = text_of(file.data).replace("\r\n", "\n").replace("\r", "\n").rstrip("\n ")
        if text.count("\n") > MAX_LINES:
            raise Refused(RefusalCode.too_large, "行数过多，超出静息心电图的范围。")
        lines = text.split("\n")
        facts, statements, header_at = _head(lines)
        separator = _separator(lines[header_at])
        names = [cell.strip() for cell in _cells(lines[header_at], separator)]
        rows = len(lines) - header_at - 1
        if len(names) > MAX_COLUMNS or rows * len(names) > limits.MAX_SAMPLES:
            raise Refused(RefusalCode.too_large, "列数或行数过多，超出静息心电图的范围。")
        if not rows:
            raise Refused(RefusalCode.no_waveform, "表头之后没有采样值，请导出含波形的文件。")
        table = _table(lines, header_at + 1, len(names), separator)
        kept = [column for column, name in enumerate(names) if name and name.lower() not in _NO_LEADS]
        return Read(recording_of(self.name, facts, statements, [names[column] for column in kept], table[kept]))


def _head(lines: Sequence[str]) -> tuple[dict[str, str], list[str], int]:
    """Keys and values of the comment lines, the statements, and the index of the row of names."""
    facts: dict[str, str] = {}
    statements: list[str] = []
    for number, line in enumerate(lines):
        if not line.strip():
            continue
        if not line.lstrip().startswith("#"):
            return facts, statements, number
        key, _, value = line.lstrip("# \t").rstrip(",;\t ").replace("：", ":", 1).partition(":")
        key, value = key.strip().lower(), value.strip()
        if key == "statement":
            statements.append(value)
        elif facts.setdefault(key, value) != value:
            raise broken(f"第 {number + 1} 行：同一项写了两次，内容不同。")
    raise Refused(RefusalCode.no_waveform, "文件中没有导联名一行和采样值，请导出含波形的文件。")


def _separator(header: str) -> str:
    return max(SEPARATORS, key=header.count)


def _cells(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])
    except csv.Error:
        return []


def _table(lines: list[str], start: int, columns: int, separator: str) -> Microvolts:
    """Shape (columns, rows); NaN for an empty cell."""
    table = array("d")
    rows: Iterator[list[str]] = csv.reader(islice(lines, start, None), delimiter=separator, skipinitialspace=True)
    number = 0
    try:
        for number, row in enumerate(rows):
            if not row and columns == 1:
                row.append("")  # one lead: an empty line is an empty cell
            if len(row) == columns + 1 and not row[-1].strip():
                row.pop()  # a separator behind the last value
            if len(row) != columns:
                raise broken(f"第 {start + number + 1} 行有 {len(row)} 列，表头有 {columns} 列。")
            table.extend(_values(row, start + number + 1))
    except csv.Error:
        raise broken(f"第 {start + number + 1} 行的引号或单元格无法识别。") from None
    if number + 1 != len(lines) - start:  # a quoted cell ran over several lines
        raise broken("有引号没有成对，行数与采样数不符。")
    return np.frombuffer(table, np.float64).reshape(-1, columns).T


def _values(row: list[str], line: int) -> list[float]:
    try:
        return list(map(float, row))
    except ValueError:
        return [_value(cell.strip(), line, column) for column, cell in enumerate(row, start=1)]


def _value(cell: str, line: int, column: int) -> float:
    if cell.lower() in _NO_VALUE:
        return np.nan
    try:
        return float(cell)
    except ValueError:
        raise broken(f"第 {line} 行第 {column} 列不是数字（小数点请用“.”）。") from None
