"""System checks that compare the registrations in `inbox/wiring.py` with the tables in this module.

The tables state the reason for each registration. No process starts if a registration is missing, or if one has no
reason here. `manage.py check --tag wiring` runs only these checks.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from weakref import ReferenceType

from django.apps import apps
from django.conf import settings
from django.contrib import auth
from django.core.checks import CheckMessage, Error, Warning
from django.dispatch import Signal

from inbox import signals
from inbox.followups import groups, receivers
from inbox.health import comeback
from inbox.leads import enrichment
from inbox.models import OutboundSend, audit
from inbox.pipeline import merged, missing_facts, tag_notices
from inbox.replying import buttons, send_claims, slack_cards, undo
from inbox.workspaces import identity
from integrations import registry
from integrations.health import writer
from integrations.http import call_reports
from integrations.spec import Counts
from jobs import actions, retention, ticks

WIRING = "Register it in inbox/wiring.py."


class Heard(NamedTuple):
    """A signal and the receiver that must be connected to the signal. `lost` says what fails without the receiver."""

    signal: Signal
    receiver: Callable[..., Any]
    lost: str


HEARD = (
    Heard(signals.lead_stopped, receivers.stop, "an opt-out does not end follow-ups"),
    Heard(signals.lead_replied, receivers.pause_for_reply, "a reply does not pause follow-ups"),
    Heard(signals.lead_replied, undo.on_reply, "a scheduled answer goes out although the lead has written"),
    Heard(signals.lead_tagged, receivers.note_response, "no one sees how leads respond to follow-ups"),
    Heard(signals.lead_booked, receivers.booked, "a meeting does not end follow-ups"),
    Heard(signals.lead_booked, tag_notices.on_booked, "Slack gets no notices of meetings"),
    Heard(signals.lead_labelled, tag_notices.on_labelled, "Slack gets no notices of labels"),
    Heard(signals.lead_merged, merged.on_merged, "a merge leaves drafts for older replies"),
    Heard(signals.lead_enriched, missing_facts.on_enriched, "GoHighLevel gets no new phone numbers"),
    Heard(signals.lead_enriched, enrichment.on_answer, "follow-ups keep waiting after Clay has answered"),
    Heard(signals.draft_changed, slack_cards.follow, "Slack cards still show buttons after a decision"),
    Heard(call_reports.finished, writer.observe, "calls do not update the health of accounts"),
    Heard(writer.changed, comeback.on_change, "no one is notified about a broken account"),
    Heard(writer.changed, groups.on_change, "follow-ups do not pause for a broken account"),
    Heard(auth.user_logged_in, identity.begin, "sessions have no maximum length"),
    Heard(actions.acted, audit.record_jobs, "the audit log has no actions on jobs"),
)

TICKS = {
    "appointment-reconcile": "meetings are not compared with the calendar",
    "background-jobs": "no other worker takes over a job whose worker died",
    "catch-up": "replies that are waiting for the model never resume",
    "events": "events are not sent again, and no one is notified about a failing endpoint",
    "contract-watch": "no one notices when a provider changes its format",
    "followups": "no follow-up is sent",
    "heartbeat": "an outside monitor raises a false alarm",
    "integration-health": "no account is checked, and no one notices a silent account",
    "mailboxes": "no one is notified about a mailbox whose emails bounce or are reported as spam",
    "promises": "no one is notified before an answer is overdue",
    "notifications": "people get no notices about broken accounts",
    "reply-poll": "replies that no webhook delivered are never found",
    "retention": "nothing is deleted after its retention period",
    "sends": "a send whose job is gone stays open, and its lead gets no answer",
}
"""The ticks that must be registered, each with the consequence if it is missing."""

PRUNED = {
    "inbox.WebhookDelivery": ("delivery bodies", "deliveries"),
    "inbox.Deviation": ("deviations",),
    "inbox.Message": ("messages",),
    "inbox.Note": ("notes",),
    "inbox.Invitation": ("invitations",),
    "inbox.LeadChange": ("changes of leads",),
    "inbox.Event": ("events",),
    "integrations.AiCall": ("model calls",),
    "integrations.DayReceipt": ("receipts",),
    "integrations.IdempotencyKey": ("idempotency keys",),
    "jobs.BackgroundJob": ("jobs",),
    "jobs.JobStep": ("jobs",),
    "jobs.JobAttempt": ("jobs",),
    "jobs.JobAction": ("jobs",),
    "jobs.Worker": ("workers",),
    "axes.AccessLog": ("logins",),
    "sessions.Session": ("sessions",),
    "django_q.Task": ("task_results",),
    "django_q.OrmQ": ("wakeups",),
}
"""The tables whose rows are deleted after a time, each with the names of the retention rules that it must have."""

KEPT = {
    "It belongs to a conversation and is kept until the workspace is deleted.": (
        "inbox.Lead inbox.LeadLabel inbox.Draft inbox.OutboundSend inbox.TagDecision inbox.ProviderWord"
        " inbox.GateResult inbox.Campaign inbox.Appointment inbox.Enrichment inbox.FollowUpInstance"
        " inbox.FollowUpTask inbox.ChannelRefusal"
    ),
    "People made it, and they change or delete it.": (
        "inbox.Workspace inbox.User inbox.Membership inbox.WorkspaceFact inbox.SendingPolicy"
        " inbox.FollowUpSequence inbox.FollowUpStep inbox.Label inbox.SavedView inbox.Snippet integrations.Integration"
        " integrations.ApiToken integrations.WebhookKey integrations.WebhookEndpoint jobs.WorkspaceLimit auth.Group"
        " inbox.SecondFactor inbox.RecoveryCode"
    ),
    "It is deleted with its note, session, event or lead.": (
        "inbox.Mention inbox.BrowserSession integrations.WebhookAttempt insights.LeadDay"
    ),
    "It records the opt-out of an erased person without identifying them.": "inbox.ErasedMark",
    "It records people’s actions, for later review.": ("inbox.AuditEntry inbox.TextAccess admin.LogEntry"),
    "It is the history of an account, with few rows a day.": (
        "integrations.HealthTransition integrations.Notice"
    ),
    "It has one row per account, lead, person, provider or name, which is overwritten.": (
        "integrations.WorkspaceIntegrationHealth integrations.ReplyPoll integrations.CircuitBreaker"
        " integrations.RateWindow inbox.BookingCheck inbox.HiddenBanner inbox.MailboxAlarm inbox.ModelOutage jobs.Tick"
        " inbox.DatabaseOrigin insights.LeadDayProgress django_q.Schedule auth.Permission contenttypes.ContentType"
    ),
    "Its library deletes the rows, or does not use the table here.": (
        "axes.AccessAttempt axes.AccessAttemptExpiration axes.AccessFailureLog"
    ),
}
"""The tables without a retention rule, by the reason why they have none."""


def check_receivers(**_kwargs: object) -> Iterator[CheckMessage]:
    """Checks that each signal receiver in HEARD is connected, and that no other receiver of our apps is."""
    expected, names = {(row.signal, _name(row.receiver)) for row in HEARD}, _signals()
    for row in HEARD:
        if row.receiver not in _listeners(row.signal):
            yield _error(f"{_name(row.receiver)} misses {names[row.signal]}: {row.lost}.", WIRING, 1)
    for signal, name in names.items():
        for receiver in _listeners(signal):
            if _is_ours(receiver) and (signal, _name(receiver)) not in expected:
                hint = "Add it to HEARD in inbox/system_checks.py, with what is lost without it."
                yield _error(f"{_name(receiver)} receives {name}, but HEARD does not list it.", hint, 2)


def check_vetoes(**_kwargs: object) -> list[CheckMessage]:
    """Checks that every origin of sends has a veto. A send's veto is called before its provider is called."""
    return [
        _error(f"Sends of the origin “{origin}” have no veto, so none of them would go out.", WIRING, 3)
        for origin in OutboundSend.Origin.values
        if origin not in send_claims.VETOES
    ]


