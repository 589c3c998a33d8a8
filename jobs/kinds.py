"""The registry of job kinds. Each kind is declared with its handler, its limits and retention.

The kinds of an app are in `<app>/jobs.py`, which `jobs.apps` imports at start. Code that enqueues a kind declares it
with `kind_name`. A system check (jobs.system_checks) reports declared kinds without a handler.
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
    """The limits of a kind of background job: attempts, time, place in the queue, and how long its rows are kept.

    `lane` is one of `jobs.lanes`; `priority` orders jobs within it, lower first. The pause before a retry is min(cap,
    base * 2^(attempt - 1)) ms, up to the next full second. After an unexpected error it is a random time up to that.
    `max_age_hours` counts from the job's first due time; a retry or snooze beyond it fails the job as too old.
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
    """A kind of background job: its name, the function that runs it (`handler`), its limits (`policy`), and what it
    does in words for people.
    """

    name: str
    handler: Handler
    policy: Policy = field(default_factory=Policy)
    words: str = ""


KINDS: dict[str, JobKind] = {}
NAMED: dict[str, str] = {}
"""The kinds that some module enqueues, each with that module."""


def kind_name(name: str, module: str) -> str:
    """Declares that `module` enqueues background jobs of the kind `name`, and returns the name. A system check then
    asks for a handler of that kind.
    """
    NAMED[name] = module
    return name


def job_kind(name: str, handler: Handler, *, words: str = "", **policy: Any) -> None:
    """Registers `handler(ctx)` as what runs jobs of the kind `name`. The keyword arguments are Policy's fields. `words`
    says for people what such a job does.

    Raises ImproperlyConfigured for a name that is taken, a time limit out of range, or a missing or unknown lane.
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
    """The limits of jobs of `kind`, or the default ones for a kind that this process does not know.

    An older or newer release may have made such a job.
    """
    entry = KINDS.get(kind)
    return entry.policy if entry else Policy()


def in_words(kind: str) -> str:
    """What jobs of `kind` do, in words for people; the kind's name if its declaration has none."""
    entry = KINDS.get(kind)
    return entry.words if entry and entry.words else kind
