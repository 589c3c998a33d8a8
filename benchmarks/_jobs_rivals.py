"""procrastinate's side of the job benchmark."""

import os
import time

import procrastinate

from tests.faults.jobs import outside

app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=os.environ.get("DATABASE_URL", "")))


@app.task(name="noop")
async def noop(key: str) -> None:
    """Nothing."""


@app.task(name="stamp")
async def stamp(key: str) -> None:
    """Say when it started."""
    outside.note("start", key, at=time.time())
