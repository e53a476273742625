"""Bodies of the reading workflow's calls: orders, what the holder sends, what everybody gets back."""
