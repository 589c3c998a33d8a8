"""Makes the demo's follow-ups: two sequences with leads in every state, so that the page shows something of each.

Steps that are due are sent to the sandbox by the worker. Steps in the past are written as if they had been sent.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import transaction
from django.utils import timezone

from inbox.followups import plan, responses, step_text
from inbox.leads import facts, rollup
from inbox.models import (
    FollowUpInstance,
    FollowUpSequence,
    FollowUpStep,
    FollowUpTask,
    Lead,
    Message,
    OutboundSend,
    Workspace,
)
from inbox.models.lead import Tag
from inbox.models.message import OWN
from integrations import emailbison

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
REVIVE, WINTER = "Revive quiet leads", "Winter offer"
STEPS = {
    REVIVE: (
        (0, "email", False, "Hi {first_name|there}, did my last note get lost? {sender}"),
        (3, "sms", False, "Hi {first_name|there}, {sender} of {our_company}. Worth a quick call this week?"),
        (
            4,
            "linkedin",
            False,
            "Hi {first_name|there}, I wrote about {company|your winter work}. Open to a chat?",
        ),
        (
            7,
            "email",
            True,
            "Hi {first_name|there}, shall I close the file, or is {company|your team} still looking?",
        ),
    ),
    WINTER: ((1, "email", False, "Hi {first_name|there}, our winter offer ends on Friday. {sender}"),),
}
"""The steps of each sequence: days after the step before, channel, whether a person must approve it, text."""


class Quiet(NamedTuple):
    """A demo lead who has not answered, with the state of its follow-up.

    `step` is the next step of the sequence, `due` how long from now it is due. `paused` says why the follow-up is
    paused.
    """

    name: str
    company: str
    sequence: str = REVIVE
    step: int = 1
    due: timedelta = MINUTE / 2
    paused: str = ""
    phone: str = ""
    linkedin: str = ""
    snoozed: timedelta | None = None
    answer: str = ""
    answer_tag: str = ""


Pause = FollowUpInstance.Pause
LEADS = (
    Quiet("Anna Lindqvist", "Lindqvist Interiors"),
    Quiet("Marco Bianchi", "Bianchi Tiles", linkedin="https://www.linkedin.com/in/marco-bianchi-demo"),
    Quiet("Grace Okafor", "Okafor Gardens", step=4),
    Quiet("Henry Cole", "Cole & Sons Paving", step=2),  # no phone number: skipped, and the next step is planned
    Quiet("Priya Raman", "Raman Dental", step=3, due=2 * DAY, linkedin="https://www.linkedin.com/in/priya-raman-demo"),
    Quiet("Tomas Novak", "Novak Windows", step=2, due=5 * DAY, phone="+12125550141"),
    Quiet("Ines Duarte", "Duarte Catering", snoozed=6 * DAY),
    Quiet("Sam Whitfield", "Whitfield Pools", step=2, paused=Pause.REPLIED, answer="Who is this?",
          answer_tag=Tag.NEUTRAL),
    Quiet("Lena Vogt", "Vogt Roofing", step=2, paused=Pause.PERSON),
    Quiet("Otis Grant", "Grant Plumbing", sequence=WINTER),
    Quiet("Mei Tanaka", "Tanaka Studio", step=2, paused=Pause.REPLIED, answer="Sounds good, send me two times.",
          answer_tag=Tag.MEETING_REQUESTED),
    Quiet("Rafael Costa", "Costa Fitness", step=2, paused=Pause.REPLIED,
          answer="Too expensive for us right now.", answer_tag=Tag.OBJECTION),
)  # fmt: skip


@transaction.atomic
def seed(workspace: Workspace) -> None:
    """Make the demo's follow-up sequences and their leads, unless the workspace has sequences already."""
    if FollowUpSequence.objects.filter(workspace=workspace).exists():
        return
    sequences = {name: _sequence(workspace, name) for name in STEPS}
    for number, quiet in enumerate(LEADS):
        _lead(workspace, sequences[quiet.sequence], quiet, number)
    FollowUpSequence.objects.filter(pk=sequences[WINTER].pk).update(enabled=False)


def _sequence(workspace: Workspace, name: str) -> FollowUpSequence:
    made = FollowUpSequence.objects.create(workspace=workspace, name=name, business_hours_only=False)
    for position, (days, channel, approval, text) in enumerate(STEPS[name], 1):
        FollowUpStep.objects.create(
            sequence=made,
            position=position,
            offset_days=days,
            channel=channel,
            needs_approval=approval,
            text=text,
        )
    return made


