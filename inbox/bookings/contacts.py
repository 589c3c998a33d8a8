"""Finds out who booked a meeting when no lead has that GoHighLevel contact."""

from django.db import transaction

from inbox.bookings import calendar_list
from inbox.leads import identity
from inbox.models import Workspace
from inbox.workspaces.accounts import connected
from integrations import ghl
from integrations.errors import ProviderMisconfigured, ProviderRejected
from integrations.events import Person
from integrations.ghl import calendar
from integrations.ghl.client import GhlClient
from integrations.ghl.errors import NOT_FOUND
from jobs.context import JobContext
from jobs.db import drop_connection


def who_booked(ctx: JobContext) -> dict[str, object]:
    """The job `bookings.who`: finds the lead for a GoHighLevel contact that booked a meeting, by the contact's e-mail
    address or phone number, and stores the contact's meetings. Returns the outcome in words.

    If GoHighLevel no longer knows the contact, or no lead fits, nothing is stored and no error is raised. Raises
    ProviderMisconfigured if GoHighLevel is not connected.
    """
    workspace = Workspace.objects.get(pk=ctx.workspace_id)
    account = connected(workspace.pk, ghl.NAME)
    if account is None:
        raise ProviderMisconfigured("GoHighLevel is not connected. Connect it, then retry this job.")
    client, contact_id = GhlClient.for_integration(account), ctx.payload["contact_id"]
    drop_connection()
    try:
        contact = client.contact(contact_id, ctx.deadline)
        meetings = calendar.of_contact(client, contact_id, ctx.deadline)
    except ProviderRejected as error:
        if error.code != NOT_FOUND:
            raise
        return {"outcome": "GoHighLevel does not know this contact any more"}
    person = Person(email=contact.email, phone=contact.phone)
    identities = identity.identities_of(workspace, person)
    if not identities:
        return {"outcome": "neither address nor number"}
    with transaction.atomic():
        match = identity.find_or_create(workspace, person, ghl.NAME, create=False)
        if match is None:
            return {"outcome": "nobody we know"}
        outcome = identity.keep_contact(match.lead, contact_id, identities.get("phone", ""), ghl.NAME)
    return {"outcome": "found", "contact": outcome, "changed": calendar_list.apply(match.lead, meetings)}
