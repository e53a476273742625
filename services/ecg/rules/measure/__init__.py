"""R peaks, beat classes, median beat, boundaries, intervals, axes: ``analyse.analyse`` is the way in."""
