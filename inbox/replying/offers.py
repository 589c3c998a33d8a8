"""Checks that the meeting times in a text are still free in the calendar before it goes out."""

from datetime import datetime

from inbox.models import OutboundSend
from inbox.replying import slots
from inbox.replying.draft_material import Slot
from jobs.deadline import Deadline

GONE = "A time that it offers is no longer free."


def listed(offered: list[Slot], text: str) -> list[list[str]]:
    """The free meeting times of `offered` that `text` names, as they are stored: [ISO time, words]."""
    return [[slot.starts_at.isoformat(), slot.words] for slot in offered if slot.words in text]


def problem(send: OutboundSend, deadline: Deadline) -> str:
    """Returns GONE, a sentence, if a meeting time that the message `send` offers is no longer free, else "". Raises the
    errors of the calendar's client.
    """
    task = getattr(send, "followup_task", None)
    offered = task.offered if task else send.draft.verification.get("offered", []) if send.draft else []
    times = [datetime.fromisoformat(moment) for moment, words in offered if words in send.text]
    return "" if slots.still_free(send.workspace, times, deadline) else GONE
