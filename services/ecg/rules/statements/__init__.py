"""What the numbers suggest, in the words of AHA/ACC/HRS 2007: computer-made, unconfirmed, each with its reason."""