def check_stops(**_kwargs: object) -> list[CheckMessage]:
    """Checks that an opt-out can stop campaigns at every provider that runs campaigns."""
    hint = "Declare stop_campaign in its spec.py, because one of its sources counts as campaign steps."
    return [
        _error(f"An opt-out stops no campaign at {spec.name}: the provider keeps emailing the lead.", hint, 9)
        for spec in registry.specs().values()
        if not spec.stop_campaign and any(source.counts is Counts.STEP for source in spec.sources or ())
    ]


def check_buttons(**_kwargs: object) -> list[CheckMessage]:
    """Checks that each button in our Slack messages has an action."""
    return [
        _error(f"The button “{action_id}”, which {module} offers, does nothing.", WIRING, 4)
        for action_id, module in buttons.OFFERED.items()
        if action_id not in buttons.ACTIONS
    ]


def check_ticks(**_kwargs: object) -> Iterator[CheckMessage]:
    """Checks that all ticks in TICKS are registered, and no other ticks of our apps."""
    for name in sorted(TICKS.keys() - ticks.TICKS.keys()):
        hint = "Register it with tick() in inbox/jobs.py, insights/jobs.py or jobs/lost_workers.py."
        yield _error(f"The tick “{name}” is missing: {TICKS[name]}.", hint, 6)
    for name in sorted(ticks.TICKS.keys() - TICKS.keys()):
        if ticks.TICKS[name].run.__module__.startswith(("inbox.", "insights.", "integrations.", "jobs.")):
            hint = "Add it to TICKS in its app’s system_checks.py, with what happens without it."
            yield _error(f"The tick “{name}” runs, but TICKS does not list it.", hint, 7)


