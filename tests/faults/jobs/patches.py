"""Hooks that a harness process applies to itself before its command runs (HARNESS_PATCH names one)."""

import os
import signal
import time
from collections.abc import Callable
from typing import Any

from django.db import OperationalError
from django_q.brokers.orm import ORM

from jobs import context, heartbeat, queue
from jobs.broker import PostgresBroker
from jobs.cluster import children, dispatcher, sentinel, supervisor
from jobs.models import BackgroundJob
from tests.faults.jobs import outside

POINTS = (
    "before claim",
    "after claim",
    "after start",
    "send started",
    "provider accepted",
    "send done",
    "before settle",
    "after settle",
    "before acknowledgement",
)


def crash_points() -> None:
    """Kill a process of the cluster, once, at each point; a job's key names its point, the other points take any job.

    The supervisor, which settles what a cut worker had, is spared: nothing here would start it again.
    """
    supervisor.BACKOFF_CAP_S = 0.5
    spared.add(os.getpid())
    around(queue, "claim", before=lambda *_, **__: crash("before claim"), after=after_claim)
    around(queue, "start", after=lambda started, *_: started and crash("after start", started.job.payload))
    around(context, "write_step", after=after_step)
    around(queue, "settle", before=before_settle, after=after_settle)
    around(ORM, "acknowledge", before=before_acknowledgement)
    around(outside, "note", after=after_note)


spared: set[int] = set()


def crash(point: str, payload: dict | None = None) -> None:
    if os.getpid() in spared or (payload is not None and payload.get("key") != point):
        return
    marker = outside.ledger_path().with_name(point.replace(" ", "-"))
    try:
        marker.touch(exist_ok=False)
    except FileExistsError:
        return
    os.kill(os.getpid(), signal.SIGKILL)


def before_acknowledgement(*_: object) -> None:
    """A tick's end comes at any time. A kill then would cut short a job beside it, which would miss its own point."""
    if not BackgroundJob.objects.filter(status="running").exists():
        crash("before acknowledgement")


def after_claim(claimed: tuple, *_: object, **__: object) -> None:
    for job in claimed[1]:
        crash("after claim", job.payload)


def after_step(_written: bool, job_id, _token, name: str, _effect: str, status: str, **_: object) -> None:
    if name == "send":
        point = "send started" if status == "started" else "send done"
        crash(point, payload_of(job_id))


def before_settle(started, *_: object, **__: object) -> None:
    crash("before settle", started.job.payload)


def after_settle(_outcome: str | None, started, *_: object, **__: object) -> None:
    crash("after settle", started.job.payload)


def after_note(_: None, event: str, key: str, **details: object) -> None:
    if event == "send":
        crash("provider accepted", {"key": key})


def payload_of(job_id) -> dict:
    return BackgroundJob.objects.get(pk=job_id).payload


def around(owner: Any, name: str, *, before: Callable | None = None, after: Callable | None = None) -> None:
    original = getattr(owner, name)

    def wrapped(*args, **kwargs):
        if before:
            before(*args, **kwargs)
        result = original(*args, **kwargs)
        if after:
            after(result, *args, **kwargs)
        return result

    setattr(owner, name, wrapped)


def short_graces() -> None:
    """Graces of seconds, so that a test need not wait until they end."""
    heartbeat.SHUTDOWN_GRACE_S = 1
    sentinel.SHUTDOWN_GRACE_S = 1
    sentinel.SHUTDOWN_HARD_S = 3
    children.SHUTDOWN_GRACE_S, children.SHUTDOWN_HARD_S = 1, 3
    heartbeat.OVERRUN_GRACE_S = 1


def short_waits() -> None:
    """Graces and watchdogs of seconds. A process of a busy machine may be silent for as long."""
    short_graces()
    sentinel.SILENT_AFTER_S = 4
    sentinel.WEDGED_AFTER_S = 4
    supervisor.SILENT_AFTER_S = 4


def first_leases_run_out() -> None:
    """Leases last 2 s, and the first dozen renewals of a process fail, two each second."""
    stock, heartbeat.LEASE_S, queue.LEASE_S, heartbeat.HEARTBEAT_S = queue.renew, 2, 2, 1
    queue.CLAIM_VALUES["lease_s"] = 2
    failures = iter(range(12))

    def renew(*arguments):
        if next(failures, None) is not None:
            raise OperationalError("the database did not answer in time")
        return stock(*arguments)

    queue.renew = renew


def without_looks() -> None:
    """The dispatcher looks for due jobs once an hour, so that only wake-ups start them."""
    dispatcher.DUE_CHECK_S = 3600


def without_dequeue() -> None:
    """Without the looks, and the broker gives out nothing."""
    without_looks()
    PostgresBroker.dequeue = lambda self: time.sleep(0.1)


def deaf() -> None:
    """The dispatcher hears no wake-up and looks ten times a second, as behind a pooler without WAKE_DATABASE_URL."""
    PostgresBroker.deaf = True


def wedged_once() -> None:
    """The first cluster's dispatcher turns but passes nothing on: a wedge that no heartbeat shows."""
    short_waits()

    def start(*args, **kwargs) -> None:
        marker = outside.ledger_path().with_name("wedged")
        if not marker.exists():
            marker.touch()
            dispatcher.Dispatcher._ring = lambda self: None
        run(*args, **kwargs)

    run, sentinel.run_dispatcher = sentinel.run_dispatcher, start
