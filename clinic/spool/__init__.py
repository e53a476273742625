"""What waits for the region, on disk: SQLite for the facts, files for the bytes."""
