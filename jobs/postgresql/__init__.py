"""Django's PostgreSQL backend, extended so that threads that share a gate wait for their turn to connect."""
