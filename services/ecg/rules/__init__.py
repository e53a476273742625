"""What a recording says: its quality, its measurements, suggestions with their reasons, suspected criticals."""
