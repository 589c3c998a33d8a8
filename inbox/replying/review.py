"""Carries out a reviewer's decision about a draft: approve, reject, rewrite, or send another text. Each decision is a
conditional UPDATE in one transaction. So exactly one decision counts, even if two people decide at the same time, if a
person clicks twice, or if decisions come from Slack and from the page.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from inbox.leads import rollup, stops, suspicion
from inbox.models import Draft, Lead, Message, OutboundSend, User, Workspace, audit
from inbox.models.actor import Actor, columns
from inbox.models.lead import Channel
from inbox.replying import limits, sending, undo
from inbox.replying.prompts import model_calls
from inbox.replying.send_claims import (
    AlreadyDecided,
    Refused,
    again,
    claim,
    newest_inbound,
    wrote_during_countdown,
    wrote_since,
)
from inbox.signals import draft_changed
from inbox.workspaces import accounts
from integrations.models import ApiToken, hash_key
from jobs.durations import moment
from jobs.enqueue import enqueue_about
from jobs.kinds import kind_name
from jobs.models import BackgroundJob

REWRITE = kind_name("draft.rewrite", __name__)
Status, State, Origin = Draft.Status, OutboundSend.State, OutboundSend.Origin
JUST = timedelta(minutes=10)
WROTE_AGAIN = "The lead has written again. Read the new message before you send."


class KeyReused(Refused):
    """A program's key has been used for another message before."""


class ColleagueAnswered(AlreadyDecided):
    """A colleague has answered since the person opened the conversation. The text is a sentence with their name."""

    def __init__(self, name: str, at: datetime) -> None:
        just = timezone.now() - at < JUST
        when = "has just answered" if just else f"answered on {moment(at)}"
        super().__init__(f"{name} {when}. Read that answer first, or send yours as a second message.")


def approve(
    draft: Draft,
    *,
    user: Actor | None,
    text: str,
    revision: int | None = None,
    subject: str | None = None,
    seen_at: datetime | None = None,
    seen_send: datetime | None = None,
    later: datetime | None = None,
) -> OutboundSend:
    """Approves `draft`, and enqueues its send with `text` and `subject` (None for the draft's), in one transaction.
    `user` is None for an automatic send, which has no countdown. If `revision` is given, only this revision is
    approved. `seen_at` and `seen_send` are the times of the newest message from the lead, and of our newest send, that
    the person saw. At the time `later`, the message goes out; until then, the lead is snoozed. Raises AlreadyDecided,
    SendBlocked or Refused.
    """
    subject = draft.subject if subject is None else subject.strip()
    with rollup.holding(draft.lead) as lead:
        _refuse_unread(lead, seen_at)
        try:
            _decide(draft, Status.APPROVED, user, revision, text=text.strip(), subject=subject)
        except AlreadyDecided:
            if later is None and (first := _same_send(draft, user, text.strip(), subject)):
                return first
            raise
        _refuse_unseen(lead, user if isinstance(user, User) else None, seen_send)
        undo.answered_instead(lead, user)
        send = claim(
            lead,
            channel=draft.channel,
            origin=Origin.DRAFT,
            origin_id=str(draft.pk),
            text=text,
            subject=subject,
            draft=draft,
            reply_to=draft.trigger_message,
            user=user,
            **_when(lead, later, counts_down=user is not None),
        )
        outcome = {"send": str(send.pk), "edited": draft.was_edited}
        audit.record(draft.workspace_id, user, "draft.approve", draft, **outcome)
    return send


def _same_send(draft: Draft, user: Actor | None, text: str, subject: str) -> OutboundSend | None:
    """Returns the send of `draft` with this text if `user` has approved it before and repeats it, as after an answer
    that was lost; else None.
    """
    sends = OutboundSend.objects.filter(
        workspace_id=draft.workspace_id, draft=draft, approved_by__isnull=False
    )
    same = {"draft__text": text, "draft__subject": subject, "draft__decided_by": user}
    return sends.filter(**same).order_by("part").first() if isinstance(user, User) else None


def reject(draft: Draft, *, user: Actor | None, revision: int | None = None, reason: str = "") -> None:
    """Rejects `draft`. `reason` is the person's text, which is cut to 200 characters. Raises AlreadyDecided."""
    with rollup.holding_lead_of(draft):
        _decide(draft, Status.REJECTED, user, revision, status_reason=reason.strip()[:200])
        audit.record(draft.workspace_id, user, "draft.reject", draft)


