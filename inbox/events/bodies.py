"""Builds the JSON of events. Texts are read when an event is sent, so an erased person's events contain no text."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone

from inbox.models import Draft, Event, Lead, Message, OutboundSend
from inbox.models.event import ERASED_DATA

TEXT_LIMIT = 4_000
"""The maximum length of a text in an event, in characters. Standard Webhooks asks for bodies below 20 kB."""
TIMES = ("sentAt", "startsAt", "endsAt")
WITH_TEXT: dict[str, tuple[type[models.Model], str]] = {
    "message": (Message, "messageId"),
    "draft": (Draft, "draftId"),
    "send": (OutboundSend, "sendId"),
}
"""For the first word of an event's type: the model whose row holds the text, and the name of its id in the data."""


def body_of(event: Event, *, with_text: bool = False) -> dict[str, Any]:
    """Returns an event's JSON as programs receive it. `with_text` adds its text, and the lead's name and addresses."""
    facts = dict(event.data)
    facts |= {name: _time(datetime.fromisoformat(facts[name])) for name in TIMES if facts.get(name)}
    if event.lead_id is not None:
        address = reverse("inbox:conversation", args=[event.workspace_id, event.lead_id])
        facts |= {"leadId": str(event.lead_id), "url": settings.PUBLIC_URL + address}
    if with_text and event.data != ERASED_DATA:
        facts |= _texts(event)
    return {"id": str(event.pk), "type": event.type, "timestamp": _time(event.created_at), "data": facts}


def _texts(event: Event) -> dict[str, Any]:
    texts: dict[str, Any] = {}
    lead = Lead.objects.filter(pk__in=[event.lead_id], workspace_id=event.workspace_id).first()
    model, name = WITH_TEXT.get(event.type.partition(".")[0], (None, ""))
    if model is not None:
        rows = model._default_manager.filter(workspace_id=event.workspace_id).select_related("lead")
        row: Any = rows.filter(pk=event.data.get(name)).first()
        if row is None:
            return {}
        lead = row.lead
        texts = {"subject": row.subject[:TEXT_LIMIT], "text": row.text[:TEXT_LIMIT]}
        texts |= {"textCut": True} if len(row.text) > TEXT_LIMIT else {}
    return texts | {"lead": _person(lead)} if lead is not None and lead.erasing_at is None else {}


def _person(lead: Lead) -> dict[str, str]:
    return {
        "email": lead.email,
        "phone": lead.phone,
        "firstName": lead.first_name,
        "lastName": lead.last_name,
        "company": lead.company,
    }


def _time(moment: datetime) -> str:
    return moment.astimezone(timezone.get_fixed_timezone(0)).isoformat().replace("+00:00", "Z")
