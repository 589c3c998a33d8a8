"""Claims sends. A claim is a row of OutboundSend that is committed before any provider is called. By the constraint
`send_once_per_origin`, a second click, a second reviewer, or Slack beside the page finds the first claim. By the
constraint `send_one_at_a_time`, a lead has at most one pending send per channel, so a follow-up and an answer cannot
both go out.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from inbox.leads import erased, refused_addresses, suspicion
from inbox.leads.rollup import answers
from inbox.models import Draft, Lead, Message, OutboundSend, User
from inbox.models.actor import Actor, columns
from inbox.models.lead import Channel, Tag
from inbox.replying import limits, slots, variables
from inbox.replying.carrier_messages import provider_of
from inbox.signals import draft_changed
from inbox.workspaces import accounts
from integrations.models import Integration
from jobs.enqueue import enqueue_about, is_live
from jobs.kinds import kind_name

SEND = kind_name("reply.send", __name__)
State = OutboundSend.State
SAMPLE = "This is a sample. Nothing you write here is sent."
ONLY_ANSWERS = "You can only reply to an email, and this lead hasn’t sent one yet."

OF_EVERY_PART = (
    "workspace_id", "lead_id", "channel", "origin", "origin_id", "draft_id", "reply_to_id", "provider",
    "approved_by_id", "program_id", "recipients", "account_id", "subject", "lost_from",
)  # fmt: skip
"""The columns that have the same values in all parts of a long SMS."""

VETOES: dict[str, Callable[[OutboundSend, Lead], str]] = {}
"""The veto function of each origin (inbox/wiring.py). A veto function returns why a claimed send may not go out ("" if
it may). `vetoed` calls it in the transaction that commits the call to the provider, with the lead locked.
"""


class NoVeto(LookupError):
    """No veto function is registered for the origin of a message, so the message does not go out."""


class Refused(Exception):
    """A person's request about a message cannot be fulfilled. The exception's text is shown to that person."""


class AlreadyDecided(Refused):
    pass


class SendBlocked(Refused):
    pass


class SendUnderWay(SendBlocked):
    """Another message to the same lead on the same channel is pending, or its outcome is unknown."""


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
    user: Actor | None = None,
    send_at: datetime | None = None,
    state: str = State.INTENT,
) -> OutboundSend:
    """Claims and enqueues the send of `text` to `lead` in the caller's transaction. The lead's row must be locked.
    `origin` is the source of the text: a draft, a follow-up step, a person or a program. `origin_id` identifies the
    draft, step, form or key, so that the same text is claimed once. Without `reply_to`, the message answers the lead's
    newest message on the channel. `user` is None for an automatic send. Without `send_at`, there is no countdown. With
    the `state` LATER, the message waits for `send_at`, and other messages may go out until then.

    Raises AlreadyDecided if the origin was claimed before. Raises SendBlocked if the lead must not be written to or has
    refused the address, if another send to the lead is pending, if the text is too long or still holds a variable, if
    an email answers no message, or if the account of the answered message cannot send. If no person approved the text,
    also raises SendBlocked if a suspicion is open or if another message waits for a time that a person chose.
    """
    reply_to = reply_to or newest_inbound(lead, channel)
    _refuse(lead, channel, automatic=not isinstance(user, User))
    if why := _unfit(channel, text, subject, reply_to):
        raise SendBlocked(why)
    parts = limits.sms_parts(text) if channel == Channel.SMS else [text.strip()]
    source: dict[str, Any] = {"origin": origin, "origin_id": origin_id, "draft": draft} | columns(
        user, "approved_by"
    )
    send = addressed(
        lead, channel, reply_to, **source, subject=subject, text=parts[0], rest=parts[1:], send_at=send_at
    )
    send.answer_by, send.state = lead.answer_by, state
    send.recipients = refused_addresses.without(lead, send.recipients)
    if (
        why := _unanswerable(send)
        or erased.reason(lead, send.recipients)
        or refused_addresses.reason(send, lead)
    ):
        raise SendBlocked(why)
    return _insert(send)


def _refuse(lead: Lead, channel: str, *, automatic: bool) -> None:
    if why := unreachable(lead, channel):
        raise SendBlocked(why)
    if why := _busy(lead.pk, channel):
        raise SendUnderWay(why)
    if automatic and later(lead).exists():
        raise SendUnderWay("Someone has chosen a later time for an answer.")
    if automatic and (why := suspicion.reason(lead)):
        raise SendBlocked(why)


def _unfit(channel: str, text: str, subject: str, reply_to: Message | None) -> str:
    if why := limits.problem(channel, text):
        return why
    if reply_to is None and channel == Channel.EMAIL:
        return ONLY_ANSWERS
    theirs = reply_to.subject if reply_to else ""
    return variables.unfilled(text) or variables.unfilled(subject, received=theirs)


def _unanswerable(send: OutboundSend) -> str:
    try:
        if send.reply_to is not None:
            accounts.answering(send.reply_to, send.provider)
    except accounts.NotAnswerable as error:
        return str(error)
    return ""


def addressed(
    lead: Lead,
    channel: str,
    reply_to: Message | None,
    accounts: list[Integration] | None = None,
    **fields: Any,
) -> OutboundSend:
    """Returns an unsaved send to `lead` that answers `reply_to`. `accounts` are the workspace's accounts, if loaded."""
    return OutboundSend(
        workspace_id=lead.workspace_id,
        lead=lead,
        channel=channel,
        reply_to=reply_to,
        recipients=_recipients(reply_to) if reply_to and channel == Channel.EMAIL else {},
        provider=provider_of(lead.workspace_id, channel, reply_to, accounts),
        account_id=reply_to.account_id if reply_to else "",
        **fields,
    )


