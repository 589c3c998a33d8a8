"""Whether a step may go out, judged in the transaction of the claim and again in the transaction of the call.

One table of checks, asked in order; the first that has something to say decides. The lead's row is locked meanwhile, so
a reply, a booking or an opt-out is either seen here or waits for our commit.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property

from django.db.models import Q

from inbox.accounts import NotAnswerable, answering, connected
from inbox.enrichment import clay
from inbox.leads import suspicion
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
from inbox.replying import claims, hours
from integrations import registry
from integrations.models import HealthState, Integration, WorkspaceIntegrationHealth

NOBODY_WROTE = (Tag.AUTOMATED_REPLY, Tag.OUT_OF_OFFICE)
"""Tags of messages that a machine wrote: no reply to pause for."""
PERHAPS = "Perhaps "
"""What the reason begins with where a step waits for a decision about what the lead has written."""
BUSY_PAUSE = timedelta(minutes=5)


class Kind(StrEnum):
    GO = "go"
    WAIT = "wait"
    PAUSE = "pause"
    SKIP = "skip"
    COMPLETE = "complete"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a step now. `reason`: a sentence; `until`: for WAIT; `pause`: one of Pause, for PAUSE."""

    kind: Kind
    reason: str = ""
    until: datetime | None = None
    pause: str = ""


GO = Decision(Kind.GO)


@dataclass(frozen=True)
class Case:
    """A step of a lead at a moment. `approved`: a person said yes to this message."""

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
        """The lead's newest message on the step's channel."""
        return claims.newest_inbound(self.lead, self.step.channel)


Check = Callable[[Case], Decision | None]


def _stopped(case: Case) -> Decision | None:
    if case.lead.is_stopped or case.lead.tag == Tag.BLACKLIST:
        return Decision(Kind.STOP, "Nothing more goes to this lead.")
    return None


def _booked(case: Case) -> Decision | None:
    follows = case.sequence.starts == FollowUpSequence.Start.BOOKED
    if follows and case.lead.booked_at is None and not case.instance.started_by_id:
        # A calendar that moves a meeting cancels it first: the pause ends when the other half comes.
        pause = FollowUpInstance.Pause.UNBOOKED
        return Decision(Kind.PAUSE, f"{pause.label}.", pause=pause)
    if follows or case.lead.booked_at is None:
        return None
    return Decision(Kind.COMPLETE, "A meeting is booked.")


def _replied(case: Case) -> Decision | None:
    if case.lead.last_inbound_at is None or case.lead.last_inbound_at <= case.instance.quiet_since:
        return None
    if not replied_since(case.lead, case.instance.quiet_since):
        return None
    return Decision(Kind.PAUSE, "The lead has replied.", pause=FollowUpInstance.Pause.REPLIED)


def replied_since(lead: Lead, moment: datetime) -> bool:
    """Whether the person (no machine of theirs, as far as that is decided) wrote after `moment`."""
    mine = Message.objects.filter(lead=lead, direction=Message.Direction.INBOUND, sent_at__gt=moment)
    perhaps_a_machine = Q(suspected__in=suspicion.MACHINES, suspicion_decided_by="")
    return mine.exclude(tag__in=NOBODY_WROTE).exclude(perhaps_a_machine).exists()


def _suspected(case: Case) -> Decision | None:
    """Due at once: the tick leaves it alone until somebody has decided (`held_by_suspicion`)."""
    why = suspicion.reason(case.lead)
    return Decision(Kind.WAIT, why, case.now) if why else None


def held_by_suspicion() -> Q:
    """Instances that wait for the decision, and say so."""
    return Q(waits_for__startswith=PERHAPS) & ~Q(lead__suspected="")


def _switched_off(case: Case) -> Decision | None:
    # Due at once: the tick leaves it alone, and counts it, until the switch is back.
    if case.workspace.sends_paused:
        return Decision(Kind.WAIT, "Sending is paused for this workspace.", case.now)
    if not case.sequence.enabled:
        return Decision(Kind.WAIT, "This sequence is switched off.", case.now)
    return None


def _not_wanted(case: Case) -> Decision | None:
    if case.step.retired:
        return Decision(Kind.SKIP, "The step was taken out of the sequence.")
    reason, holds = CONDITIONS[case.step.condition]
    return None if holds(case) else Decision(Kind.SKIP, reason)


def _nothing_sent(case: Case) -> bool:
    sent = FollowUpTask.objects.filter(instance=case.instance, status=FollowUpTask.Status.SENT)
    return not sent.exists()


