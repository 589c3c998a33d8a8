"""Failed jobs by cause, as lines of admin pages, and the page that retries all jobs of a cause."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.text import Truncator

from admin.columns import list_url
from jobs.display import counted
from jobs.joblist import FAILURES
from jobs.kinds import in_words
from jobs.models import BackgroundJob
from jobs.tally import Tally

WORDS = 90
"""The most characters of an error. The linked list shows the whole error."""

NAMED = 2
"""The number of workspaces of a cause that are named."""


@dataclass(frozen=True, slots=True)
class CauseLine:
    """Rows that failed for one reason, as a line of an admin page. `key` is the element's id, and `url` leads to the
    rows. `fix` is the label of the button that leads to `fix_url`, or "" for no button.
    """

    key: str
    count: str
    title: str
    about: str
    workspaces: str
    since: datetime | None
    url: str
    fix: str = ""
    fix_url: str = ""


def of_jobs(cause: Tally, *, may_retry: bool) -> CauseLine:
    """A line for failed jobs with one cause, titled with the last error, which has no user text (jobs.failures)."""
    count = counted(cause.count, FAILURES)
    return CauseLine(
        key=f"cause-{cause.key}",
        count=count,
        title=Truncator(cause.title).chars(WORDS) or "Failed without an error",
        about=in_words(cause.about),
        workspaces=whose(cause.workspaces),
        since=cause.first,
        url=list_url(BackgroundJob, state="failed", fingerprint=cause.key),
        fix=f"Retry {count}" if may_retry and cause.key else "",
        fix_url=reverse("admin:jobs_backgroundjob_cause", args=[cause.key]) if cause.key else "",
    )


def whose(names: Sequence[str | None]) -> str:
    """The workspaces of a cause: the first NAMED names, and the number of others."""
    workspaces = sorted(name for name in names if name)
    if not workspaces:
        return "no workspace"
    more = f" and {len(workspaces) - NAMED} more" if len(workspaces) > NAMED else ""
    return ", ".join(workspaces[:NAMED]) + more
