"""Decides how a job continues after an attempt, and stores the decision."""

import sys
from datetime import timedelta
from types import FrameType, TracebackType
from typing import Any

from jobs import queue
from jobs.errors import Moved
from jobs.failures import NO_FAILURE, describe
from jobs.kinds import policy_of
from jobs.models import BackgroundJob
from jobs.queue import Started
from jobs.retries import decide


def settle(
    started: Started,
    error: BaseException | None,
    *,
    output: Any = None,
    duration_ms: int,
    cancel_requested: bool,
    worker: str,
    upcoming: BackgroundJob | None = None,
) -> tuple[str | None, Started | None]:
    """Settles a job whose attempt ended with `error` or `output`. Returns what `queue.settle` returns."""
    job = started.job
    decision = decide(
        error,
        policy=policy_of(job.kind),
        attempts=job.attempts,
        first_run_at=job.first_run_at,
        now=started.started_at + timedelta(milliseconds=duration_ms),
        cancel_requested=cancel_requested,
    )
    return queue.settle(
        started,
        decision,
        failure=NO_FAILURE if error is None or isinstance(error, Moved) else describe(error, job.kind),
        output=output,
        duration_ms=duration_ms,
        worker=worker,
        upcoming=upcoming,
    )


def where_it_stands(thread_id: int) -> TracebackType | None:
    """The traceback of the code that another thread runs now, or None if the thread has ended."""
    frame: FrameType | None = sys._current_frames().get(thread_id)
    trace = None
    while frame is not None:
        trace = TracebackType(trace, frame, frame.f_lasti, frame.f_lineno)
        frame = frame.f_back
    return trace
