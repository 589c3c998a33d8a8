"""The registry of job kinds. An app registers its kinds in `<app>/jobs.py`, which `jobs.apps` imports at start. Code
that enqueues a kind of job declares the kind with `kind_name`, and a system check reports kinds without a handler.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ImproperlyConfigured

from jobs.conf import LONGEST_JOB_S
from jobs.lanes import BY_NAME, REPLY

if TYPE_CHECKING:
    from jobs.context import JobContext

Handler = Callable[["JobContext"], Any]


@dataclass(frozen=True, kw_only=True)
class Policy:
    """The limits of a kind of job. Within a lane, jobs with a lower `priority` run first. A retry waits min(cap, base *
    2^(attempt - 1)) ms, rounded up to a full second; after an unexpected error, the wait is random and at most this
    long. `max_age_hours` counts from the time when the job first became due. If a retry or a snooze would exceed this
    age, the job fails.
    """

    attempts: int = 8
    time_limit_ms: int = 60_000
    lane: str = REPLY
    priority: int = 100
    keep_done_days: int = 14
    keep_failed_days: int = 90
    backoff_base_ms: int = 5_000
    backoff_cap_ms: int = 900_000
    max_age_hours: float = 7 * 24


@dataclass(frozen=True)
class JobKind:
    name: str
    handler: Handler
    policy: Policy = field(default_factory=Policy)
    words: str = ""


KINDS: dict[str, JobKind] = {}
NAMED: dict[str, str] = {}
"""Maps each kind that is enqueued to the module that declared it."""


def kind_name(name: str, module: str) -> str:
    """Declares that `module` enqueues jobs of the kind `name`, and returns the name."""
    NAMED[name] = module
    return name


def job_kind(name: str, handler: Handler, *, words: str = "", **policy: Any) -> None:
    """Registers `handler(ctx)` for the kind `name`. `policy` takes the fields of Policy as keyword arguments. Raises
    ImproperlyConfigured for a duplicate name, a time limit out of range, or a missing or unknown lane.
    """
    if policy.get("lane") not in BY_NAME:
        raise ImproperlyConfigured(f"Job kind {name}: state its lane, one of {', '.join(BY_NAME)}.")
    kind = JobKind(name, handler, Policy(**policy), words)
    if not 0 < kind.policy.time_limit_ms <= LONGEST_JOB_S * 1000:
        raise ImproperlyConfigured(
            f"Job kind {name}: time_limit_ms must be within 1 and {LONGEST_JOB_S * 1000}."
        )
    if kind.policy.attempts < 1:
        raise ImproperlyConfigured(f"Job kind {name}: attempts must be at least 1.")
    if KINDS.setdefault(name, kind).handler is not handler:
        raise ImproperlyConfigured(f"Job kind {name} is registered twice.")


def policy_of(kind: str) -> Policy:
    """Returns the limits of the job kind `kind`, or the default limits for a kind that only another release knows."""
    entry = KINDS.get(kind)
    return entry.policy if entry else Policy()


def in_words(kind: str) -> str:
    entry = KINDS.get(kind)
    return entry.words if entry and entry.words else kind
