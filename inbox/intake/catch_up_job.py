"""Enqueues work on a reply that was worked on before: its tag has changed, or what was left out can be done now."""

from datetime import datetime

from django.utils import timezone

from inbox.models import Message
from jobs.enqueue import JobSpec, enqueue_many
from jobs.kinds import kind_name

CATCH_UP = kind_name("inbound.catch_up", __name__)


def again(message: Message, cause: str) -> None:
    """Enqueues the job that works on `message` once more, once for each `cause` (an id)."""
    enqueue_many(CATCH_UP, [spec(message, cause)])


def spec(message: Message, cause: str = "", run_at: datetime | None = None) -> JobSpec:
    """The job that works on `message` once more, at `run_at` (aware) or now. There is one for each `cause` (an id),
    and at most one in each hour without a cause.
    """
    return JobSpec(
        dedupe_key=f"{CATCH_UP}:{message.pk}:{cause or timezone.now().strftime('%Y-%m-%dT%H')}",
        workspace_id=message.workspace_id,
        payload={"message_id": str(message.pk)},
        run_at=run_at,
    )
