"""The region as a REST client sees it."""
