"""The SQL of the gateway: plain functions that take a session; each module matches one of ``models``."""
