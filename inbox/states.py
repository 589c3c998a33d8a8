"""How a state looks: one table of tone, icon and word, which pages and the admin share.

Colour is never alone: every state has an icon and a word. A tone is "ok", "warn", "bad", "info" or "" (no colour).
"""

from typing import NamedTuple

from inbox.models import Draft, OutboundSend, SendingPolicy, WebhookDelivery
from inbox.models.lead import Suspicion, Tag
from integrations.models import HealthState, Notice


class State(NamedTuple):
    tone: str
    icon: str
    word: str


TAGS = {
    Tag.NEW: State("", "mail", "New"),
    Tag.INTERESTED: State("ok", "ok", "Interested"),
    Tag.INFORMATION_REQUESTED: State("ok", "info", "Info requested"),
    Tag.CALL_REQUESTED: State("ok", "ok", "Call requested"),
    Tag.MEETING_REQUESTED: State("ok", "clock", "Meeting requested"),
    Tag.MEETING_BOOKED: State("ok", "check", "Meeting booked"),
    Tag.FOLLOW_UP: State("", "snooze", "Follow up"),
    Tag.OBJECTION: State("", "info", "Objection"),
    Tag.NOT_INTERESTED: State("", "off", "Not interested"),
    Tag.BLACKLIST: State("bad", "off", "Do not contact"),
    Tag.OUT_OF_OFFICE: State("", "clock", "Out of office"),
    Tag.AUTOMATED_REPLY: State("", "retry", "Automated reply"),
    Tag.NEUTRAL: State("", "info", "Neutral"),
    Tag.SNOOZED: State("", "snooze", "Snoozed"),
    Tag.WRONG_PERSON: State("", "off", "Wrong person"),
}
SUSPICIONS = {kind: State("warn", "warn", str(kind.label)) for kind in Suspicion}
DRAFTS = {
    Draft.Status.PENDING: State("info", "draft", "Draft ready"),
    Draft.Status.APPROVED: State("info", "send", "Approved"),
    Draft.Status.SENT: State("ok", "check", "Sent"),
    Draft.Status.REJECTED: State("", "off", "Discarded"),
}
SENDS = {
    OutboundSend.State.INTENT: State("info", "send", "Going out"),
    OutboundSend.State.SENT: State("ok", "check", "Sent"),
    OutboundSend.State.FAILED: State("bad", "fail", "Failed to send"),
    OutboundSend.State.UNKNOWN: State("warn", "warn", "Not known if it went out"),
}
DELIVERIES = {
    WebhookDelivery.Verdict.ACCEPTED: State("ok", "check", "Accepted"),
    WebhookDelivery.Verdict.DUPLICATE: State("", "copy", "Duplicate"),
    WebhookDelivery.Verdict.IGNORED: State("", "off", "Ignored"),
    WebhookDelivery.Verdict.REJECTED: State("bad", "fail", "Rejected"),
    WebhookDelivery.Verdict.MISMATCH: State("bad", "fail", "Other workspace"),
    WebhookDelivery.Verdict.FAILED: State("bad", "critical", "Failed on our side"),
}
JOBS = {
    "queued": State("info", "clock", "Queued"),
    "running": State("info", "run", "Running"),
    "succeeded": State("ok", "check", "Done"),
    "failed": State("bad", "fail", "Failed"),
    "cancelled": State("", "off", "Cancelled"),
}
HEALTH = {
    HealthState.UNKNOWN: State("", "clock", "Not checked yet"),
    HealthState.CONNECTED: State("ok", "ok", "Connected"),
    HealthState.DEGRADED: State("warn", "warn", "Having trouble"),
    HealthState.RATE_LIMITED: State("warn", "warn", "Slowed down"),
    HealthState.PROVIDER_DOWN: State("warn", "retry", "Provider is down"),
    HealthState.DISCONNECTED: State("bad", "critical", "Needs reconnect"),
    HealthState.QUIET: State("warn", "snooze", "Quiet"),
}
NOTICES = {
    Notice.State.CLAIMED: State("info", "send", "Going out"),
    Notice.State.SENT: State("ok", "check", "Sent"),
    Notice.State.FAILED: State("bad", "fail", "Not sent"),
    Notice.State.UNKNOWN: State("warn", "warn", "Not known if it arrived"),
}
FOLLOWUPS = {
    "claimed": State("info", "run", "Being prepared"),
    "waiting": State("", "clock", "Put off"),
    "approval": State("info", "draft", "Waits for approval"),
    "sending": State("info", "send", "Going out"),
    "sent": State("ok", "check", "Sent"),
    "skipped": State("", "off", "Skipped"),
    "failed": State("bad", "fail", "Failed"),
    "cancelled": State("", "off", "Cancelled"),
    "off": State("", "off", "Switched off"),
}
MEETINGS = {
    "booked": State("ok", "check", "Booked"),
    "cancelled": State("warn", "off", "Cancelled"),
    "rescheduled": State("", "retry", "Moved"),
    "no_show": State("warn", "warn", "Did not show up"),
}
POLICIES = {
    SendingPolicy.Mode.OFF: State("", "off", "Off"),
    SendingPolicy.Mode.SHADOW: State("info", "draft", "Shadow"),
    SendingPolicy.Mode.AUTO: State("ok", "run", "Auto"),
}
TABLES = {
    "policy": POLICIES,
    "followup": FOLLOWUPS,
    "meeting": MEETINGS,
    "health": HEALTH,
    "notice": NOTICES,
    "tag": TAGS,
    "suspicion": SUSPICIONS,
    "draft": DRAFTS,
    "send": SENDS,
    "delivery": DELIVERIES,
    "job": JOBS,
}


def state_of(table: str, value: str) -> State:
    """The look of `value` in one of TABLES; a value that only the next release knows is shown as it is.

    Raises KeyError for a table that there is none of.
    """
    return TABLES[table].get(value) or State("", "info", value)