def check_retention(**_kwargs: object) -> list[CheckMessage]:
    """Checks that every table has its retention rules (PRUNED), or a reason why it has none (KEPT)."""
    models = [model._meta.label for model in apps.get_models() if not model._meta.proxy]
    return [_error(gap, hint, 8) for gap, hint in retention.gaps(models, PRUNED, KEPT)]


def check_operators(**_kwargs: object) -> Iterator[CheckMessage]:
    """Warns if a password alone gives access to all workspaces."""
    if settings.OPERATORS_WITHOUT_SECOND_FACTOR:
        words = "A password alone opens every workspace: superusers need no second factor."
        yield Warning(words, hint="Unset OPERATORS_WITHOUT_SECOND_FACTOR.", id="inbox.W010")


CHECKS = (
    check_operators,
    check_receivers,
    check_vetoes,
    check_stops,
    check_buttons,
    check_ticks,
    check_retention,
)
"""The checks of this module. InboxConfig registers them with the tag `wiring`."""


def _signals() -> dict[Signal, str]:
    modules = (signals, call_reports, writer, actions, auth)
    names = (pair for module in modules for pair in vars(module).items())
    return {signal: name for name, signal in names if isinstance(signal, Signal)}


def _listeners(signal: Signal) -> list[Callable[..., Any]]:
    held: Iterator[Any] = (entry[1] for entry in signal.receivers)
    alive = (receiver() if isinstance(receiver, ReferenceType) else receiver for receiver in held)
    return [receiver for receiver in alive if receiver is not None]


def _is_ours(receiver: Callable[..., Any]) -> bool:
    return receiver.__module__.partition(".")[0] in ("inbox", "integrations", "jobs")


def _name(receiver: Callable[..., Any]) -> str:
    return f"{receiver.__module__}.{receiver.__qualname__}"


def _error(words: str, hint: str, number: int) -> Error:
    return Error(words, hint=hint, id=f"inbox.E{number:03}")
