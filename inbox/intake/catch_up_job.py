"""Enqueues a reply again: its tag has changed, or a step that was left out can be done now."""

from datetime import datetime

from django.utils import timezone

from inbox.models import Message
from jobs.enqueue import JobSpec, enqueue_many
from jobs.kinds import kind_name

CATCH_UP = kind_name("inbound.catch_up", __name__)


def again(message: Message, cause: str) -> None:
    """Enqueues the job that processes `message` again, once per `cause` (an id)."""
    enqueue_many(CATCH_UP, [spec(message, cause)])


def spec(message: Message, cause: str = "", run_at: datetime | None = None) -> JobSpec:
    """The job that processes `message` again, at `run_at` (aware) or now. There is one job per `cause` (an id). Without
    a cause, there is at most one per hour.
    """
    return JobSpec(
        dedupe_key=f"{CATCH_UP}:{message.pk}:{cause or timezone.now().strftime('%Y-%m-%dT%H')}",
        workspace_id=message.workspace_id,
        payload={"message_id": str(message.pk)},
        run_at=run_at,
    )
