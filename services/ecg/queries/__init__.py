"""The ECG centre's SQL."""
