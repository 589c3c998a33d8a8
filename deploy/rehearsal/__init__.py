"""The rehearsals of an installation: `deploy/rehearse`, `make rehearse-freeze` and `make rehearse-slow`."""
