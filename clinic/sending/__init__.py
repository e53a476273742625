"""What is in the spool, sent: by priority, within hours and bandwidth, again until the region has it."""