def request_rewrite(draft: Draft, *, user: User | None) -> BackgroundJob:
    """Enqueues a rewrite of `draft`, once per revision, and returns the job. Raises AlreadyDecided, or Refused without
    a model.
    """
    if not model_calls.ready():
        raise Refused(model_calls.NO_KEY)
    with transaction.atomic():
        draft = Draft.objects.select_for_update().get(pk=draft.pk, workspace_id=draft.workspace_id)
        if draft.status != Status.PENDING:
            raise AlreadyDecided(how_decided(draft))
        revision = draft.revision
        key = f"{draft.pk}:{revision}"
        job, created = enqueue_about(REWRITE, draft, "draft_id", key=key, revision=revision)
        if created:
            audit.record(draft.workspace_id, user, "draft.rewrite", draft, revision=revision)
    return job


def rewrites_of(draft: Draft) -> QuerySet[BackgroundJob]:
    """Returns the jobs that rewrite this revision of the draft, or that wrote it, newest first. They may have ended."""
    keys = [f"{REWRITE}:{draft.pk}:{revision}" for revision in (draft.revision - 1, draft.revision)]
    jobs = BackgroundJob.objects.filter(workspace_id=draft.workspace_id, dedupe_key__in=keys)
    return jobs.order_by("-created_at", "-pk")


def veto(send: OutboundSend, lead: Lead) -> str:
    """Returns why a message that a person or program sent may not go out; "" if it may. One reason is that the lead has
    written during the countdown; another, only for a program's message, is an open suspicion about the lead.
    (`send_claims.blocked` checks opt-outs.)
    """
    held = suspicion.reason(lead) if send.program_id else ""
    return held or (WROTE_AGAIN if wrote_during_countdown(send) else "")


def send_own(
    lead: Lead,
    *,
    user: User,
    channel: str,
    text: str,
    client_token: str,
    seen_at: datetime | None = None,
    seen_send: datetime | None = None,
    later: datetime | None = None,
    sign: bool = False,
) -> OutboundSend:
    """Enqueues the send of a person's `text`, and closes drafts that wait on this channel. `client_token` is the token
    of a form (up to 64 characters); each token sends once. If `sign`, an email ends with the signature of the account
    that answers. `seen_at`, `seen_send` and `later` mean the same as for `approve`. Raises SendBlocked or Refused.
    """
    with rollup.holding(lead) as locked:
        if sign and channel == Channel.EMAIL and (reply_to := newest_inbound(locked, channel)):
            text = accounts.signed(text, accounts.signature_for(reply_to))
        sends = OutboundSend.objects.filter(workspace_id=lead.workspace_id, part=0)
        if first := sends.filter(origin=Origin.PERSON, origin_id=client_token[:64]).first():
            if first.state == State.TAKEN_BACK and first.text != text:
                raise Refused("That message was taken back. Send it again from the conversation.")
            return first
        _refuse_unread(locked, seen_at)
        _refuse_unseen(locked, user, seen_send)
        undo.answered_instead(locked, user)
        send = claim(
            locked,
            channel=channel,
            text=text,
            user=user,
            origin=Origin.PERSON,
            origin_id=client_token[:64],
            **_when(locked, later),
        )
        forget(sends.filter(lead=lead))
        stops.close_drafts(
            Draft.objects.filter(lead=lead, channel=channel), "Answered without this draft.", user=user
        )
        audit.record(lead.workspace_id, user, "send.own", send)
    return send


def send_for_program(
    lead: Lead, *, program: ApiToken, key: str, channel: str, text: str, reply_to: Message | None = None
) -> OutboundSend:
    """Enqueues the send of a program's `text`, and closes drafts that wait on this channel. Each `key` of the program
    sends one message ever: if the call is repeated, the first send is returned. `reply_to` means the same as for
    `claim`. Raises KeyReused, SendBlocked or Refused.
    """
    origin_id = hash_key(f"{program.pk}:{key}")
    with rollup.holding(lead) as locked:
        sends = OutboundSend.objects.filter(workspace_id=lead.workspace_id, origin=Origin.PROGRAM, part=0)
        if first := sends.filter(origin_id=origin_id).first():
            if (first.lead_id, first.channel) != (lead.pk, channel) or _differs(first, text):
                raise KeyReused("This key has already sent a different message. Use a new one.")
            return first
        send = claim(
            locked,
            channel=channel,
            text=text,
            user=program,
            origin=Origin.PROGRAM,
            origin_id=origin_id,
            reply_to=reply_to,
            **_when(locked),
        )
        stops.close_drafts(
            Draft.objects.filter(lead=lead, channel=channel), "Answered without this draft.", user=program
        )
        audit.record(lead.workspace_id, program, "send.program", send)
    return send