def claim_next_part(send: OutboundSend) -> OutboundSend | None:
    """Claims the part after `send` of a long SMS, and returns it; None after the last part. Raises AlreadyDecided or
    SendBlocked.
    """
    if not send.rest:
        return None
    copied = {name: getattr(send, name) for name in OF_EVERY_PART}
    return _insert(OutboundSend(**copied, part=send.part + 1, text=send.rest[0], rest=send.rest[1:]))


def _insert(send: OutboundSend) -> OutboundSend:
    try:
        with transaction.atomic():
            send.save(force_insert=True)
    except IntegrityError as error:
        raise _refusal(send) from error
    start(send)
    return send


def start(send: OutboundSend, *, anyway: bool = False) -> None:
    """Enqueues the job that sends the message at the end of its countdown, once for each time that a person sends it.
    If `anyway`, the message goes out even if a meeting time that it offers is no longer free.
    """
    enqueue_about(SEND, send, "send_id", key=f"{send.pk}:{send.tries}", run_at=send.send_at, anyway=anyway)


def has_job(send: OutboundSend) -> bool:
    """Whether the newest job that tries this send waits or runs."""
    return is_live(send.workspace_id, f"{SEND}:{send.pk}:{send.tries}")


def again(send: OutboundSend, *, state: str, user: User) -> OutboundSend:
    """Enqueues the send of a message once more. Its `state` is failed, or unknown if a person knows that it never
    arrived. If it did not go out because of its meeting times, it now goes out with these times. Runs in the caller's
    transaction, with the lead's row locked. Raises AlreadyDecided or SendBlocked.
    """
    unfit = limits.problem(send.channel, send.text) or variables.unfilled(send.text)
    if why := blocked(send.lead, send.channel, besides=send) or unfit:
        raise SendBlocked(why)
    try:
        with transaction.atomic():
            changed = OutboundSend.objects.filter(pk=send.pk, state=state).update(
                state=State.INTENT,
                reason="",
                called_at=None,
                send_at=None,
                finished_at=None,
                lost_from=None,
                **columns(user, "approved_by"),
                tries=F("tries") + 1,
            )
    except IntegrityError as error:
        raise SendBlocked(_busy(send.lead_id, send.channel)) from error
    if not changed:
        raise AlreadyDecided("Someone has already resolved this.")
    anyway = slots.are_why(send.reason)
    send.refresh_from_db()
    start(send, anyway=anyway)
    return send


def blocked(lead: Lead, channel: str, besides: OutboundSend | None = None) -> str:
    """Returns why nothing may be sent to `lead` on `channel` now; "" if something may. Ignores the send `besides`."""
    return unreachable(lead, channel) or _busy(lead.pk, channel, besides)


def unreachable(lead: Lead, channel: str) -> str:
    """Returns why nobody may write to the lead on `channel` (sample, opt-out, bounce, refused channel); else ""."""
    if lead.sample:
        return SAMPLE
    if lead.erasing_at is not None:
        return "This lead is being erased."
    if lead.opted_out_at is not None:
        return "This lead asked not to be contacted."
    if lead.bounced_at is not None and channel == Channel.EMAIL:
        return "The last email to this lead bounced, so the address doesn’t work."
    if channel in lead.refused_channels:
        return f"The lead asked not to be contacted by {Channel(channel).label}."
    return suspicion.pause_of_texts(lead) if channel == Channel.SMS else ""


def is_automatic(send: OutboundSend) -> bool:
    return (
        send.origin == OutboundSend.Origin.DRAFT and send.approved_by_id is None and send.program_id is None
    )


def take_back(send: OutboundSend, lead: Lead, why: str) -> bool:
    """Deletes the claim of an automatic answer if the provider was not called. The draft waits for review again with
    the reason `why`, or is rejected if the lead is stopped. Returns whether the claim was deleted. Runs in a
    transaction with the lead's row locked.
    """
    if not is_automatic(send) or send.part or send.draft_id is None:
        return False
    if not OutboundSend.objects.filter(pk=send.pk, state=State.INTENT, called_at=None).delete()[0]:
        return False
    back_to_review(send.draft_id, lead, f"Held: {why}", send)
    return True


