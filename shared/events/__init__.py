"""What services tell each other: the envelope and every event class, versioned. Pure: no framework."""
