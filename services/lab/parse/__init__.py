"""What analyzers and systems send: HL7 v2, ASTM, FHIR, JSON, read into one ``Message``."""
