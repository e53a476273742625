"""Writing what any viewer can show: DICOM waveform objects (PS3.3 A.34)."""
