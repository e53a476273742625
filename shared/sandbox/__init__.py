"""Bytes from outside are decoded in processes of their own, with limits of memory and time (DESIGN.md §7)."""

from shared.sandbox.pool import Sandbox, SandboxExhausted, SandboxFailed

__all__ = ["Sandbox", "SandboxExhausted", "SandboxFailed"]
