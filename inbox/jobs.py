"""The kinds of work the inbox does in the background; each handler is one line into the room that does it."""

from inbox.replying import claims, sending
from jobs.context import JobContext
from jobs.registry import job_kind


@job_kind(claims.SEND, attempts=sending.ATTEMPTS, time_limit_ms=90_000, priority=5)
def send_reply(ctx: JobContext) -> dict[str, str]:
    """Hand one approved message to its provider."""
    return sending.run(ctx)
