"""DICOMweb (PS3.18): searches, retrievals, and the manifest of a study. The root is ``/dicomweb``."""
