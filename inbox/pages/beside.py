"""Reads what stands beside a conversation: by one query, which a page makes together with its counts."""

from typing import Any

from django.db.models import QuerySet

from inbox.followups import plan
from inbox.leads import assigning, facts
from inbox.models import Appointment, Lead, Message, WebhookDelivery
from inbox.pages.together import Rows, rows

LIMIT = 5
"""How many meetings and deliveries stand beside a conversation: the newest."""


def parts(lead: Lead) -> dict[str, Rows]:
    """The lists beside the conversation with `lead`, by the keys that `context` takes them by."""
    deliveries = WebhookDelivery.objects.filter(workspace=lead.workspace_id, lead=lead).order_by(
        "-received_at"
    )
    job = ("job__pk", "job__kind", "job__status", "job__snoozes", "job__created_at")
    step = ("next_step__pk", "next_step__position", "next_step__channel")
    instance = ("status", "paused_for", "due_at", "waits_for", "sequence__pk", "sequence__name", *step)
    meetings = lead.appointments.order_by("-starts_at", "-pk")
    return {
        "asked": rows(facts.enrichments_of(lead), "kind", "status", "requested_at", "answered_at"),
        "people": rows(facts.people(lead), "first_name", "last_name", "email"),
        "given": rows(assigning.assignments(lead)[:1], "data", "actor_id", "created_at"),
        "refusals": rows(lead.refusals.order_by("channel"), "channel", "code", "since", "recheck_at"),
        "meetings": rows(meetings[:LIMIT], "status", "starts_at", "handled_at"),
        "followups": rows(plan.live(lead), *instance),
        "sequences": rows(plan.open_to(lead), "name"),
        "suspicion": rows(_suspicious(lead)[:1], "suspected"),
        "deliveries": rows(deliveries[:LIMIT], "verdict", "event_type", "received_at", *job),
    }


def _suspicious(lead: Lead) -> QuerySet[Message]:
    """The lead's replies that the rules suspect to be something, such as an opt-out, and about which nobody has
    decided, the newest first. While there is one, nothing goes out to the lead.
    """
    if not lead.suspected:
        return Message.objects.none()
    replies = Message.objects.filter(
        lead=lead, direction=Message.Direction.INBOUND, suspected=lead.suspected, suspicion_decided_by=""
    )
    return replies.order_by("-sent_at", "-pk")


def context(lead: Lead, lists: dict[str, list[Any]]) -> dict[str, Any]:
    """What the templates of the rail take, and `suspicion`: the reply about which a person must decide, None if there
    is none. `lists` has the rows of `parts`.
    """
    enquiries, people, assignments = (lists[key] for key in ("asked", "people", "given"))
    deliveries: list[WebhookDelivery] = lists["deliveries"]
    return {
        "facts": facts.shown(lead, enquiries, people),
        "given": assigning.how(lead, assignments),
        "refusals": lists["refusals"],
        "meetings": lists["meetings"],
        "fell_through": Appointment.FELL_THROUGH,
        "followups": lists["followups"],
        "sequences": lists["sequences"],
        "suspicion": next(iter(lists["suspicion"]), None),
        "deliveries": deliveries,
        "jobs": {delivery.job_id: delivery.job for delivery in deliveries if delivery.job}.values(),
    }
