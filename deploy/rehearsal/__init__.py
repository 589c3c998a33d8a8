"""The rehearsal of an installation: `deploy/rehearse`."""
