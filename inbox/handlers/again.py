"""A reply that was worked on is worked on again: its tag has changed, or what had to be left out can be done now."""

from datetime import datetime

from django.utils import timezone

from inbox.models import Message
from jobs.enqueue import JobSpec, enqueue_many
from jobs.registry import kind_name

CATCH_UP = kind_name("inbound.catch_up", __name__)


def again(message: Message, cause: str) -> None:
    """Work on `message` again because of `cause` (an id), once."""
    enqueue_many(CATCH_UP, [spec(message, cause)])


def spec(message: Message, cause: str = "", run_at: datetime | None = None) -> JobSpec:
    """The job for it; without a cause, one an hour."""
    return JobSpec(
        dedupe_key=f"{CATCH_UP}:{message.pk}:{cause or timezone.now().strftime('%Y-%m-%dT%H')}",
        workspace_id=message.workspace_id,
        payload={"message_id": str(message.pk)},
        run_at=run_at,
    )
