"""The page on this PC that says what waits."""
