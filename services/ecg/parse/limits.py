"""Sane limits of one recording; a Holter belongs elsewhere."""

MAX_FILE_BYTES = 64 << 20
MAX_DURATION_S = 600.0
MIN_DURATION_S = 1.0  # below it nothing can be read at all; below 5 s the quality check speaks
MAX_LEADS = 24
MIN_RATE_HZ, MAX_RATE_HZ = 50.0, 32_000.0
MAX_SAMPLES = 4_000_000  # over all leads
