"""Sockets that analyzers and hospitals' systems talk to: MLLP and ASTM over TCP. They know no database."""
