"""What readers look at: recordings, waveforms, measurements, earlier ECGs, DICOM."""
