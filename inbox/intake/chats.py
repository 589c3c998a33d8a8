"""Finds the lead of a LinkedIn chat, because our own messages may not name their recipient.

Until somebody answers, our messages belong to a stand-in: a lead without any identity. The stand-in becomes the person
who answers. A lock serialises the messages of a chat, so both orders of arrival end in one lead.
"""

from django.db import IntegrityError, transaction

from inbox.leads import identity, rollup
from inbox.models import Lead, Message, Workspace, locks
from inbox.models.lead import IDENTITY_FIELDS
from integrations import registry
from integrations.events import MessageEvent, Person


def lead_of(workspace: Workspace, event: MessageEvent) -> Lead:
    """Finds or creates the lead for a message of a LinkedIn chat, and locks its row. Must run in a transaction."""
    locks.hold("chat", workspace.pk, event.source, event.thread_id)
    here = _lead_here(workspace, event)
    if not identity.identities_of(workspace, event.person):
        return here or Lead.objects.create(workspace=workspace)
    provider = registry.provider_of(event.source)
    if here is None or not _is_stand_in(here):
        return identity.find_or_create(workspace, event.person, provider).lead
    return _become(workspace, here, event.person, provider)


def _lead_here(workspace: Workspace, event: MessageEvent) -> Lead | None:
    newest = (
        Message.objects.filter(workspace=workspace, source=event.source, thread_id=event.thread_id)
        .order_by("-sent_at")
        .values("lead")[:1]
    )
    return Lead.objects.select_for_update().filter(pk__in=newest).first()


def _is_stand_in(lead: Lead) -> bool:
    return not any(getattr(lead, name) for name in IDENTITY_FIELDS)


def _become(workspace: Workspace, stand_in: Lead, person: Person, provider: str) -> Lead:
    """Turns the stand-in into `person`. If the person already has a lead, the stand-in's messages move there."""
    match = identity.find(workspace, person, provider)
    if match is None:
        try:
            with transaction.atomic():
                identity.fill(stand_in, workspace, person, provider)
        except IntegrityError:  # another channel has created this lead in the meantime
            match = identity.find_or_create(workspace, person, provider)
        else:
            return stand_in
    for message in Message.objects.filter(lead=stand_in):
        rollup.move(message, match.lead)
    return match.lead
