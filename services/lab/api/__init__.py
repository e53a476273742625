"""What the laboratory centre answers beyond intake and the reading workflow."""
