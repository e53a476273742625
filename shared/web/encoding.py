"""Content codings a client takes (RFC 9110 §12.5.3)."""


def takes_gzip(accept_encoding: str) -> bool:
    """Named with a weight that is not zero, or covered by ``*``."""
    taken = {}
    for part in accept_encoding.lower().split(","):
        name, _, weight = part.partition(";")
        taken[name.strip()] = weight.replace(" ", "").removeprefix("q=") not in ("0", "0.0", "0.00", "0.000")
    return taken.get("gzip", taken.get("*", False))
