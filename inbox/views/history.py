"""What EmailBison has sent to a lead, asked for while the page is open: 3 s, few at once, and never in the way."""

import threading
import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from inbox.access import workspace_view
from inbox.accounts import connected
from inbox.leads import identity
from inbox.models import Lead, Message
from inbox.timeline import TEXT_LIMIT
from inbox.understanding.text import newest_text
from inbox.views.conversation import find_lead
from integrations import emailbison, registry
from integrations.errors import ProviderError, ProviderMisconfigured
from integrations.events import MessageEvent
from integrations.models import Integration
from jobs.db import drop_connection
from jobs.deadline import Deadline
from jobs.errors import DeadlineExceeded, ShutdownRequested

BUDGET_MS = 3_000
"""What the whole fragment may take; the call itself gets OWN_PART_MS less, which queries and rendering need."""
OWN_PART_MS = 200
SLOT_COUNT = 4
SLOTS = threading.BoundedSemaphore(SLOT_COUNT)
"""At most this many threads of a server process wait for EmailBison; the others answer other pages."""


@require_safe
@workspace_view()
def history(request: HttpRequest, lead_id: uuid.UUID) -> HttpResponse:
    """The provider's sent e-mails for one lead, as a fragment, or as a page of its own without htmx."""
    lead = find_lead(request, lead_id)
    integration = connected(request.workspace.pk, emailbison.NAME)
    context = {"lead": lead, "asked_at": timezone.now(), "connected": integration is not None}
    if integration and lead.emailbison_lead_id:
        context |= _ask(integration, lead)
    template = "inbox/_history.html" if request.htmx else "inbox/history.html"
    return render(request, template, context)


def _ask(integration: Integration, lead: Lead) -> dict[str, object]:
    if not SLOTS.acquire(blocking=False):
        return {"unanswered": True}
    try:
        drop_connection()
        history = registry.spec_of(integration.provider).history
        sent = history.read(integration, identity.person_of(lead), Deadline.after_ms(BUDGET_MS - OWN_PART_MS))
    except (ProviderError, ProviderMisconfigured, DeadlineExceeded, ShutdownRequested):
        return {"unanswered": True}
    finally:
        SLOTS.release()
    return {"sent": _unsaved(lead, sent), "total": len(sent)}


def _unsaved(lead: Lead, sent: list[MessageEvent]) -> list[dict[str, object]]:
    """What the conversation does not show yet, by the provider's id or, as our own answers have none, by its words."""
    ours = lead.messages.filter(direction=Message.Direction.OUTBOUND).values_list(
        "source", "external_id", "text"
    )
    known = {(source, external_id) for source, external_id, _ in ours}
    words = {" ".join(text.split()) for _, _, text in ours}
    mails = [
        (mail, newest_text(mail.html, None).text[:TEXT_LIMIT])
        for mail in sent
        if (mail.source, mail.external_id) not in known
    ]
    return [
        {"subject": mail.subject, "at": mail.occurred_at, "text": text}
        for mail, text in mails
        if " ".join(text.split()) not in words
    ]
