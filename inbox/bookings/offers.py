"""A text that offers meeting times goes out only while the calendar still has them free."""

from django.utils.dateparse import parse_datetime

from inbox.bookings import slots
from inbox.models import OutboundSend
from inbox.replying.context import Slot
from jobs.deadline import Deadline

GONE = "A time that it offers is no longer free."


def listed(offered: list[Slot], text: str) -> list[list[str]]:
    """Which of `offered` stand in `text`, as they are kept: (ISO time, words)."""
    return [[slot.starts_at.isoformat(), slot.words] for slot in offered if slot.words in text]


def problem(send: OutboundSend, deadline: Deadline) -> str:
    """GONE where the calendar has lost a time that `send` still names; "" otherwise. Raises what the client raises."""
    task = getattr(send, "followup_task", None)
    offered = task.offered if task else send.draft.verification.get("offered", []) if send.draft else []
    times = [parse_datetime(moment) for moment, words in offered if words in send.text]
    return "" if slots.still_free(send.workspace, times, deadline) else GONE
