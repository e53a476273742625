"""Folders into which carts and workstations export."""
