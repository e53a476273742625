"""Pages of docs/ that are made from the code; tests/unit/pages fails when one is stale."""
