"""The tone, icon and word of each state, in tables that the pages and the admin share.

Every state has an icon and a word, so that colour is never its only sign. A tone is "ok", "warn", "bad", "info" or "".
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from inbox.health.sentences import TONES
from inbox.models import Draft, OutboundSend, SendingPolicy, WebhookDelivery
from inbox.models.lead import Suspicion, Tag
from integrations.models import HealthState, Notice


class StateMark(NamedTuple):
    tone: str
    icon: str
    word: str


TABLES: dict[str, Mapping[Any, StateMark]] = {
    "tag": {
        Tag.NEW: StateMark("", "mail", "New"),
        Tag.INTERESTED: StateMark("ok", "ok", "Interested"),
        Tag.INFORMATION_REQUESTED: StateMark("ok", "info", "Info requested"),
        Tag.CALL_REQUESTED: StateMark("ok", "ok", "Call requested"),
        Tag.MEETING_REQUESTED: StateMark("ok", "clock", "Meeting requested"),
        Tag.MEETING_BOOKED: StateMark("ok", "check", "Meeting booked"),
        Tag.FOLLOW_UP: StateMark("", "snooze", "Follow up"),
        Tag.OBJECTION: StateMark("", "info", "Objection"),
        Tag.NOT_INTERESTED: StateMark("", "off", "Not interested"),
        Tag.BLACKLIST: StateMark("bad", "off", "Do not contact"),
        Tag.OUT_OF_OFFICE: StateMark("", "clock", "Out of office"),
        Tag.AUTOMATED_REPLY: StateMark("", "retry", "Automated reply"),
        Tag.NEUTRAL: StateMark("", "info", "Neutral"),
        Tag.SNOOZED: StateMark("", "snooze", "Snoozed"),
        Tag.WRONG_PERSON: StateMark("", "off", "Wrong person"),
    },
    "suspicion": {kind: StateMark("warn", "pause", str(kind.label)) for kind in Suspicion},
    "draft": {
        Draft.Status.PENDING: StateMark("info", "draft", "Draft ready"),
        Draft.Status.APPROVED: StateMark("info", "send", "Approved"),
        Draft.Status.SENT: StateMark("ok", "check", "Sent"),
        Draft.Status.REJECTED: StateMark("", "off", "Discarded"),
    },
    "send": {
        OutboundSend.State.LATER: StateMark("info", "clock", "Going out later"),
        OutboundSend.State.INTENT: StateMark("info", "send", "Going out"),
        OutboundSend.State.SENT: StateMark("ok", "check", "Sent"),
        OutboundSend.State.FAILED: StateMark("bad", "fail", "Failed to send"),
        OutboundSend.State.UNKNOWN: StateMark("warn", "warn", "May have been sent"),
        OutboundSend.State.TAKEN_BACK: StateMark("", "off", "Taken back"),
    },
    "delivery": {
        WebhookDelivery.Verdict.ACCEPTED: StateMark("ok", "check", "Accepted"),
        WebhookDelivery.Verdict.DUPLICATE: StateMark("", "copy", "Duplicate"),
        WebhookDelivery.Verdict.IGNORED: StateMark("", "off", "Ignored"),
        WebhookDelivery.Verdict.REJECTED: StateMark("bad", "fail", "Rejected"),
        WebhookDelivery.Verdict.MISMATCH: StateMark("bad", "fail", "Other workspace"),
        WebhookDelivery.Verdict.FAILED: StateMark("bad", "critical", "Failed on our side"),
    },
    "job": {
        "queued": StateMark("info", "clock", "Queued"),
        "running": StateMark("info", "run", "Running"),
        "succeeded": StateMark("ok", "check", "Done"),
        "failed": StateMark("bad", "fail", "Failed"),
        "cancelled": StateMark("", "off", "Cancelled"),
    },
    "cron": {
        "never": StateMark("bad", "warn", "Never ran"),
        "late": StateMark("bad", "warn", "Late"),
        "running": StateMark("info", "run", "Running"),
        "failed": StateMark("bad", "fail", "Failed"),
        "overran": StateMark("warn", "warn", "Timed out"),
        "on time": StateMark("ok", "check", "On time"),
    },
    "health": {
        state: StateMark(TONES.get(state, ""), icon, word)
        for state, icon, word in (
            (HealthState.UNKNOWN, "clock", "Not checked yet"),
            (HealthState.CONNECTED, "ok", "Connected"),
            (HealthState.DEGRADED, "warn", "Having trouble"),
            (HealthState.RATE_LIMITED, "warn", "Slowed down"),
            (HealthState.PROVIDER_DOWN, "retry", "Provider is down"),
            (HealthState.DISCONNECTED, "critical", "Needs reconnect"),
            (HealthState.QUIET, "snooze", "Quiet"),
            (HealthState.NOT_UNDERSTOOD, "warn", "Not understood"),
        )
    }
    | {"mailbox": StateMark("warn", "warn", "Mailbox problem")},
    "notice": {
        Notice.State.CLAIMED: StateMark("info", "send", "Going out"),
        Notice.State.SENT: StateMark("ok", "check", "Sent"),
        Notice.State.FAILED: StateMark("bad", "fail", "Not sent"),
        Notice.State.UNKNOWN: StateMark("warn", "warn", "May have arrived"),
    },
    "followup": {
        "claimed": StateMark("info", "run", "Being prepared"),
        "waiting": StateMark("", "clock", "Postponed"),
        "approval": StateMark("info", "draft", "Needs approval"),
        "sending": StateMark("info", "send", "Going out"),
        "sent": StateMark("ok", "check", "Sent"),
        "skipped": StateMark("", "off", "Skipped"),
        "failed": StateMark("bad", "fail", "Failed"),
        "cancelled": StateMark("", "off", "Cancelled"),
        "off": StateMark("", "off", "Off"),
    },
    "meeting": {
        "booked": StateMark("ok", "check", "Booked"),
        "cancelled": StateMark("warn", "off", "Cancelled"),
        "rescheduled": StateMark("", "retry", "Moved"),
        "no_show": StateMark("warn", "warn", "No-show"),
    },
    "policy": {
        SendingPolicy.Mode.OFF: StateMark("", "off", "Off"),
        SendingPolicy.Mode.SHADOW: StateMark("info", "draft", "Shadow"),
        SendingPolicy.Mode.AUTO: StateMark("ok", "run", "Auto"),
    },
}


def state_of(table: str, name: str) -> StateMark:
    """Returns the mark of the state `name`. An unknown state gets a mark with its name as the word. Raises KeyError for
    an unknown `table`.
    """
    return TABLES[table].get(name) or StateMark("", "info", name)
