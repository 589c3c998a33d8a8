"""The claim on a send: a row that is committed before any provider is called, and that the constraints keep single.

`send_once_per_origin` makes a second click, a second reviewer or Slack beside the page find the first claim.
`send_one_at_a_time` is the gate of a lead and channel: a follow-up and an answer cannot both be on their way.
"""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F

from inbox import accounts
from inbox.leads import suspicion
from inbox.leads.rollup import answers
from inbox.models import Draft, Lead, Message, OutboundSend, User
from inbox.models.lead import Channel, Tag
from inbox.replying import limits
from inbox.replying.ways import provider_of
from inbox.signals import draft_changed
from jobs.enqueue import enqueue
from jobs.registry import kind_name

SEND = kind_name("reply.send", __name__)
State = OutboundSend.State

VETOES: dict[str, Callable[[OutboundSend, Lead], str]] = {}
"""By origin: why a claimed send may not be called for after all ("" where it may), asked in the transaction that
commits the call, with the lead locked. Each origin has one (inbox/wiring.py)."""


class NoVeto(LookupError):
    """Nobody is registered to be asked about sends of an origin, so that none of them goes out."""


class Refused(Exception):
    """What a person wants cannot be done; the text is a sentence for them."""


class AlreadyDecided(Refused):
    """Somebody was faster."""


class SendBlocked(Refused):
    """Nothing may go to this lead on this channel now."""


def claim(
    lead: Lead,
    *,
    channel: str,
    origin: str,
    origin_id: str,
    text: str,
    subject: str = "",
    draft: Draft | None = None,
    reply_to: Message | None = None,
    user: User | None = None,
) -> OutboundSend:
    """Claim the send of `text` to `lead` (locked) and enqueue it, in the caller's transaction.

    `reply_to` None: the lead's newest message on the channel. `user` None: nobody approved it, it goes out by itself.
    Raises SendBlocked where the lead is stopped, the text does not fit, the account that they wrote to cannot send,
    another send to the lead is on its way, or nobody approved it and a reply of the lead's is to be decided about
    first; AlreadyDecided where this origin has been claimed before.
    """
    held = "" if user else suspicion.reason(lead)
    if why := blocked(lead, channel) or held or limits.problem(channel, text):
        raise SendBlocked(why)
    reply_to = reply_to or newest_inbound(lead, channel)
    if reply_to is None and channel == Channel.EMAIL:
        raise SendBlocked("An e-mail can only answer one: this lead has not written by e-mail yet.")
    provider = provider_of(lead.workspace_id, channel, reply_to)
    if reply_to is not None:
        try:
            accounts.answering(reply_to, provider)
        except accounts.NotAnswerable as why:
            raise SendBlocked(str(why)) from why
    parts = limits.sms_parts(text) if channel == Channel.SMS else [text.strip()]
    return _insert(
        OutboundSend(
            workspace_id=lead.workspace_id,
            lead=lead,
            channel=channel,
            origin=origin,
            origin_id=origin_id,
            draft=draft,
            reply_to=reply_to,
            approved_by=user,
            subject=subject,
            text=parts[0],
            rest=parts[1:],
            recipients=_recipients(reply_to) if channel == Channel.EMAIL else {},
            provider=provider,
            account_id=reply_to.account_id if reply_to else "",
        )
    )


def claim_next_part(send: OutboundSend) -> OutboundSend | None:
    """Claim the part after `send`, which has gone out, in the caller's transaction; None where it was the last."""
    if not send.rest:
        return None
    copied = (
        "workspace_id",
        "lead_id",
        "channel",
        "origin",
        "origin_id",
        "draft_id",
        "reply_to_id",
        "provider",
    )
    copied += ("approved_by_id", "recipients", "account_id", "subject")
    values = {name: getattr(send, name) for name in copied}
    return _insert(OutboundSend(**values, part=send.part + 1, text=send.rest[0], rest=send.rest[1:]))


def _insert(send: OutboundSend) -> OutboundSend:
    try:
        with transaction.atomic():
            send.save(force_insert=True)
    except IntegrityError as error:
        raise _refusal(send) from error
    start(send)
    return send


def start(send: OutboundSend) -> None:
    """Enqueue the job that calls the provider; one per try."""
    enqueue(
        SEND,
        workspace_id=send.workspace_id,
        dedupe_key=job_key(send),
        payload={"send_id": str(send.pk)},
    )


def job_key(send: OutboundSend) -> str:
    """The dedupe key of the job that makes this try."""
    return f"{SEND}:{send.pk}:{send.tries}"


def again(send: OutboundSend, *, state: str, user: User, text: str | None = None) -> OutboundSend:
    """Let a person send once more what is in `state` (failed, or unknown and they know that it never arrived).

    Runs in the caller's transaction, with the lead locked. Raises as `claim` does.
    """
    new_text = send.text if text is None else text.strip()
    if why := blocked(send.lead, send.channel, besides=send) or limits.problem(send.channel, new_text):
        raise SendBlocked(why)
    try:
        with transaction.atomic():
            changed = OutboundSend.objects.filter(pk=send.pk, state=state).update(
                state=State.INTENT,
                text=new_text,
                reason="",
                called_at=None,
                finished_at=None,
                looked_at=None,
                approved_by=user,
                tries=F("tries") + 1,
            )
    except IntegrityError as error:
        raise SendBlocked(_busy(send.lead_id, send.channel)) from error
    if not changed:
        raise AlreadyDecided("Somebody has settled this send already.")
    send.refresh_from_db()
    start(send)
    return send