def _lead(workspace: Workspace, sequence: FollowUpSequence, quiet: Quiet, number: int) -> None:
    now, (first, _, last) = timezone.now(), quiet.name.partition(" ")
    lead = Lead(
        workspace=workspace,
        email=f"{first}.{last}@{last}.example.net".lower(),
        first_name=first,
        last_name=last,
        company=quiet.company,
        phone=quiet.phone,
        linkedin_url=quiet.linkedin,
        snoozed_until=now + quiet.snoozed if quiet.snoozed else None,
    )
    facts.note(lead, ("first_name", "last_name", "email", "company"), emailbison.NAME)
    facts.note(lead, [name for name in ("phone", "linkedin_url") if getattr(lead, name)], facts.SIGNATURE)
    lead.save()
    _message(lead, now - 9 * DAY, "Thanks, let me think about it.", number, Tag.NEUTRAL)
    ours = "Of course. When would it suit you to talk?"
    _message(lead, now - 9 * DAY + timedelta(hours=1), ours, number, outbound=True)
    instance = plan.enrol(lead, sequence)
    assert instance is not None  # a new lead has no reason to be refused
    steps = list(sequence.steps.all())
    for step in steps[: quiet.step - 1]:
        _sent(instance, step, now - 5 * DAY + step.position * timedelta(hours=1))
    if quiet.answer:
        answer = _message(lead, now - DAY, quiet.answer, 100 + number, quiet.answer_tag)
        responses.note(lead, answer, quiet.answer_tag)
    if quiet.answer_tag == Tag.OBJECTION:
        reply = "Fair. Most of our clients earn it back in the first month: shall I show you how?"
        _message(lead, now - DAY + timedelta(hours=2), reply, 100 + number, outbound=True)
    FollowUpInstance.objects.filter(pk=instance.pk).update(
        next_step=steps[quiet.step - 1],
        due_at=now + quiet.due,
        status="paused" if quiet.paused else "active",
        paused_for=quiet.paused,
        started_at=now - 6 * DAY,
        quiet_since=now - 8 * DAY,
    )
    rollup.recompute(rollup.locked(lead))
    Lead.objects.filter(pk=lead.pk).update(unread=bool(quiet.answer))


def _sent(instance: FollowUpInstance, step: FollowUpStep, at: datetime) -> None:
    lead = instance.lead
    text = step_text.render("", step.text, lead=lead, workspace=lead.workspace, slots=[]).text
    send = OutboundSend.objects.create(
        workspace_id=instance.workspace_id, lead=lead, channel=step.channel, origin=OutboundSend.Origin.FOLLOWUP,
        origin_id=f"demo:{instance.pk}:{step.position}", text=text, state=OutboundSend.State.SENT,
        called_at=at, finished_at=at,
    )  # fmt: skip
    FollowUpTask.objects.create(
        workspace_id=instance.workspace_id, lead=lead, instance=instance, step=step, channel=step.channel,
        status=FollowUpTask.Status.SENT, text=text, send=send, claimed_at=at, finished_at=at,
    )  # fmt: skip
    _message(
        lead,
        at,
        text,
        1_000 * step.position + int(at.timestamp()) % 1_000,
        outbound=True,
        channel=step.channel,
    )


def _message(
    lead: Lead,
    at: datetime,
    text: str,
    number: int,
    tag: str = "",
    *,
    outbound: bool = False,
    channel: str = "email",
) -> Message:
    return Message.objects.create(
        workspace_id=lead.workspace_id,
        lead=lead,
        source=OWN if outbound else "emailbison_reply",
        external_id=f"demo-{lead.pk}-{number}" if outbound else str(7_700_000 + number),
        direction=Message.Direction.OUTBOUND if outbound else Message.Direction.INBOUND,
        channel=channel,
        subject="Re: the slow months",
        text=text,
        raw_text=text,
        from_address="" if outbound else lead.email,
        from_name="" if outbound else lead.display_name,
        account_id="311",
        account_address="alex@outreach.example.com",
        tag=tag,
        tag_decided_by="demo" if tag else "",
        sent_at=at,
        received_at=at,
        processed_at=at,
    )
