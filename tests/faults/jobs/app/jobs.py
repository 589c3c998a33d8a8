"""The kinds that the fault tests run."""

import os
import time
from collections.abc import Callable

from integrations.http.session import ProviderSession
from jobs.context import JobContext
from jobs.db import drop_connection
from jobs.deadline import Deadline
from jobs.errors import PermanentError, TransientError
from jobs.kinds import job_kind
from tests.faults.jobs import outside
from tests.faults.jobs.app.models import Booking

QUICK = {
    "lane": "reply",
    "attempts": 12,
    "backoff_base_ms": 200,
    "backoff_cap_ms": 2_000,
    "time_limit_ms": 60_000,
}


def work(ctx: JobContext) -> dict:
    """A read, an effect in the database, a send, a little more work; some fail on their first attempt."""
    return work_after(ctx, lambda deadline: away(deadline, ctx.payload["pause_ms"] / 1000))


def gated_work(ctx: JobContext) -> dict:
    """The same, whose read lasts until the test lets it end."""
    return work_after(ctx, wait_for_release)


def work_after(ctx: JobContext, look: Callable[[Deadline], None]) -> dict:
    key, pause_s = ctx.payload["key"], ctx.payload["pause_ms"] / 1000
    outside.note("start", key, attempt=ctx.attempt)
    ctx.step("look", look)
    if ctx.payload["flaky"] and ctx.attempt == 1:
        raise TransientError("first attempts fail here")
    with ctx.fenced():  # effect and record in one transaction
        ctx.step("book", lambda deadline: book(key))
    ctx.step(
        "send", lambda deadline: send(key, pause_s), effect="send", on_interrupted=lambda deadline: find(key)
    )
    ctx.step("tidy", lambda deadline: away(deadline, pause_s))
    return {"key": key}


def away(deadline: Deadline, pause_s: float) -> None:
    """Waits as a handler waits for another machine: without a connection, which other jobs of the process need."""
    drop_connection()
    deadline.sleep_s(pause_s)


def wait_for_release(deadline: Deadline) -> None:
    drop_connection()
    while not outside.released():
        deadline.sleep_s(0.05)


def book(key: str) -> None:
    Booking.objects.create(job_key=key, host=os.environ.get("HARNESS_HOST", ""))


def send(key: str, pause_s: float) -> str:
    """The outside world accepts it in the middle of the call."""
    drop_connection()
    time.sleep(pause_s / 2)
    outside.note("send", key)
    time.sleep(pause_s / 2)
    return "sent"


def find(key: str) -> str:
    """An interrupted send: found outside it is done; not found it may still be under way, so a person decides."""
    if any(line["event"] == "send" and line["key"] == key for line in outside.read(outside.ledger_path())):
        return "found"
    raise PermanentError("The send was interrupted and is not found outside.")


def sleep(ctx: JobContext) -> None:
    """Work that only takes time, in the open: it minds its Deadline."""
    outside.note("start", ctx.payload["key"], attempt=ctx.attempt)
    ctx.deadline.sleep_s(ctx.payload["seconds"])
    outside.note("end", ctx.payload["key"])


def held(ctx: JobContext) -> None:
    """Work that lasts until the test lets it end."""
    outside.note("start", ctx.payload["key"], attempt=ctx.attempt)
    wait_for_release(ctx.deadline)
    outside.note("end", ctx.payload["key"])


def deaf(ctx: JobContext) -> None:
    """Work that does not listen: no Deadline, no checkpoint."""
    outside.note("start", ctx.payload["key"], attempt=ctx.attempt)
    time.sleep(ctx.payload["seconds"])
    outside.note("end", ctx.payload["key"])


def call(ctx: JobContext) -> None:
    """Ask a provider for something; it is the test's."""
    url = os.environ["HARNESS_PROVIDER"]
    session = ProviderSession(provider="emailbison", base_url=url, timeout_ms=60_000)
    session.request("GET", f"/{ctx.payload['key']}", operation="harness", deadline=ctx.deadline)


def kill(ctx: JobContext) -> None:
    """A job that kills its worker, as running out of memory does."""
    outside.note("start", ctx.payload["key"], attempt=ctx.attempt)
    os.kill(os.getpid(), 9)


def noop(ctx: JobContext) -> None:
    """Nothing: what remains is the queue's own cost."""


def stamp(ctx: JobContext) -> None:
    """Say when it started."""
    outside.note("start", ctx.payload["key"], attempt=ctx.attempt)


job_kind("harness.work", work, **QUICK)
job_kind("harness.gated_work", gated_work, **QUICK)
job_kind("harness.sleep", sleep, **QUICK)
job_kind("harness.held", held, **QUICK)
job_kind("harness.stubborn", deaf, **QUICK)
job_kind("harness.deaf", deaf, **QUICK | {"time_limit_ms": 1_000})
job_kind("harness.call", call, **QUICK)
job_kind("harness.call_briefly", call, **QUICK | {"time_limit_ms": 1_000})
job_kind("harness.kill", kill, **QUICK)
job_kind("harness.noop", noop, **QUICK)
job_kind("harness.stamp", stamp, **QUICK)