def _differs(send: OutboundSend, text: str) -> bool:
    parts = limits.sms_parts(text) if send.channel == Channel.SMS else [text.strip()]
    return bool(send.text) and [send.text, *send.rest] != parts


def _when(lead: Lead, later: datetime | None = None, *, counts_down: bool = True) -> dict[str, Any]:
    if later is not None:
        Lead.objects.filter(pk=lead.pk).update(snoozed_until=later, unread=False)
        return {"send_at": later, "state": State.LATER}
    seconds = Workspace.objects.values_list("undo_send_s", flat=True).get(pk=lead.workspace_id)
    return {"send_at": timezone.now() + timedelta(seconds=seconds) if seconds and counts_down else None}


def forget(sends: QuerySet[OutboundSend]) -> None:
    """Empties the texts of sends that were taken back. Composers show these texts until they are sent or discarded."""
    sends.filter(state=State.TAKEN_BACK).exclude(text="").update(text="")


def send_again(send: OutboundSend, *, user: User) -> OutboundSend:
    """Sends a failed or unknown message again, and returns the send. Raises AlreadyDecided or SendBlocked."""
    if send.state not in (State.FAILED, State.UNKNOWN):
        raise AlreadyDecided("This has already been resolved.")
    with rollup.holding(send.lead) as send.lead:
        before = send.state
        sent = again(send, state=before, user=user)
        audit.record(send.workspace_id, user, "send.again", sent, was=before)
    return sent


def it_went_out(send: OutboundSend, *, user: User) -> None:
    """Records that a message with an unknown outcome was sent, as `user` has confirmed. Raises AlreadyDecided."""
    with transaction.atomic():
        if not sending.settle_sent(send, reason="Someone confirmed that it was sent."):
            raise AlreadyDecided("Someone has already resolved this.")
        audit.record(send.workspace_id, user, "send.went_out", send)


def how_decided(draft: Draft, reader: Actor | None = None) -> str:
    author = "You" if reader and reader == (draft.program or draft.decided_by) else draft.author
    when = f" on {moment(draft.decided_at)}" if draft.decided_at else ""
    if draft.status == Status.REJECTED:
        closed = f"{author} discarded this draft{when}." if author else "This draft was closed."
        return f"{closed} {draft.status_reason}".strip()
    return f"{author} approved this draft{when}." if author else f"This draft went out automatically{when}."


def _refuse_unread(lead: Lead, seen_at: datetime | None) -> None:
    if seen_at is not None and wrote_since(lead, seen_at):
        raise Refused(WROTE_AGAIN)


def _refuse_unseen(lead: Lead, user: User | None, seen_send: datetime | None) -> None:
    """Raises Refused if a colleague has sent something since `seen_send`. The lead's row must be locked."""
    if seen_send is None:
        return
    going = (State.INTENT, State.SENT, State.UNKNOWN)
    newer = OutboundSend.objects.filter(lead=lead, created_at__gt=seen_send, state__in=going)
    unseen = (
        newer.exclude(approved_by=user)
        .select_related("approved_by", "program")
        .order_by("-created_at")
        .first()
    )
    if unseen is not None:
        if not unseen.author:
            raise Refused("An automatic answer has gone out. Read it before you send.")
        raise ColleagueAnswered(unseen.author, unseen.created_at)


def _decide(draft: Draft, status: str, user: Actor | None, revision: int | None, **fields: str) -> None:
    pending = Draft.objects.filter(pk=draft.pk, workspace_id=draft.workspace_id, status=Status.PENDING)
    if revision is not None:
        pending = pending.filter(revision=revision)
    now = timezone.now()
    if not pending.update(
        status=status, decided_at=now, updated_at=now, **columns(user, "decided_by"), **fields
    ):
        row = Draft.objects.select_related("decided_by", "program").get(pk=draft.pk)
        if row.status == Status.PENDING:
            raise AlreadyDecided(f"This draft was rewritten. Read revision {row.revision} first.")
        by = row.program or row.decided_by
        if user and by not in (None, user) and row.status in (Status.APPROVED, Status.SENT):
            raise ColleagueAnswered(str(by), row.decided_at or timezone.now())
        unsent = " This text wasn’t sent." if status == Status.APPROVED else ""
        raise AlreadyDecided(how_decided(row, user) + unsent)
    draft.refresh_from_db()
    draft_changed.send(Draft, draft=draft, event=status)
