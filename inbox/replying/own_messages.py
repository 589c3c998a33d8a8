"""Recognises our own messages that a provider reports, so that they belong to their send and are not stored twice.
The provider's id, our marker, or the same words to the same lead at that time identify a message.
"""

from functools import reduce
from operator import or_
from uuid import UUID

from django.db.models import Q

from inbox.leads import identity
from inbox.models import Message, OutboundSend, Workspace, locks
from inbox.models.lead import Channel
from inbox.models.message import OWN
from inbox.replying import sending
from inbox.replying.carrier_messages import EARLIER, LATER, marked_send_id, quotes, same_words
from integrations.carriers import Accepted
from integrations.events import MessageEvent

State = OutboundSend.State


def find(workspace: Workspace, event: MessageEvent) -> Message | None:
    """Returns our stored message that a provider reports in `event`; None without one. Settles its send as sent if the
    outcome was unknown. Must run in a transaction. For a campaign's mail, no query is made.
    """
    send = _send(workspace, event)
    if send is None:
        return None
    accepted = Accepted(message_id=event.external_id, thread_id=event.thread_id)
    if not sending.settle_sent(send, accepted, reason="The provider reported it.") and event.external_id:
        OutboundSend.objects.filter(pk=send.pk, provider_message_id="").update(
            provider_message_id=event.external_id[:200]
        )
    own_messages = Message.objects.select_related("lead").filter(workspace=workspace, source=OWN)
    return own_messages.filter(external_id=str(send.pk)).first()


def by_another_id(workspace: Workspace, event: MessageEvent) -> Message | None:
    """Returns the stored email that `event` reports under another id; None without one. EmailBison has two lists of
    mails, each with ids of its own. A lock delays other reports of the workspace until the transaction ends.
    """
    if event.channel != Channel.EMAIL or not (event.by_hand or event.listed):
        return None
    locks.hold("by hand", workspace.pk)
    near = Message.objects.select_related("lead").filter(
        _lead(workspace, event),
        workspace=workspace,
        source=event.source,
        sent_at__range=(event.occurred_at - EARLIER, event.occurred_at + EARLIER),
    )
    candidates = near.exclude(external_id=event.external_id)
    body = event.html or event.text
    return next(
        (mail for mail in candidates if same_words(body, mail.text) or same_words(body, mail.raw_text)), None
    )


def _send(workspace: Workspace, event: MessageEvent) -> OutboundSend | None:
    body = event.html or event.text
    name = marked_send_id(body)
    if not name and event.campaign is not None and event.event_type == "EMAIL_SENT":
        return None
    sends = OutboundSend.objects.select_related("lead", "reply_to").filter(
        workspace=workspace, channel=event.channel, called_at__isnull=False
    )
    if name and (marked := sends.filter(pk=UUID(name)).first()):
        return None if quotes(body, marked.text) else marked
    if name:  # A restore may have lost the send with this marker.
        sends = sends.filter(lost_from__isnull=False)
    if event.external_id:
        same_id = sends.filter(provider_message_id=event.external_id).exclude(state=State.FAILED).first()
        if same_id is not None:
            return same_id
    near = sends.filter(
        _lead(workspace, event),
        state__in=[State.INTENT, State.UNKNOWN, State.SENT],
        provider_message_id="",
    ).filter(
        Q(called_at__range=(event.occurred_at - LATER, event.occurred_at + EARLIER))
        | Q(lost_from__lte=event.occurred_at + EARLIER)
    )
    return next((send for send in near.order_by("called_at")[:20] if same_words(body, send.text)), None)


def _lead(workspace: Workspace, event: MessageEvent) -> Q:
    names = identity.identities_of(workspace, event.person)
    wanted = [Q(**{f"lead__{name}": identity_text}) for name, identity_text in names.items()]
    if event.thread_id:
        wanted.append(Q(reply_to__thread_id=event.thread_id))
    return reduce(or_, wanted) if wanted else Q()
