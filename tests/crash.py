"""Killing a worker at a chosen point: a forked child runs the queue, dies by SIGKILL, and its lease runs out."""

import os
import signal
from collections.abc import Callable

from django.db import connections

from jobs import lost_workers, process
from jobs.models import BackgroundJob
from jobs.process import WorkerProcess
from jobs.worker import drain
from tests.world import forget_calls


def die(*_args: object) -> None:
    """End this process as the kernel would."""
    os.kill(os.getpid(), signal.SIGKILL)


def run_and_die(arm: Callable[[], None]) -> bool:
    """Drain in a child after `arm()`, which makes it die somewhere; whether it died. Its jobs are free afterwards."""
    connections.close_all()
    pid = os.fork()
    if pid == 0:
        try:
            process.become(WorkerProcess())
            forget_calls()
            arm()
            drain()
        finally:
            os._exit(0)
    _, status = os.waitpid(pid, 0)
    BackgroundJob.objects.filter(status="running").update(lease_expires_at="2000-01-01T00:00:00Z")
    lost_workers.sweep()
    BackgroundJob.objects.filter(status="queued", kind="inbound.process").update(
        run_at="2000-01-01T00:00:00Z"
    )
    return os.WIFSIGNALED(status)
