"""Asking Clay for a phone number or a profile: once per lead and kind, in a job that waits for its turn.

The row of `Enrichment` is the claim. Clay allows ten rows a minute over all our processes; what is too much is put off
by the job, never dropped (docs/reference/clay.md, Limits).
"""

from datetime import datetime, timedelta

from django.db import transaction

from inbox.accounts import connected
from inbox.models import Enrichment, FollowUpInstance, Lead
from integrations.clay import NAME
from integrations.clay.client import ClayClient, Table
from integrations.errors import ProviderMisconfigured
from jobs.context import JobContext
from jobs.db import drop_connection
from jobs.deadline import Deadline
from jobs.enqueue import enqueue
from jobs.registry import kind_name

ASK = kind_name("clay.ask", __name__)
PATIENCE = timedelta(hours=24)
"""How long a follow-up waits for an answer; then its step is skipped."""
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
    """Have Clay asked for `kind` (Enrichment.Kind) of `lead`, unless it was asked before. In a transaction."""
    asked, created = Enrichment.objects.get_or_create(
        lead=lead, kind=kind, defaults={"workspace_id": lead.workspace_id, "requested_at": now}
    )
    if created:
        enqueue(
            ASK,
            workspace_id=lead.workspace_id,
            dedupe_key=f"{ASK}:{asked.pk}",
            payload={"enrichment_id": str(asked.pk)},
        )
    return asked


def wait_for(lead: Lead, kind: str, now: datetime) -> datetime | None:
    """Until when it makes sense to wait for Clay's answer, asking if nobody has; None where none will come."""
    known = Enrichment.objects.filter(lead=lead, kind=kind).first()
    if known is None:
        if connected(lead.workspace_id, NAME) is None:
            return None
        known = request(lead, kind, now)
    until = (known.requested_at or known.created_at) + PATIENCE
    return until if known.status == Status.PENDING and until > now else None


def run(ctx: JobContext) -> dict[str, str]:
    """The job `clay.ask`: put the lead into Clay's table, once. An unclear outcome counts as asked."""
    asked = Enrichment.objects.select_related("lead").get(
        pk=ctx.payload["enrichment_id"], workspace_id=ctx.workspace_id
    )
    if asked.status != Status.PENDING:
        return {"outcome": asked.status}

    def ask(deadline: Deadline) -> dict[str, str]:
        account = connected(ctx.workspace_id, NAME)
        if account is None:
            raise ProviderMisconfigured("Clay is not connected. Connect it, then retry this job.")
        client = ClayClient.for_integration(account)
        drop_connection()
        client.add_row(Table(asked.kind), _row(asked.lead, asked.kind), deadline)
        return {"outcome": "asked"}

    return ctx.step("ask", ask, effect="send", on_interrupted=lambda deadline: {"outcome": "unclear"})


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


def on_answer(sender, lead: Lead, now: datetime, **kwargs) -> None:
    """Clay has answered: what waited for it goes on, with the fact or without."""
    with transaction.atomic():
        FollowUpInstance.objects.filter(
            lead=lead,
            status=FollowUpInstance.Status.ACTIVE,
            waits_for__endswith="Clay is asked.",
            due_at__gt=now,
        ).update(due_at=now)
