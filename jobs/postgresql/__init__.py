"""Django's PostgreSQL backend, with a gate at which threads wait for their turn to connect."""
