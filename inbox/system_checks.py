"""System checks: what the rooms of the inbox do for each other must be registered, or nothing starts.

`inbox/wiring.py` is what is registered. Here stands what must be, and what is lost without it, so that neither a line
that went missing nor one that was added without a reason passes. The tag `wiring` runs these alone.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from weakref import ReferenceType

from django.apps import apps
from django.core.checks import CheckMessage, Error
from django.db.backends.signals import connection_created
from django.dispatch import Signal

from inbox import audit, buttons, signals
from inbox.enrichment import clay
from inbox.followups import groups, receivers
from inbox.health import recovery
from inbox.models import OutboundSend
from inbox.pipeline import enriching, notices
from inbox.replying import cards, claims
from integrations import health, outcomes, registry
from integrations.spec import Counts
from jobs import actions, prepared, retention, ticks

WIRING = "Register it in inbox/wiring.py."


class Heard(NamedTuple):
    """A receiver that a signal must have. `lost`: what does not happen without it."""

    signal: Signal
    name: str
    receiver: Callable[..., Any]
    lost: str


HEARD = (
    Heard(signals.lead_stopped, "lead_stopped", receivers.stop, "an opt-out does not end follow-ups"),
    Heard(
        signals.lead_replied, "lead_replied", receivers.pause_for_reply, "a reply does not pause follow-ups"
    ),
    Heard(
        signals.lead_tagged,
        "lead_tagged",
        receivers.note_response,
        "nobody learns how leads answer follow-ups",
    ),
    Heard(signals.lead_booked, "lead_booked", receivers.booked, "a meeting does not end follow-ups"),
    Heard(signals.lead_booked, "lead_booked", notices.on_booked, "Slack is not told of meetings"),
    Heard(
        signals.lead_enriched, "lead_enriched", enriching.on_enriched, "GoHighLevel does not learn numbers"
    ),
    Heard(
        signals.lead_enriched,
        "lead_enriched",
        clay.on_answer,
        "follow-ups wait on for what Clay has answered",
    ),
    Heard(
        signals.draft_changed, "draft_changed", cards.follow, "cards in Slack offer what was decided before"
    ),
    Heard(health.changed, "changed", recovery.on_change, "nobody is told of a broken account"),
    Heard(health.changed, "changed", groups.on_change, "follow-ups do not pause for a broken account"),
    Heard(actions.acted, "acted", audit.record_jobs, "what people do with jobs is not recorded"),
    Heard(
        connection_created,
        "connection_created",
        prepared.prepare_where_ours,
        "statements of the intake are parsed anew for each reply",
    ),
)

TICKS = {
    "appointment-reconcile": "meetings are not compared with the calendar",
    "background-jobs": "a job whose worker died is not taken up again",
    "catch-up": "replies that wait for a model wait for ever",
    "followups": "no follow-up is sent",
    "integration-health": "no account is probed, and silence is not noticed",
    "notifications": "people are not told of broken accounts",
    "reply-poll": "replies that no webhook brought are never found",
    "retention": "nothing is deleted when its time is up",
    "sends": "a send whose job is gone stays open, and its lead gets no answer",
}
"""The ticks that must be registered, each with what happens without it."""

PRUNED = {
    "inbox.WebhookDelivery": ("delivery secrets", "delivery bodies", "deliveries"),
    "inbox.Invitation": ("invitations",),
    "integrations.AiCall": ("model calls",),
    "jobs.BackgroundJob": ("jobs",),
    "jobs.JobStep": ("jobs",),
    "jobs.JobAttempt": ("jobs",),
    "jobs.JobAction": ("jobs",),
    "jobs.Worker": ("workers",),
    "axes.AccessLog": ("log-ins",),
    "sessions.Session": ("sessions",),
    "django_q.Task": ("task_results",),
    "django_q.OrmQ": ("wakeups",),
}
"""The retention rules that each table with an end must have."""

KEPT = {
    "It is a conversation, or a decision about one: it stays until its workspace goes.": (
        "inbox.Lead inbox.Message inbox.Draft inbox.OutboundSend inbox.TagDecision inbox.ProviderWord"
        " inbox.GateResult inbox.Campaign inbox.Appointment inbox.Enrichment inbox.FollowUpInstance"
        " inbox.FollowUpTask inbox.ChannelRefusal"
    ),
    "People made it, and they change or delete it.": (
        "inbox.Workspace inbox.User inbox.Membership inbox.WorkspaceFact inbox.SendingPolicy"
        " inbox.FollowUpSequence inbox.FollowUpStep integrations.Integration integrations.WebhookKey"
        " jobs.WorkspaceLimit auth.Group"
    ),
    "It says who did what, and is there to be looked up later.": "inbox.AuditEntry admin.LogEntry",
    "It is the history of an account, with few rows a day.": (
        "integrations.HealthTransition integrations.Notice"
    ),
    "It has one row per account, lead, person, provider or name, and each is written over.": (
        "integrations.WorkspaceIntegrationHealth integrations.ReplyPoll integrations.CircuitBreaker"
        " integrations.RateWindow inbox.BookingCheck inbox.HiddenBanner inbox.ModelOutage jobs.Tick"
        " django_q.Schedule auth.Permission contenttypes.ContentType"
    ),
    "Its library deletes it by itself, or does not use it here.": (
        "axes.AccessAttempt axes.AccessAttemptExpiration axes.AccessFailureLog"
    ),
}
"""Tables without a retention rule, by the reason why."""


def check_receivers(**_kwargs: object) -> list[CheckMessage]:
    """Each of HEARD is connected, and nothing of ours is connected that HEARD does not name."""
    found: list[CheckMessage] = []
    expected = {(one.name, _name(one.receiver)) for one in HEARD}
    for one in HEARD:
        if one.receiver not in _listeners(one.signal):
            found.append(_error(f"{_name(one.receiver)} does not hear {one.name}: {one.lost}.", WIRING, 1))
    for name, signal in {(one.name, one.signal) for one in HEARD} | _signals():
        for receiver in _listeners(signal):
            if _is_ours(receiver) and (name, _name(receiver)) not in expected:
                hint = "Say in HEARD of inbox/system_checks.py what is lost without it."
                found.append(_error(f"{_name(receiver)} hears {name}, and nothing says why.", hint, 2))
    return found


def check_vetoes(**_kwargs: object) -> list[CheckMessage]:
    """Before each call of a provider the send's own room is asked once more."""
    return [
        _error(f"Sends of the origin “{origin}” have no veto: none of them would go out.", WIRING, 3)
        for origin in OutboundSend.Origin.values
        if origin not in claims.VETOES
    ]


