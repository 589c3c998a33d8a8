"""The jobs' stage, and a provider of its own beside it."""

from tests.faults.jobs.conftest import server, stage

__all__ = ["server", "stage"]
