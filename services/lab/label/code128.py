"""Code 128 (ISO/IEC 15417): a number becomes bars. Sets B and C; a scanner types back exactly what was encoded."""

import re

QUIET_MODULES = 10
"""White that a scanner needs on each side (ISO/IEC 15417 §4.4)."""

# Widths of bar, space, bar, space, bar, space of the values 0 to 105, in modules.
_WIDTHS = (
    "212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 "
    "221312 231212 112232 122132 122231 113222 123122 123221 223211 221132 "
    "221231 213212 223112 312131 311222 321122 321221 312212 322112 322211 "
    "212123 212321 232121 111323 131123 131321 112313 132113 132311 211313 "
    "231113 231311 112133 112331 132131 113123 113321 133121 313121 211331 "
    "231131 213113 213311 213131 311123 311321 331121 312113 312311 332111 "
    "314111 221411 431111 111224 111422 121124 121421 141122 141221 112214 "
    "112412 122114 122411 142112 142211 241211 221114 413111 241112 134111 "
    "111242 121142 121241 114212 124112 124211 411212 421112 421211 212141 "
    "214121 412121 111143 111341 131141 114113 114311 411113 411311 113141 "
    "114131 311141 411131 211412 211214 211232"
)
_PATTERNS = _WIDTHS.split()
_STOP = "2331112"
_TO_C, _TO_B = 99, 100
_START_B, _START_C = 104, 105
_CHECK_MODULUS = 103
_PRINTABLE = re.compile(r"[ -~]+")
_RUNS = re.compile(r"[0-9]+|[^0-9]+")


def modules(text: str) -> str:
    """One character a module, ``1`` a bar, without the quiet zones. Raises ValueError for what is not printable
    ASCII."""
    values = symbol_values(text)
    check = (values[0] + sum(place * value for place, value in enumerate(values))) % _CHECK_MODULUS
    widths = "".join([*(_PATTERNS[value] for value in (*values, check)), _STOP])
    return "".join(("0" if index % 2 else "1") * int(width) for index, width in enumerate(widths))


def symbol_values(text: str) -> list[int]:
    """Start and data, without the check symbol. Raises ValueError as ``modules`` does."""
    if not _PRINTABLE.fullmatch(text):
        raise ValueError("Code 128 sets B and C have printable ASCII only")
    values: list[int] = []
    for in_c, part in _segments(text):
        switch = (_TO_C if in_c else _TO_B) if values else (_START_C if in_c else _START_B)
        values.append(switch)
        values.extend(
            (int(part[at : at + 2]) for at in range(0, len(part), 2))
            if in_c
            else (ord(character) - ord(" ") for character in part)
        )
    return values


def _segments(text: str) -> list[tuple[bool, str]]:
    """Parts of set C (two digits a symbol) and of set B in turns: C where it makes the code shorter, for four digits
    at either end or six between. The odd digit is the neighbour's."""
    found: list[tuple[bool, str]] = []
    for run in _RUNS.finditer(text):
        part = run.group()
        is_edge = run.start() == 0 or run.end() == len(text)
        if not part.isdigit() or len(part) < (4 if is_edge else 6):
            _add(found, False, part)
            continue
        odd = len(part) % 2
        if run.start() == 0:
            _add(found, True, part[: len(part) - odd])
            _add(found, False, part[len(part) - odd :])
        else:
            _add(found, False, part[:odd])
            _add(found, True, part[odd:])
    return found


def _add(segments: list[tuple[bool, str]], in_c: bool, part: str) -> None:
    if not part:
        return
    if segments and segments[-1][0] == in_c:
        part = segments.pop()[1] + part
    segments.append((in_c, part))
