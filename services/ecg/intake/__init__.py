"""One upload from its form to its case: read, judged, stored, answered while the patient is still on the couch."""
