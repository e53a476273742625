"""The laboratory centre's SQL."""
