"""Fills in the words of messages for the search, where the release before wrote the row and left them empty."""

from uuid import UUID

from django.db import connection
from django.db.models.functions import Left

from inbox.models import Message
from inbox.models.words import TEXT_CHARS, vector
from jobs.deadline import Deadline

SLICE = 500
WRITE = """
WITH free AS (
    SELECT id FROM inbox_message WHERE id = ANY(%(ids)s) AND found_by IS NULL FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE inbox_message SET found_by = made.words::tsvector
FROM free JOIN unnest(%(ids)s::uuid[], %(words)s::text[]) made (id, words) USING (id)
WHERE inbox_message.id = free.id
"""


def fill(deadline: Deadline) -> dict[str, int]:
    """The tick `search-words` (recurring work): fills in the words of messages that have none, one workspace after the
    other, the newest first, until `deadline`. Returns {"filled": the number of messages}.
    """
    filled, empty = 0, Message.objects.filter(found_by__isnull=True)
    workspace_id = _next(None)
    while workspace_id is not None and not deadline.expired:
        rows = empty.filter(workspace=workspace_id).order_by("-received_at")
        rest = rows
        while not deadline.expired:
            batch = list(rest.values_list("pk", "subject", Left("text", TEXT_CHARS), "received_at")[:SLICE])
            written = _write([(pk, vector(workspace_id, subject, text)) for pk, subject, text, _ in batch])
            filled += written
            if len(batch) < SLICE or not written:
                workspace_id = _next(workspace_id)
                break
            # The next slice begins here, as it would else read what has been filled in again.
            rest = rows.filter(received_at__lte=batch[-1][3])
    return {"filled": filled}


def _next(workspace_id: UUID | None) -> UUID | None:
    """The workspace after `workspace_id` that has messages without words."""
    empty = Message.objects.filter(found_by__isnull=True)
    later = empty.filter(workspace__gt=workspace_id) if workspace_id else empty
    return later.order_by("workspace").values_list("workspace", flat=True).first()


def _write(vectors: list[tuple[UUID, str]]) -> int:
    """Writes the words of these messages; not of those that another transaction holds, for which the next run waits."""
    ids, words = [pk for pk, _ in vectors], [text for _, text in vectors]
    with connection.cursor() as cursor:
        cursor.execute(WRITE, {"ids": ids, "words": words})
        written: int = cursor.rowcount
    return written
