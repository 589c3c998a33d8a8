"""The kinds of job that exist, each declared with its budget and retention next to its handler.

A handler lives in `<app>/jobs.py`; importing that module registers it, which `jobs.apps` does at start. Whoever
enqueues a kind names it with `kind_name`: a system check (jobs.checks) finds names that nothing handles.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ImproperlyConfigured

from jobs.conf import LONGEST_JOB_S

if TYPE_CHECKING:
    from jobs.context import JobContext

Handler = Callable[["JobContext"], Any]


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What a kind may use: tries, time, place in the queue, and how long its rows stay.

    Backoff is min(cap, base * 2^(attempt - 1)) ms, up to the next full second; after an error that nobody expected it
    is uniform between 0 and that. `max_age_hours` is counted from the job's first due time; a retry or snooze beyond
    it fails the job as too old.
    """

    attempts: int = 8
    time_limit_ms: int = 60_000
    priority: int = 100
    keep_done_days: int = 14
    keep_failed_days: int = 90
    backoff_base_ms: int = 5_000
    backoff_cap_ms: int = 900_000
    max_age_hours: float = 7 * 24


@dataclass(frozen=True)
class Kind:
    """A named handler and its policy."""

    name: str
    handler: Handler
    policy: Policy = field(default_factory=Policy)


KINDS: dict[str, Kind] = {}
NAMED: dict[str, str] = {}
"""The kinds that are enqueued somewhere, each with the module that does it."""


def kind_name(name: str, module: str) -> str:
    """Declare that `module` enqueues jobs of the kind `name`; returns the name."""
    NAMED[name] = module
    return name


def job_kind(name: str, **policy: Any) -> Callable[[Handler], Handler]:
    """Register the decorated `handler(ctx)` as the kind `name`; keyword arguments are Policy's fields.

    Raises ImproperlyConfigured for a name that is taken, a limit that cannot be kept, or no word about its priority.
    """
    if "priority" not in policy:
        raise ImproperlyConfigured(f"Job kind {name}: state its priority, which is its place in the queue.")

    def register(handler: Handler) -> Handler:
        kind = Kind(name, handler, Policy(**policy))
        if not 0 < kind.policy.time_limit_ms <= LONGEST_JOB_S * 1000:
            raise ImproperlyConfigured(
                f"Job kind {name}: time_limit_ms must be within 1 and {LONGEST_JOB_S * 1000}."
            )
        if kind.policy.attempts < 1:
            raise ImproperlyConfigured(f"Job kind {name}: attempts must be at least 1.")
        if KINDS.setdefault(name, kind).handler is not handler:
            raise ImproperlyConfigured(f"Job kind {name} is registered twice.")
        return handler

    return register


def policy_of(kind: str) -> Policy:
    """The policy of `kind`, or the default one where this process does not know it (an older or newer release)."""
    known = KINDS.get(kind)
    return known.policy if known else Policy()
