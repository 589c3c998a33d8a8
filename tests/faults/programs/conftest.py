"""The jobs' stage, on which programs write and receive."""

from tests.faults.jobs.conftest import server, stage

__all__ = ["server", "stage"]
