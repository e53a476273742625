"""What a value means: intervals, criticals, deltas, plausibility, autoverification, quality control. Pure."""
