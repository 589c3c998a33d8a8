"""Shows EmailBison's mails to a lead, fetched within 3 s while the user waits. Only a few pages may wait at a time."""

import uuid

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from inbox.leads import identity
from inbox.models import Lead, Message
from inbox.models.message import OWN
from inbox.pages.access import WorkspaceRequest, workspace_view
from inbox.pages.conversation.conversation import find_lead
from inbox.pages.conversation.timeline import TEXT_LIMIT
from inbox.replying.carrier_messages import LATER, marked_send_id, quotes, same_words
from inbox.trace import asking
from inbox.understanding.text import newest_text
from inbox.workspaces.accounts import connected
from integrations import emailbison, registry
from integrations.events import MessageEvent
from integrations.models import Integration
from integrations.spec import stated


@workspace_view()
def history(request: WorkspaceRequest, lead_id: uuid.UUID) -> HttpResponse:
    """Shows the campaign mails to one lead that EmailBison lists now and that are not stored here.

    An htmx request gets a part, any other request a page. If EmailBison does not respond within 3 s, the page says so.
    """
    lead = find_lead(request, lead_id)
    integration = connected(request.workspace.pk, emailbison.NAME)
    context = {"lead": lead, "asked_at": timezone.now(), "connected": integration is not None}
    if integration and lead.emailbison_lead_id and not lead.sample:
        context |= _ask(integration, lead)
    template = "inbox/_history.html" if request.htmx else "inbox/history.html"
    return render(request, template, context)


def _ask(integration: Integration, lead: Lead) -> dict[str, object]:
    history = stated(registry.spec_of(integration.provider).history)
    try:
        with asking.slot() as deadline:
            sent = history.read(integration, identity.person_of(lead), deadline)
    except asking.NO_ANSWER:
        return {"unanswered": True}
    return {"sent": _unsaved(lead, sent), "total": len(sent)}


def _unsaved(lead: Lead, sent: list[MessageEvent]) -> list[dict[str, object]]:
    ours = list(lead.messages.outbound().only("source", "external_id", "text", "sent_at"))
    return [
        {"subject": mail.subject, "at": mail.occurred_at, "text": _own_text(mail.html)[:TEXT_LIMIT]}
        for mail in sent
        if not any(_holds(message, mail) for message in ours)
    ]


def _holds(message: Message, mail: MessageEvent) -> bool:
    """Whether the stored `message` is the same mail as the listed `mail`.

    They are the same if they have the same provider's id, or if `mail` has the marker of our send. Otherwise, they are
    the same if they have the same words and about the same time; signatures and quotes do not count.
    """
    if (message.source, message.external_id) == (mail.source, mail.external_id):
        return True
    if message.source == OWN and marked_send_id(mail.html) == message.external_id:
        return not quotes(mail.html, message.text)
    if abs(message.sent_at - mail.occurred_at) > LATER:
        return False
    words = " ".join(_own_text(mail.html).split())
    return same_words(mail.html, message.text) or (
        bool(words) and words == " ".join(newest_text(message.text, None).text.split())
    )


def _own_text(html: str) -> str:
    return newest_text(None, html).text