Condition = FollowUpStep.Condition
CONDITIONS: dict[str, tuple[str, Callable[[Case], bool]]] = {
    Condition.ALWAYS: ("", lambda case: True),
    Condition.CONNECTED: ("Not connected on LinkedIn.", lambda case: bool(case.lead.linkedin_connected_at)),
    Condition.NOT_CONNECTED: (
        "Connected on LinkedIn.",
        lambda case: case.lead.linkedin_connected_at is None,
    ),
    Condition.HAS_PHONE: ("No phone number is known.", lambda case: bool(case.lead.phone)),
    Condition.NO_PHONE: ("A phone number is known.", lambda case: not case.lead.phone),
    Condition.NOTHING_SENT: ("An earlier step was sent.", _nothing_sent),
}


def _snoozed(case: Case) -> Decision | None:
    until = case.lead.snoozed_until
    return Decision(Kind.WAIT, "The lead is snoozed.", until) if until and until > case.now else None


def account_down(case: Case) -> Decision | None:
    """PAUSE where the account that the step would go by needs a person; None where it works, or there is none."""
    decision = _account(case)
    return decision if decision is not None and decision.kind is Kind.PAUSE else None


def _account(case: Case) -> Decision | None:
    used = claims.provider_of(case.workspace.pk, case.step.channel, case.reply_to)
    spec = registry.spec_of(used)
    try:
        account = answering(case.reply_to, used) if case.reply_to else connected(case.workspace.pk, used)
    except NotAnswerable as why:
        return Decision(Kind.SKIP, str(why))
    if account is None:
        return Decision(Kind.SKIP, f"{spec.label} is not connected.")
    if not spec.pauses_follow_ups or not is_down(account):
        return None
    # Locked for the second look: an account that comes back later resumes what we pause here.
    locked = WorkspaceIntegrationHealth.objects.select_for_update().filter(integration=account).first()
    if locked is None or locked.state != HealthState.DISCONNECTED or locked.lacks_mailboxes:
        return None
    return Decision(Kind.PAUSE, spec.pauses_follow_ups, pause=FollowUpInstance.pause_for(used))


def is_down(account: Integration) -> bool:
    """Whether the account as a whole waits for a person to reconnect it."""
    down = WorkspaceIntegrationHealth.objects.filter(integration=account, state=HealthState.DISCONNECTED)
    return any(not health.lacks_mailboxes for health in down)


def _hours(case: Case) -> Decision | None:
    if case.approved or not case.sequence.business_hours_only or hours.is_open(case.workspace, case.now):
        return None
    return Decision(Kind.WAIT, "Outside business hours.", hours.next_open(case.workspace, case.now))


def _refused(case: Case) -> Decision | None:
    if case.step.channel in case.lead.refused_channels:
        return Decision(Kind.SKIP, claims.unreachable(case.lead, case.step.channel))
    refusals = ChannelRefusal.objects.filter(
        lead=case.lead, channel=case.step.channel, recheck_at__gt=case.now
    )
    found = refusals.first()
    if found is None:
        return None
    label = Channel(case.step.channel).label
    return Decision(Kind.SKIP, f"This person cannot be reached by {label} ({found.code}).")


def _reachable(case: Case) -> Decision | None:
    lead, channel = case.lead, case.step.channel
    if channel == Channel.SMS and not lead.phone:
        return _enrich(case, Enrichment.Kind.PHONE, "No phone number is known")
    if channel == Channel.LINKEDIN and not (lead.linkedin_url or lead.linkedin_member_id):
        return _enrich(case, Enrichment.Kind.LINKEDIN, "No LinkedIn profile is known")
    if channel == Channel.EMAIL and case.reply_to is None:
        return Decision(Kind.SKIP, "There is no e-mail of this lead to answer.")
    return None


def _enrich(case: Case, kind: str, lack: str) -> Decision:
    until = clay.wait_for(case.lead, kind, case.now)
    if until is None:
        return Decision(Kind.SKIP, f"{lack}.")
    return Decision(Kind.WAIT, f"{lack}: Clay is asked.", until)


def _gate(case: Case) -> Decision | None:
    why = claims.blocked(case.lead, case.step.channel)
    return Decision(Kind.WAIT, why, case.now + BUSY_PAUSE) if why else None


STOPS: tuple[Check, ...] = (_stopped, _booked, _replied, _suspected, _switched_off, _snoozed)
"""What ends or holds up a follow-up whatever its step is."""
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
    """What the first check says that has something to say; GO where none has."""
    return next((decision for check in checks if (decision := check(case)) is not None), GO)
