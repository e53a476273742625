"""DICOM: what machines speak to us (PS3.4 Annexes A, B, K; PS3.8)."""
