"""From a clinic's upload to a case: received, sorted out, matched with its order, kept, accepted."""
