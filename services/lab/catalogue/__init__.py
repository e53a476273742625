"""The items this laboratory measures, their panels and units, and what analyzers call them."""