def check_stops(**_kwargs: object) -> list[CheckMessage]:
    """An opt-out reaches every provider that sends steps of campaigns."""
    hint = "State stop_campaign in its spec.py: it has a source of messages that counts as steps."
    return [
        _error(f"An opt-out stops no campaign at {spec.name}: it goes on mailing the lead.", hint, 9)
        for spec in registry.specs().values()
        if not spec.stop_campaign and any(one.counts is Counts.STEP for one in spec.sources or ())
    ]


def check_buttons(**_kwargs: object) -> list[CheckMessage]:
    """Each button of our messages in Slack does something."""
    return [
        _error(f"The button “{action_id}”, which {module} offers, does nothing.", WIRING, 4)
        for action_id, module in buttons.OFFERED.items()
        if action_id not in buttons.ACTIONS
    ]


def check_calls(**_kwargs: object) -> list[CheckMessage]:
    """What calls of providers show of an account reaches its health."""
    if outcomes.is_subscribed(health.observe):
        return []
    hint = "Subscribe integrations.health.observe in integrations/apps.py."
    return [_error("integrations.health.observe does not hear how calls end: no account breaks.", hint, 5)]


def check_ticks(**_kwargs: object) -> list[CheckMessage]:
    """Each of TICKS is registered, and nothing else of these rooms."""
    hint = "Register it with @tick in inbox/jobs.py, or in jobs/housekeeping.py."
    found = [
        _error(f"The tick “{name}” is missing: {lost}.", hint, 6)
        for name, lost in TICKS.items()
        if name not in ticks.TICKS
    ]
    hint = "Say in TICKS of inbox/system_checks.py what happens without it."
    return found + [
        _error(f"The tick “{name}” runs, and nothing says why.", hint, 7)
        for name, spec in ticks.TICKS.items()
        if name not in TICKS and spec.run.__module__.startswith(("inbox.", "integrations.", "jobs."))
    ]


def check_retention(**_kwargs: object) -> list[CheckMessage]:
    """Every table has an end, or a reason why it has none."""
    models = [model._meta.label for model in apps.get_models() if not model._meta.proxy]
    ours = [label for label in models if not label.startswith("insights.")]
    return [
        Error(said, hint=hint, id="inbox.E008")
        for said, hint in retention.gaps(ours, PRUNED, KEPT, "inbox/system_checks.py", "inbox/wiring.py")
    ]


CHECKS = (
    check_receivers,
    check_vetoes,
    check_stops,
    check_buttons,
    check_calls,
    check_ticks,
    check_retention,
)
"""Registered by InboxConfig."""


def _signals() -> set[tuple[str, Signal]]:
    return {(name, one) for name, one in vars(signals).items() if isinstance(one, Signal)}


def _listeners(signal: Signal) -> list[Callable[..., Any]]:
    held: Iterator[Any] = (entry[1] for entry in signal.receivers)
    return [one() if isinstance(one, ReferenceType) else one for one in held]


def _is_ours(receiver: Callable[..., Any]) -> bool:
    return receiver.__module__.partition(".")[0] in ("inbox", "integrations", "jobs")


def _name(receiver: Callable[..., Any]) -> str:
    return f"{receiver.__module__}.{receiver.__qualname__}"


def _error(said: str, hint: str, number: int) -> Error:
    return Error(said, hint=hint, id=f"inbox.E{number:03}")