def back_to_review(draft_id: UUID, lead: Lead, why: str, send: OutboundSend) -> None:
    """Makes the draft of the deleted claim `send` wait for review again, or rejects it if the lead is stopped."""
    status = Draft.Status.REJECTED if lead.is_stopped else Draft.Status.PENDING
    Draft.objects.filter(pk=draft_id).update(
        status=status, status_reason=why[:200], decided_by=None, program=None, decided_at=None, send_at=None
    )
    draft = Draft.objects.get(pk=draft_id)
    draft_changed.send(Draft, draft=draft, event=f"held-{send.pk}")


def later(lead: Lead) -> QuerySet[OutboundSend]:
    """Returns the sends to the lead that wait for a time that a person chose."""
    return OutboundSend.objects.filter(lead=lead, state=State.LATER)


def vetoed(send: OutboundSend, lead: Lead) -> str:
    """Returns why a claimed send may not go to the provider: the recipient was erased or has refused the address, or
    the veto of its origin applies. Returns "" if it may go out. Raises NoVeto.
    """
    try:
        veto = VETOES[send.origin]
    except KeyError:
        raise NoVeto(
            f"Sends of the origin “{send.origin}” have no veto: register one in inbox/wiring.py."
        ) from None
    why = erased.reason(lead, send.recipients) or refused_addresses.reason(send, lead)
    return why or veto(send, lead)


def _busy(lead_id: UUID, channel: str, besides: OutboundSend | None = None) -> str:
    live = _live(lead_id, channel)
    if besides is not None:
        live = live.exclude(pk=besides.pk)
    return on_its_way(live.values_list("state", flat=True).first())


def _live(lead_id: UUID, channel: str) -> QuerySet[OutboundSend]:
    return OutboundSend.objects.filter(
        lead_id=lead_id, channel=channel, state__in=[State.INTENT, State.UNKNOWN]
    )


def on_its_way(state: str | None) -> str:
    """Returns why a send in `state` blocks another one to the same lead and channel; "" for None (no send)."""
    if state == State.UNKNOWN:
        return "We don’t know whether the last message was sent. Resolve that first."
    return "Another message to this lead is on its way." if state else ""


def newest_inbound(lead: Lead, channel: str) -> Message | None:
    return _newest(lead).filter(channel=channel).first()


def newest_by_channel(lead: Lead) -> dict[str, Message]:
    """Returns the lead's newest message on each channel, without its text, by one query."""
    messages = accounts.with_accounts(Message.objects.filter(are_newest(lead)))
    return by_channel(messages.defer("text", "raw_text", "raw_html"))


def are_newest(lead: Lead) -> Q:
    return Q(pk__in=_newest(lead).order_by("channel", *NEWEST).distinct("channel").values("pk"))


def by_channel(messages: Iterable[Message]) -> dict[str, Message]:
    inbound = (message for message in messages if message.direction == Message.Direction.INBOUND)
    return {message.channel: message for message in sorted(inbound, key=lambda row: (row.sent_at, row.pk))}


NEWEST = ("-sent_at", "-pk")


def _newest(lead: Lead) -> QuerySet[Message]:
    return Message.objects.inbound(lead=lead).order_by(*NEWEST)


def answered_since(message: Message) -> bool:
    """Whether we answered the lead after `message`, or a send on the same channel is pending or unknown."""
    later = Message.objects.filter(answers(), lead_id=message.lead_id, sent_at__gt=message.sent_at)
    return later.exists() or _live(message.lead_id, message.channel).exists()


def wrote_since(lead: Lead, seen_at: datetime) -> bool:
    """Whether the lead has written since `seen_at` (aware). Out-of-office replies do not count."""
    newer = Message.objects.inbound(lead=lead, sent_at__gt=seen_at)
    return newer.exclude(tag=Tag.OUT_OF_OFFICE).exists()


def wrote_during_countdown(send: OutboundSend) -> bool:
    """Whether the lead has written during the send's countdown. Out-of-office replies do not count."""
    if send.send_at is None:
        return False
    came = Message.objects.inbound(
        lead_id=send.lead_id,
        received_at__range=(send.created_at, timezone.now() if send.state == State.LATER else send.send_at),
    )
    if send.reply_to is not None:
        came = came.filter(sent_at__gt=send.reply_to.sent_at)
    return came.exclude(tag=Tag.OUT_OF_OFFICE).exists()


def _refusal(send: OutboundSend) -> Refused:
    same_send = OutboundSend.objects.filter(
        workspace_id=send.workspace_id, origin=send.origin, origin_id=send.origin_id, part=send.part
    )
    if same_send.exists():
        return AlreadyDecided("This message has already been sent.")
    return SendUnderWay(_busy(send.lead_id, send.channel) or "Another message to this lead is on its way.")


def _recipients(reply_to: Message) -> dict[str, list[Any]]:
    own_addresses = {reply_to.account_address.lower(), reply_to.from_address.lower()}
    copied = [
        row
        for row in reply_to.recipients.get("cc") or []
        if str(row.get("address", "")).lower() not in own_addresses
    ]
    return {"to": [{"address": reply_to.from_address, "name": reply_to.from_name}], "cc": copied}