def blocked(lead: Lead, channel: str, besides: OutboundSend | None = None) -> str:
    """Why nothing may be sent to `lead` on `channel` now, as a sentence; "" where something may."""
    return unreachable(lead, channel) or _busy(lead.pk, channel, besides)


def unreachable(lead: Lead, channel: str) -> str:
    """What is known of `lead` itself that forbids `channel`, as a sentence; "" where nothing is."""
    if lead.opted_out_at is not None:
        return "This lead asked not to be contacted."
    if lead.bounced_at is not None and channel == Channel.EMAIL:
        return "The last e-mail to this lead bounced: the address does not work."
    if channel in lead.refused_channels:
        return f"They asked not to be written to by {Channel(channel).label}."
    return ""


def is_automatic(send: OutboundSend) -> bool:
    """Whether nobody approved `send`."""
    return send.origin == OutboundSend.Origin.DRAFT and send.approved_by_id is None


def take_back(send: OutboundSend, lead: Lead, why: str) -> bool:
    """Undo the claim of a send that was to go out by itself and must not any more: its draft waits for a person.

    False for any other send, and for one that was called for. Runs in the caller's transaction, the lead locked.
    """
    if not is_automatic(send) or send.part or send.draft_id is None:
        return False
    if not OutboundSend.objects.filter(pk=send.pk, state=State.INTENT, called_at=None).delete()[0]:
        return False
    status = Draft.Status.REJECTED if lead.is_stopped else Draft.Status.PENDING
    Draft.objects.filter(pk=send.draft_id).update(
        status=status, status_reason=f"Held: {why}"[:200], decided_at=None, send_at=None
    )
    draft = Draft.objects.get(pk=send.draft_id)
    draft_changed.send(Draft, draft=draft, event=f"held-{send.pk}")
    return True


def vetoed(send: OutboundSend, lead: Lead) -> str:
    """What the room that the send comes from has against it now. Raises NoVeto for an origin that has none."""
    try:
        veto = VETOES[send.origin]
    except KeyError:
        raise NoVeto(
            f"Sends of the origin “{send.origin}” have no veto: register one in inbox/wiring.py."
        ) from None
    return veto(send, lead)


def _busy(lead_id: UUID, channel: str, besides: OutboundSend | None = None) -> str:
    live = OutboundSend.objects.filter(
        lead_id=lead_id, channel=channel, state__in=[State.INTENT, State.UNKNOWN]
    )
    state = live.exclude(pk=besides.pk if besides else None).values_list("state", flat=True).first()
    return on_its_way(state)


def on_its_way(state: str | None) -> str:
    """Why a send in `state` keeps the next one of its lead and channel back; "" where there is none."""
    if state == State.UNKNOWN:
        return "Nobody knows yet whether the last message to this lead went out: settle that one first."
    return "Another message to this lead is on its way." if state else ""


def newest_inbound(lead: Lead, channel: str) -> Message | None:
    """The lead's newest message on `channel`."""
    inbound = Message.objects.filter(lead=lead, channel=channel, direction=Message.Direction.INBOUND)
    return inbound.order_by("-sent_at", "-pk").first()


def answered_since(message: Message) -> bool:
    """Whether something of ours went out, or is going out, after the lead wrote `message`."""
    later = Message.objects.filter(answers(), lead_id=message.lead_id, sent_at__gt=message.sent_at)
    live = OutboundSend.objects.filter(
        lead_id=message.lead_id, channel=message.channel, state__in=[State.INTENT, State.UNKNOWN]
    )
    return later.exists() or live.exists()


def wrote_since(lead: Lead, seen_at: datetime) -> bool:
    """Whether the lead has written something newer than `seen_at`; that they are away says nothing new."""
    newer = Message.objects.filter(lead=lead, direction=Message.Direction.INBOUND, sent_at__gt=seen_at)
    return newer.exclude(tag=Tag.OUT_OF_OFFICE).exists()


def _refusal(send: OutboundSend) -> Refused:
    known = OutboundSend.objects.filter(
        workspace_id=send.workspace_id, origin=send.origin, origin_id=send.origin_id, part=send.part
    )
    if known.exists():
        return AlreadyDecided("This has been sent before.")
    return SendBlocked(_busy(send.lead_id, send.channel) or "Another message to this lead is on its way.")


def _recipients(reply_to: Message) -> dict[str, list]:
    """To whoever wrote, with the people they had in copy; our own address is left out."""
    own = {reply_to.account_address.lower(), reply_to.from_address.lower()}
    copied = [
        one for one in reply_to.recipients.get("cc") or [] if str(one.get("address", "")).lower() not in own
    ]
    return {"to": [{"address": reply_to.from_address, "name": reply_to.from_name}], "cc": copied}
