"""Jobs that tell a provider something about a lead: each happens once in effect, and may take hours to get through."""

from collections.abc import Callable

from inbox import crm
from inbox.accounts import connected
from inbox.leads import identity
from inbox.leads.identity import Kept
from inbox.models import Campaign, Lead
from integrations.emailbison.client import EmailBisonClient
from integrations.errors import ProviderMisconfigured, ProviderRejected
from integrations.ghl.client import GhlClient
from integrations.instantly.client import InstantlyClient
from integrations.models import Integration, Provider
from integrations.smartlead.client import SmartLeadClient
from jobs.context import JobContext
from jobs.db import drop_connection
from jobs.deadline import Deadline
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
    if identity.keep(lead, "emailbison_lead_id", found.id, Provider.EMAILBISON) is Kept.ANOTHERS:
        return {"outcome": "another lead has this id"}
    Lead.objects.filter(pk=lead.pk).update(repair_reason="")
    return {"outcome": "found"}


def stop_emails(ctx: JobContext) -> dict[str, str]:
    """The job `campaign.stop-emails`: no more e-mails of a campaign to a lead. Telling it twice does no harm."""
    lead = Lead.objects.get(pk=ctx.payload["lead_id"], workspace_id=ctx.workspace_id)
    campaign = Campaign.objects.get(pk=ctx.payload["campaign_id"], workspace_id=ctx.workspace_id)
    account = _account(ctx, campaign.provider)
    drop_connection()
    return {"outcome": STOPPERS[campaign.provider](account, campaign, lead, ctx.deadline)}


def _stop_at_emailbison(account: Integration, campaign: Campaign, lead: Lead, deadline: Deadline) -> str:
    client = EmailBisonClient.for_integration(account)
    client.stop_future_emails(campaign.external_id, [lead.emailbison_lead_id], deadline)
    return "stopped"


def _stop_at_smartlead(account: Integration, campaign: Campaign, lead: Lead, deadline: Deadline) -> str:
    client = SmartLeadClient.for_integration(account)
    known = client.find_lead(lead.email, deadline)
    if known is None:
        return "not known there"
    client.unsubscribe(campaign.external_id, known.id, deadline)
    return "stopped"


def _stop_at_instantly(account: Integration, _campaign: Campaign, lead: Lead, deadline: Deadline) -> str:
    """By the block list: Instantly has no call that ends one campaign for one lead and keeps the lead."""
    client = InstantlyClient.for_integration(account)
    try:
        client.block(lead.email, deadline)
    except ProviderRejected:
        if not client.is_blocked(lead.email, deadline):
            raise
        return "stopped before"
    return "stopped"


STOPPERS: dict[str, Callable[[Integration, Campaign, Lead, Deadline], str]] = {
    Provider.EMAILBISON: _stop_at_emailbison,
    Provider.SMARTLEAD: _stop_at_smartlead,
    Provider.INSTANTLY: _stop_at_instantly,
}


def crm_contact(ctx: JobContext) -> dict[str, str]:
    """The job `ghl.contact`: the lead is a contact at GoHighLevel, and both sides know the phone number."""
    lead = Lead.objects.select_related("workspace").get(
        pk=ctx.payload["lead_id"], workspace_id=ctx.workspace_id
    )
    client = GhlClient.for_integration(_account(ctx, Provider.GHL))
    joined = crm.join(client, lead, ctx.deadline)
    return {"outcome": joined.outcome if joined else "neither address nor number"}


def _account(ctx: JobContext, provider: str) -> Integration:
    account = connected(ctx.workspace_id, provider)
    if account is None:
        raise ProviderMisconfigured(
            f"{Provider(provider).label} is not connected. Connect it, then retry this job."
        )
    return account
