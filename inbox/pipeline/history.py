"""What EmailBison knows of the lead: fetched for context, and told that the lead has answered.

What was sent already is imported through the same door as webhooks, so nothing is stored twice. A provider that does
not answer now costs the step a few seconds and the draft some context, never the reply. What must happen, however long
it takes, is a job of its own.
"""

from typing import Any

from inbox.leads.stops import STOP_EMAILS, stop_emails
from inbox.models import Lead
from inbox.pipeline import imports
from inbox.pipeline.situation import NotNow, Situation
from integrations.emailbison.client import EmailBisonClient, SentEmail
from integrations.errors import ProviderError, ProviderMisconfigured
from integrations.events import MessageEvent, Person
from integrations.models import Provider
from jobs.db import drop_connection
from jobs.deadline import Deadline
from jobs.enqueue import enqueue, enqueue_many
from jobs.registry import kind_name

IDENTIFY = kind_name("lead.identify", __name__)
SENT_LIMIT = 12


def identify(situation: Situation, _deadline: Deadline) -> dict[str, str]:
    """Have the lead looked up, or created, at EmailBison."""
    job, _ = enqueue(
        IDENTIFY,
        workspace_id=situation.workspace.pk,
        dedupe_key=f"{IDENTIFY}:{situation.message.pk}",
        payload={"lead_id": str(situation.lead.pk)},
    )
    return {"job": str(job.pk)}


def stop_future(situation: Situation, _deadline: Deadline) -> dict[str, Any]:
    """Have EmailBison stop this campaign's further e-mails to the lead: once, however often they write.

    Its API has no call that starts them again, so that nothing is stopped that a machine may have written.
    """
    created = enqueue_many(STOP_EMAILS, [stop_emails(situation.lead, situation.campaign.pk)])
    return {"first": bool(created)}


def import_sent(situation: Situation, deadline: Deadline) -> dict[str, int]:
    """Store the latest e-mails that went out to the lead, so that the draft knows what they answer."""
    integration = situation.integration(Provider.EMAILBISON)
    drop_connection()
    try:
        client = EmailBisonClient.for_integration(integration)
        mails = client.sent_emails(situation.lead.emailbison_lead_id, deadline)
    except (ProviderError, ProviderMisconfigured) as error:
        raise NotNow(f"{error}: drafted without it.") from error
    sent = sorted((mail for mail in mails if mail.at is not None), key=lambda mail: mail.at)[-SENT_LIMIT:]
    events = [_event(situation.lead, mail) for mail in sent]
    return {"listed": len(mails), "stored": imports.store(integration, events)}


def _event(lead: Lead, mail: SentEmail) -> MessageEvent:
    return MessageEvent(
        event_type="import",
        external_id=mail.id,
        source="emailbison_sent",
        direction="outbound",
        channel="email",
        person=Person(email=lead.email, emailbison_lead_id=lead.emailbison_lead_id),
        occurred_at=mail.at,
        subject=mail.email_subject,
        html=mail.email_body,
        listed=True,
    )
