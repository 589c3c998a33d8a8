"""Decides whether a step of a follow-up may go out: when its send is claimed (reserved), and again just before the
provider is called. The checks of a table run in order, and the first one that returns a decision wins. The lead's row
is locked during the checks, so a reply, a booking or an opt-out is either visible to the checks or waits until our
transaction is committed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property

from django.db.models import Exists, OuterRef, Q

from inbox.leads import enrichment, suspicion
from inbox.models import (
    ChannelRefusal,
    Enrichment,
    FollowUpInstance,
    FollowUpSequence,
    FollowUpStep,
    FollowUpTask,
    Lead,
    Message,
    Workspace,
)
from inbox.models.lead import Channel, Tag
from inbox.replying import hours, send_claims
from inbox.replying.carrier_messages import provider_of
from inbox.workspaces.accounts import NotAnswerable, answering, connected
from integrations import registry
from integrations.models import HealthState, Integration, WorkspaceIntegrationHealth

NOBODY_WROTE = (Tag.AUTOMATED_REPLY, Tag.OUT_OF_OFFICE)
"""The tags of automatic messages, which do not count as replies."""
PERHAPS = "^(Possible|Perhaps) "
"""Matches the stored reason of a step that waits for a decision about a suspicion, also that of release 0.2."""
BUSY_PAUSE = timedelta(minutes=5)


class ConditionKind(StrEnum):
    """The kind of a decision about a due step. COMPLETE ends a follow-up at its goal. STOP ends it without success."""

    GO = "go"
    WAIT = "wait"
    PAUSE = "pause"
    SKIP = "skip"
    COMPLETE = "complete"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision about a due step; `reason` is a sentence. A WAIT ends at `until`; a PAUSE has the cause `pause`."""

    kind: ConditionKind
    reason: str = ""
    until: datetime | None = None
    pause: str = ""


GO = Decision(ConditionKind.GO)


@dataclass(frozen=True)
class Case:
    instance: FollowUpInstance
    step: FollowUpStep
    lead: Lead
    workspace: Workspace
    now: datetime
    approved: bool = False

    @property
    def sequence(self) -> FollowUpSequence:
        return self.step.sequence

    @cached_property
    def reply_to(self) -> Message | None:
        """The lead's newest message on the step's channel, which the step answers; None if there is none."""
        return send_claims.newest_inbound(self.lead, self.step.channel)


Check = Callable[[Case], Decision | None]


def _stopped(case: Case) -> Decision | None:
    if case.lead.is_stopped or case.lead.tag == Tag.BLACKLIST:
        return Decision(ConditionKind.STOP, "Outreach to this lead has stopped.")
    return None


def _booked(case: Case) -> Decision | None:
    follows = case.sequence.starts == FollowUpSequence.Start.BOOKED
    if (
        follows
        and case.lead.booked_at is None
        and not (case.instance.started_by_id or case.instance.program_id)
    ):
        # To move a meeting, a calendar cancels it first. The new booking then ends this pause.
        pause = FollowUpInstance.Pause.UNBOOKED
        return Decision(ConditionKind.PAUSE, f"{pause.label}.", pause=pause)
    if follows or case.lead.booked_at is None:
        return None
    return Decision(ConditionKind.COMPLETE, "A meeting is booked.")


def _replied(case: Case) -> Decision | None:
    if case.lead.last_inbound_at is None or case.lead.last_inbound_at <= case.instance.quiet_since:
        return None
    if not replied_since(case.lead, case.instance.quiet_since):
        return None
    return Decision(ConditionKind.PAUSE, "The lead has replied.", pause=FollowUpInstance.Pause.REPLIED)


def replied_since(lead: Lead, moment: datetime) -> bool:
    """Whether the lead wrote after `moment`. Messages that are, or may be, automatic do not count."""
    replies = Message.objects.inbound(lead=lead, sent_at__gt=moment)
    perhaps_a_machine = Q(suspected__in=suspicion.MACHINES, suspicion_decided_by="")
    return replies.exclude(tag__in=NOBODY_WROTE).exclude(perhaps_a_machine).exists()


def _suspected(case: Case) -> Decision | None:
    """Returns WAIT while a suspicion about the lead is undecided. The step stays due; the tick skips it meanwhile."""
    why = suspicion.reason(case.lead)
    return Decision(ConditionKind.WAIT, why, case.now) if why else None


def held_by_suspicion() -> Q:
    """Returns a filter for follow-ups that wait until the suspicion about their lead is decided."""
    # A join would read the lead of every follow-up, including those that do not wait.
    suspected = Lead.objects.filter(pk=OuterRef("lead")).exclude(suspected="")
    return Q(Exists(suspected), waits_for__regex=PERHAPS)


def _switched_off(case: Case) -> Decision | None:
    # The step stays due, but the tick skips it until sends are allowed again.
    if case.workspace.sends_paused:
        return Decision(ConditionKind.WAIT, "Sending is paused for this workspace.", case.now)
    if not case.sequence.enabled:
        return Decision(ConditionKind.WAIT, "This sequence is off.", case.now)
    return None


def _not_wanted(case: Case) -> Decision | None:
    if case.step.retired:
        return Decision(ConditionKind.SKIP, "The step was removed from the sequence.")
    reason, holds = CONDITIONS[case.step.condition]
    return None if holds(case) else Decision(ConditionKind.SKIP, reason)


