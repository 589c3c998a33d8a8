"""The tasks that the job benchmark runs in procrastinate."""

import os
import time

import procrastinate

from tests.faults.jobs import outside

app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=os.environ.get("DATABASE_URL", "")))


@app.task(name="noop")
async def noop(key: str) -> None:
    """Does nothing."""


@app.task(name="stamp")
async def stamp(key: str) -> None:
    """Notes the time at which it started."""
    outside.note("start", key, at=time.time())
