"""Takes back a message at a person's request during its countdown, before the provider is called."""

from contextlib import suppress
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from inbox.leads import rollup
from inbox.models import Draft, Lead, OutboundSend, User, audit
from inbox.models.actor import Actor
from inbox.replying.send_claims import AlreadyDecided, Refused, back_to_review


def take_back(send: OutboundSend, *, user: Actor) -> None:
    """Takes back a message during its countdown. Raises AlreadyDecided. Raises Refused if `user` is not its sender."""
    if send.approved_by is not None and send.approved_by != user:
        raise Refused(f"{send.approved_by.name} sent it. Only they can take it back.")
    _take_back(send, user)


def _take_back(send: OutboundSend, user: Actor) -> None:
    with transaction.atomic():
        lead = rollup.locked(send.lead)
        if not _undo(send, lead, f"{user} took it back."):
            raise AlreadyDecided("It’s too late to take it back: it has gone out.")
        audit.record(send.workspace_id, user, "send.take_back", send)


def take_back_all(workspace_id: UUID, *, user: User) -> int:
    """Takes back all messages of the workspace whose countdown runs, and returns their number."""
    counting = OutboundSend.objects.filter(
        workspace_id=workspace_id, state=OutboundSend.State.INTENT, called_at=None, send_at__isnull=False
    )
    taken_back = 0
    for send in counting.select_related("lead").order_by("pk"):
        with suppress(AlreadyDecided):
            _take_back(send, user)
            taken_back += 1
    return taken_back


def _undo(send: OutboundSend, lead: Lead, why: str) -> bool:
    """Takes back a message during its countdown. A draft returns to review with the approved text; other text is kept
    for the composer. Returns False without a countdown, or if the provider was already called. Runs in a transaction
    with the lead's row locked.
    """
    counting = OutboundSend.objects.filter(pk=send.pk, part=0, send_at__isnull=False)
    claimed = counting.filter(state=OutboundSend.State.INTENT, called_at=None)
    if not claimed.update(state=OutboundSend.State.TAKEN_BACK, reason=why[:300], finished_at=timezone.now()):
        return False
    if send.draft_id is not None:
        # A draft can be claimed only once, and this draft may be sent again.
        OutboundSend.objects.filter(pk=send.pk).delete()
        Draft.objects.filter(pk=send.draft_id).update(held_by_person=True)
        back_to_review(send.draft_id, lead, why, send)
    elif send.origin == OutboundSend.Origin.PROGRAM:
        OutboundSend.objects.filter(pk=send.pk).update(
            text=""
        )  # the program has it, and no composer needs it
    return True