def _nothing_sent(case: Case) -> bool:
    sent = FollowUpTask.objects.filter(instance=case.instance, status=FollowUpTask.Status.SENT)
    return not sent.exists()


Condition = FollowUpStep.Condition
CONDITIONS: dict[str, tuple[str, Callable[[Case], bool]]] = {
    Condition.ALWAYS: ("", lambda case: True),
    Condition.CONNECTED: ("Not a LinkedIn connection.", lambda case: bool(case.lead.linkedin_connected_at)),
    Condition.NOT_CONNECTED: (
        "The lead is a LinkedIn connection.",
        lambda case: case.lead.linkedin_connected_at is None,
    ),
    Condition.HAS_PHONE: ("No phone number.", lambda case: bool(case.lead.phone)),
    Condition.NO_PHONE: ("The lead has a phone number.", lambda case: not case.lead.phone),
    Condition.NOTHING_SENT: ("An earlier step was sent.", _nothing_sent),
}


def _snoozed(case: Case) -> Decision | None:
    until = case.lead.snoozed_until
    return Decision(ConditionKind.WAIT, "The lead is snoozed.", until) if until and until > case.now else None


def account_down(case: Case) -> Decision | None:
    """Returns a PAUSE decision if the step's account is disconnected as a whole and its provider pauses follow-ups;
    else None. An account that only lacks mailboxes does not pause follow-ups. Locks the row of the account's health, so
    it must run in a transaction.
    """
    decision = _account(case)
    return decision if decision is not None and decision.kind is ConditionKind.PAUSE else None


def _account(case: Case) -> Decision | None:
    used = provider_of(case.workspace.pk, case.step.channel, case.reply_to)
    spec = registry.spec_of(used)
    try:
        account = answering(case.reply_to, used) if case.reply_to else connected(case.workspace.pk, used)
    except NotAnswerable as why:
        return Decision(ConditionKind.SKIP, str(why))
    if account is None:
        return Decision(ConditionKind.SKIP, f"{spec.label} isn’t connected.")
    if not spec.pauses_follow_ups or not is_down(account):
        return None
    # The row is locked and read again, so that a later recovery of the account resumes the follow-up paused here.
    locked = WorkspaceIntegrationHealth.objects.select_for_update().filter(integration=account).first()
    if locked is None or locked.state != HealthState.DISCONNECTED or locked.lacks_mailboxes:
        return None
    return Decision(ConditionKind.PAUSE, spec.pauses_follow_ups, pause=FollowUpInstance.pause_for(used))


def is_down(account: Integration) -> bool:
    down = WorkspaceIntegrationHealth.objects.filter(integration=account, state=HealthState.DISCONNECTED)
    return any(not health.lacks_mailboxes for health in down)


def _hours(case: Case) -> Decision | None:
    if case.approved or not case.sequence.business_hours_only or hours.is_open(case.workspace, case.now):
        return None
    return Decision(ConditionKind.WAIT, "Outside business hours.", hours.next_open(case.workspace, case.now))


def _refused(case: Case) -> Decision | None:
    if case.step.channel in case.lead.refused_channels:
        return Decision(ConditionKind.SKIP, send_claims.unreachable(case.lead, case.step.channel))
    refusals = ChannelRefusal.objects.filter(
        lead=case.lead, channel=case.step.channel, recheck_at__gt=case.now
    )
    refusal = refusals.first()
    if refusal is None:
        return None
    label = Channel(case.step.channel).label
    return Decision(ConditionKind.SKIP, f"This person can’t be reached via {label} ({refusal.code}).")


def _reachable(case: Case) -> Decision | None:
    lead, channel = case.lead, case.step.channel
    if channel == Channel.SMS and not lead.phone:
        return _enrich(case, Enrichment.Kind.PHONE, "No phone number")
    if channel == Channel.LINKEDIN and not (lead.linkedin_url or lead.linkedin_member_id):
        return _enrich(case, Enrichment.Kind.LINKEDIN, "No LinkedIn profile")
    if channel == Channel.EMAIL and case.reply_to is None:
        return Decision(ConditionKind.SKIP, "This lead hasn’t sent an email to answer.")
    return None


def _enrich(case: Case, kind: str, lack: str) -> Decision:
    until = enrichment.wait_for(case.lead, kind, case.now)
    if until is None:
        return Decision(ConditionKind.SKIP, f"{lack}.")
    return Decision(ConditionKind.WAIT, f"{lack}. Asking Clay.", until)


def _gate(case: Case) -> Decision | None:
    why = send_claims.blocked(case.lead, case.step.channel)
    return Decision(ConditionKind.WAIT, why, case.now + BUSY_PAUSE) if why else None


STOPS: tuple[Check, ...] = (_stopped, _booked, _replied, _suspected, _switched_off, _snoozed)
"""The checks that end or delay a follow-up, regardless of its step."""
AT_THE_CALL: tuple[Check, ...] = (*STOPS, _hours)
AT_THE_CLAIM: tuple[Check, ...] = (
    *STOPS,
    _not_wanted,
    _account,
    _hours,
    _refused,
    _reachable,
    _gate,
)


def judge(case: Case, checks: tuple[Check, ...]) -> Decision:
    """Runs `checks` in order. Returns the first decision; GO if no check decides. The lead's row must be locked."""
    return next((decision for check in checks if (decision := check(case)) is not None), GO)
