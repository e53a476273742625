"""Chinese texts whose character set nobody declared."""

JUDGED = 20_000  # characters on which Chinese is told from Latin-1


def chinese(value: bytes) -> str | None:
    """GBK, if the bytes look like Chinese and not like a European language in Latin-1.

    Almost every character in use (GB 2312) is two high bytes; in Latin-1 two accented letters seldom meet, while an
    accented one before an ASCII letter also makes a (rare) character of GBK. So most pairs must be high.
    """
    text = strict(value, "gb18030")
    if text is None:
        return None
    pairs = [character.encode("gb18030") for character in text[:JUDGED] if not character.isascii()]
    high = sum(len(pair) == 2 and min(pair) >= 0xA1 for pair in pairs)
    return text if 2 * high > len(pairs) else None


def strict(value: bytes, codec: str) -> str | None:
    """None where a byte does not fit."""
    try:
        return value.decode(codec)
    except UnicodeDecodeError:
        return None
