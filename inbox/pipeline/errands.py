"""Jobs that tell a provider something about a lead: each happens once in effect, and may take hours to get through."""

from django.db import IntegrityError, transaction

from inbox.accounts import connected
from inbox.models import Campaign, Lead
from integrations.emailbison.client import EmailBisonClient
from integrations.errors import ProviderMisconfigured
from integrations.models import Integration, Provider
from jobs.context import JobContext
from jobs.db import drop_connection
from jobs.errors import PermanentError


def identify_lead(ctx: JobContext) -> dict[str, str]:
    """The job `lead.identify`: find the lead at EmailBison by address, or create it there, and keep its id."""
    lead = Lead.objects.get(pk=ctx.payload["lead_id"], workspace_id=ctx.workspace_id)
    if lead.emailbison_lead_id or not lead.email:
        return {"outcome": "known" if lead.emailbison_lead_id else "no address"}
    client = EmailBisonClient.for_integration(_account(ctx, Provider.EMAILBISON))
    drop_connection()
    try:
        # A create whose answer was lost is found by the next attempt's search.
        found = client.find_lead(lead.email, ctx.deadline) or client.create_lead(
            lead.email, lead.first_name, lead.last_name, ctx.deadline
        )
    except PermanentError as error:
        Lead.objects.filter(pk=lead.pk).update(
            repair_reason=f"EmailBison does not know this lead: {error}."[:200]
        )
        raise
    return {"outcome": "found" if _keep(lead, found.id) else "another lead has this id"}


def _keep(lead: Lead, emailbison_lead_id: str) -> bool:
    try:
        with transaction.atomic():
            Lead.objects.filter(pk=lead.pk, emailbison_lead_id="").update(
                emailbison_lead_id=emailbison_lead_id, repair_reason=""
            )
    except IntegrityError:
        mine = Lead.objects.filter(workspace_id=lead.workspace_id)
        (mine.filter(pk=lead.pk) | mine.filter(emailbison_lead_id=emailbison_lead_id)).update(
            identity_conflict=True
        )
        return False
    return True


def stop_emails(ctx: JobContext) -> dict[str, str]:
    """The job `emailbison.stop-emails`: no more e-mails of a campaign to a lead. Telling it twice does no harm."""
    lead = Lead.objects.get(pk=ctx.payload["lead_id"], workspace_id=ctx.workspace_id)
    campaign = Campaign.objects.get(pk=ctx.payload["campaign_id"], workspace_id=ctx.workspace_id)
    client = EmailBisonClient.for_integration(_account(ctx, Provider.EMAILBISON))
    drop_connection()
    client.stop_future_emails(campaign.external_id, [lead.emailbison_lead_id], ctx.deadline)
    return {"outcome": "stopped"}


def _account(ctx: JobContext, provider: str) -> Integration:
    account = connected(ctx.workspace_id, provider)
    if account is None:
        raise ProviderMisconfigured(
            f"{Provider(provider).label} is not connected. Connect it, then retry this job."
        )
    return account
