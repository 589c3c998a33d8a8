"""What a person decides about a draft: approve, reject, have it rewritten, or write something of their own.

Each decision is one transaction that moves the draft on by a conditional UPDATE, so of two reviewers, a double click,
or Slack and the page at once, exactly one decides.
"""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from inbox import asking, audit
from inbox.leads import drafts, rollup
from inbox.models import Draft, Lead, OutboundSend, User
from inbox.replying import sending
from inbox.replying.claims import AlreadyDecided, Refused, SendBlocked, again, claim, wrote_since
from inbox.signals import draft_changed
from jobs.enqueue import enqueue
from jobs.models import BackgroundJob
from jobs.registry import kind_name

__all__ = [
    "AlreadyDecided",
    "Refused",
    "SendBlocked",
    "approve",
    "it_went_out",
    "reject",
    "request_rewrite",
    "rewrite_of",
    "send_again",
    "send_own",
]

REWRITE = kind_name("draft.rewrite", __name__)
Status, State, Origin = Draft.Status, OutboundSend.State, OutboundSend.Origin


def approve(
    draft: Draft,
    *,
    user: User | None,
    text: str,
    subject: str | None = None,
    seen_at: datetime | None = None,
) -> OutboundSend:
    """Send `draft` with `text` (and `subject`, None: as drafted). `user` None: it goes out by itself. `seen_at`: the
    time of the lead's newest message that the person had before them, None: not known.

    The claim and its job are in the transaction of the decision. Raises AlreadyDecided, SendBlocked or (they have
    written again) Refused, with a sentence.
    """
    subject = draft.subject if subject is None else subject.strip()
    with transaction.atomic():
        lead = rollup.locked(draft.lead)
        _refuse_unread(lead, seen_at)
        _decide(draft, Status.APPROVED, user, text=text.strip(), subject=subject)
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
        )
        edited = text.strip() != draft.generated_text.strip()
        audit.record(draft.workspace_id, user, "draft.approve", draft, send=str(send.pk), edited=edited)
    return send


def reject(draft: Draft, *, user: User | None, reason: str = "") -> None:
    """Discard `draft`; `reason` is a person's word, up to 200 characters. Raises AlreadyDecided."""
    with transaction.atomic():
        _decide(draft, Status.REJECTED, user, status_reason=reason.strip()[:200])
        audit.record(draft.workspace_id, user, "draft.reject", draft)


def request_rewrite(draft: Draft, *, user: User | None) -> BackgroundJob:
    """Have the model write `draft` anew, once per revision however often it is asked.

    Raises AlreadyDecided, and Refused where there is no model to do it.
    """
    if not asking.ready():
        raise Refused(asking.NO_KEY)
    with transaction.atomic():
        draft = Draft.objects.select_for_update().get(pk=draft.pk, workspace_id=draft.workspace_id)
        if draft.status != Status.PENDING:
            raise AlreadyDecided(how_decided(draft))
        job, created = enqueue(
            REWRITE,
            workspace_id=draft.workspace_id,
            dedupe_key=_rewrite_key(draft, draft.revision),
            payload={"draft_id": str(draft.pk), "revision": draft.revision},
        )
        if created:
            audit.record(draft.workspace_id, user, "draft.rewrite", draft, revision=draft.revision)
    return job


def rewrite_of(draft: Draft) -> BackgroundJob | None:
    """The newest rewrite that was asked for since `draft` had the text before this one; it may be over."""
    keys = [_rewrite_key(draft, revision) for revision in (draft.revision - 1, draft.revision)]
    jobs = BackgroundJob.objects.filter(workspace_id=draft.workspace_id, dedupe_key__in=keys)
    return jobs.order_by("-created_at", "-pk").first()


def _rewrite_key(draft: Draft, revision: int) -> str:
    return f"{REWRITE}:{draft.pk}:{revision}"


def veto(send: OutboundSend, lead: Lead) -> str:
    """Nothing: a person has just written this message and sent it, and the lead's own stops are asked anyway."""
    return ""


def send_own(
    lead: Lead, *, user: User, channel: str, text: str, client_token: str, seen_at: datetime | None = None
) -> OutboundSend:
    """Send a person's own `text` to `lead`, once per `client_token` (made by the form, up to 64 characters).

    A second call with the same token returns the first one's send. Drafts that waited on this channel are closed:
    somebody has answered. `seen_at` as in `approve`. Raises SendBlocked or Refused with a sentence.
    """
    origin = {"origin": Origin.PERSON, "origin_id": client_token[:64]}
    with transaction.atomic():
        locked = rollup.locked(lead)
        known = OutboundSend.objects.filter(workspace_id=lead.workspace_id, part=0, **origin).first()
        if known is not None:
            return known
        _refuse_unread(locked, seen_at)
        send = claim(locked, channel=channel, text=text, user=user, **origin)
        drafts.close(Draft.objects.filter(lead=lead, channel=channel), "Answered without it.", user=user)
        audit.record(lead.workspace_id, user, "send.own", send)
    return send


def send_again(send: OutboundSend, *, user: User, text: str | None = None) -> OutboundSend:
    """Send once more what failed, or what a person knows never to have arrived. Raises AlreadyDecided, SendBlocked."""
    if send.state not in (State.FAILED, State.UNKNOWN):
        raise AlreadyDecided("This send is settled.")
    with transaction.atomic():
        send.lead = rollup.locked(send.lead)
        before = send.state
        sent = again(send, state=before, user=user, text=text)
        audit.record(send.workspace_id, user, "send.again", sent, was=before)
    return sent


def it_went_out(send: OutboundSend, *, user: User) -> None:
    """A person knows that an uncertain send did go out. Raises AlreadyDecided."""
    with transaction.atomic():
        if not sending.settle_sent(send, reason="A person saw that it went out."):
            raise AlreadyDecided("Somebody has settled this send already.")
        audit.record(send.workspace_id, user, "send.went_out", send)


def how_decided(draft: Draft) -> str:
    """What became of a draft that no longer waits, as a sentence."""
    when = f" on {timezone.localtime(draft.decided_at):%d %b, %H:%M}" if draft.decided_at else ""
    if draft.status == Status.REJECTED:
        closed = (
            f"{draft.decided_by} discarded this draft{when}."
            if draft.decided_by
            else "This draft was closed."
        )
        return f"{closed} {draft.status_reason}".strip()
    return (
        f"{draft.decided_by} approved this draft{when}."
        if draft.decided_by
        else f"This draft went out by itself{when}."
    )


def _refuse_unread(lead: Lead, seen_at: datetime | None) -> None:
    if seen_at is not None and wrote_since(lead, seen_at):
        raise Refused("They have written again meanwhile: read that first, then send.")


def _decide(draft: Draft, status: str, user: User | None, **fields: str) -> None:
    pending = Draft.objects.filter(pk=draft.pk, workspace_id=draft.workspace_id, status=Status.PENDING)
    now = timezone.now()
    if not pending.update(status=status, decided_by=user, decided_at=now, updated_at=now, **fields):
        raise AlreadyDecided(how_decided(Draft.objects.select_related("decided_by").get(pk=draft.pk)))
    draft.refresh_from_db()
    draft_changed.send(Draft, draft=draft, event=status)
