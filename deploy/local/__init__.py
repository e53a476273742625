"""A whole region on one machine: PostgreSQL, NATS, the services and the front door under one supervisor."""
