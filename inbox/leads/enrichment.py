"""Asks Clay, in a job, for a lead's missing phone number or LinkedIn profile. The first request creates a row of
`Enrichment`, so each fact is requested once per lead. Clay accepts ten rows a minute from all our processes together,
and the job postpones further rows (docs/reference/clay.md, Limits).
"""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from inbox.models import Enrichment, FollowUpInstance, Lead
from inbox.workspaces.accounts import connected, required
from integrations.clay import NAME
from integrations.clay.client import ClayClient, Table
from jobs.context import JobContext
from jobs.db import drop_connection
from jobs.deadline import Deadline
from jobs.enqueue import enqueue_about
from jobs.kinds import kind_name

ASK = kind_name("clay.ask", __name__)
PATIENCE = timedelta(hours=24)
"""A follow-up waits this long for Clay's answer. Then the follow-up's step is skipped."""
FREE_MAIL = {
    "gmail.com",
    "googlemail.com",
    "yahoo.com",
    "hotmail.com",
    "outlook.com",
    "icloud.com",
    "aol.com",
}
Status = Enrichment.Status


def request(lead: Lead, kind: str, now: datetime) -> Enrichment:
    """Enqueues a question to Clay about the fact `kind`, once per lead and kind. Must run in a transaction."""
    row, created = Enrichment.objects.get_or_create(
        lead=lead, kind=kind, defaults={"workspace_id": lead.workspace_id, "requested_at": now}
    )
    if created:
        enqueue_about(ASK, row, "enrichment_id")
    return row


def wait_for(lead: Lead, kind: str, now: datetime) -> datetime | None:
    """Returns the time (aware) until which to wait for Clay's answer about `kind`. Enqueues the question if necessary.
    Returns None without a Clay account, after an answer of Clay's, or when the time to wait is over.
    """
    row = Enrichment.objects.filter(lead=lead, kind=kind).first()
    if row is None:
        if connected(lead.workspace_id, NAME) is None:
            return None
        row = request(lead, kind, now)
    until = (row.requested_at or row.created_at) + PATIENCE
    return until if row.status == Status.PENDING and until > now else None


def run(ctx: JobContext) -> dict[str, str]:
    """Runs the job `clay.ask`: adds the lead to Clay's table once. A call with an unknown outcome counts as asked.
    Raises ProviderMisconfigured.
    """
    row = ctx.row(Enrichment.objects.select_related("lead"), "enrichment_id")
    if row.status != Status.PENDING:
        return {"outcome": row.status}

    def ask(deadline: Deadline) -> dict[str, str]:
        client = ClayClient.for_integration(required(ctx.workspace_id, NAME))
        drop_connection()
        client.add_row(Table(row.kind), _row(row.lead, row.kind), deadline)
        return {"outcome": "asked"}

    unclear = {"outcome": "unclear"}
    return ctx.step("ask", ask, effect="send", on_interrupted=lambda deadline: unclear)


def _row(lead: Lead, kind: str) -> dict[str, str]:
    domain = lead.email.partition("@")[2]
    row = {
        "leadId": str(lead.pk),
        "emailAddress": lead.email,
        "firstName": lead.first_name,
        "lastName": lead.last_name,
        "fullName": f"{lead.first_name} {lead.last_name}".strip(),
        "companyName": lead.company,
        "companyDomain": "" if domain in FREE_MAIL else domain,
        "state": "",
    }
    return row | ({"linkedInProfile": lead.linkedin_url} if kind == Enrichment.Kind.PHONE else {})


def on_answer(sender: Any, lead: Lead, now: datetime, **kwargs: Any) -> None:
    """Makes the lead's follow-ups that wait for Clay due: Clay has answered, or a person has entered facts."""
    with transaction.atomic():
        FollowUpInstance.objects.filter(
            lead=lead,
            status=FollowUpInstance.Status.ACTIVE,
            waits_for__endswith="Asking Clay.",
            due_at__gt=now,
        ).update(due_at=now)
