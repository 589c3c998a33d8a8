"""Jobs that report something about a lead to a provider. A repeated job has no second effect. A job may take hours."""

from datetime import timedelta

from django.utils import timezone

from inbox.leads import crm, identity
from inbox.leads.identity import KeptIdentity
from inbox.models import Campaign, Lead
from inbox.replying import account_pauses
from inbox.workspaces.accounts import connected
from integrations import emailbison, ghl, registry
from integrations.emailbison.client import EmailBisonClient
from integrations.errors import OUT_OF_REACH, UNUSABLE, ProviderMisconfigured
from integrations.ghl.client import GhlClient
from integrations.health import probes
from integrations.models import Integration, WorkspaceIntegrationHealth
from integrations.spec import NONE
from jobs.context import JobContext
from jobs.db import drop_connection
from jobs.errors import PermanentError, Snooze

PARKED = timedelta(hours=6)
"""A stop waits this long for its account. A successful probe ends the wait (`inbox.health.watch.run`)."""


def identify_lead(ctx: JobContext) -> dict[str, str]:
    """The job `lead.identify`: finds the lead at EmailBison by its address, or creates it there. A refusal is stored
    with the lead (`repair_reason`) and raised.
    """
    lead = ctx.row(Lead.objects.all(), "lead_id")
    if lead.emailbison_lead_id or not lead.email:
        return {"outcome": "known" if lead.emailbison_lead_id else "no address"}
    client = EmailBisonClient.for_integration(_account(ctx, emailbison.NAME))
    drop_connection()
    try:
        # If the response to the creation is lost, the next attempt finds the lead by its search.
        record = client.find_lead(lead.email, ctx.deadline) or client.create_lead(
            lead.email, lead.first_name, lead.last_name, ctx.deadline
        )
    except PermanentError as error:
        Lead.objects.filter(pk=lead.pk).update(
            repair_reason=f"EmailBison doesn’t have this lead: {error}."[:200]
        )
        raise
    if identity.keep(lead, "emailbison_lead_id", record.id, emailbison.NAME) is KeptIdentity.ANOTHERS:
        return {"outcome": "another lead has this id"}
    Lead.objects.filter(pk=lead.pk).update(repair_reason="")
    return {"outcome": "found"}


def stop_emails(ctx: JobContext) -> dict[str, str]:
    """The job `campaign.stop-emails`: asks the campaign's provider to stop its emails to a lead.

    While no account of the provider can be asked, raises Snooze, which costs no attempt; `inbox.leads.stops.ask_again`
    ends the wait. Raises ProviderMisconfigured if the provider cannot stop a campaign.
    """
    lead = ctx.row(Lead.objects.all(), "lead_id")
    campaign = ctx.row(Campaign.objects.all(), "campaign_id")
    spec = registry.spec_of(campaign.provider)
    if isinstance(spec.stop_campaign, NONE):
        raise ProviderMisconfigured(f"{spec.label} can’t stop a campaign: {spec.stop_campaign.why}")
    try:
        account = _account(ctx, campaign.provider)
        account_pauses.require_up(account, "")
        drop_connection()
        state = spec.stop_campaign.stop(account, campaign.external_id, identity.person_of(lead), ctx.deadline)
    except UNUSABLE as error:
        raise Snooze(timezone.now() + PARKED, f"Waiting for the account. {error}") from error
    except OUT_OF_REACH as error:
        if WorkspaceIntegrationHealth.objects.filter(integration=account, state__in=probes.BROKEN).exists():
            raise Snooze(timezone.now() + PARKED, f"Waiting for the account. {error}") from error
        raise
    return {"outcome": state}


def crm_contact(ctx: JobContext) -> dict[str, str]:
    """The job `ghl.contact`: connects the lead with its contact at GoHighLevel, which is created if necessary."""
    lead = ctx.row(Lead.objects.select_related("workspace"), "lead_id")
    client = GhlClient.for_integration(_account(ctx, ghl.NAME))
    joined = crm.join(client, lead, ctx.deadline)
    return {"outcome": joined.outcome if joined else "no address or number"}


def _account(ctx: JobContext, provider: str) -> Integration:
    account = connected(ctx.workspace_id, provider)
    if account is None:
        raise ProviderMisconfigured(
            f"{registry.spec_of(provider).label} isn’t connected. Connect it, then retry this job."
        )
    return account
