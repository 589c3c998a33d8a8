"""What the provider of a reply knows of its lead: fetched for context, and told that the lead has answered.

What was sent already is imported through the same door as webhooks, so nothing is stored twice. A provider that does
not answer now costs the step a few seconds and the draft some context, never the reply. What must happen, however long
it takes, is a job of its own.
"""

from typing import Any

from inbox.leads import identity
from inbox.leads.stops import STOP_EMAILS, stop_emails
from inbox.pipeline import imports
from inbox.pipeline.situation import NotNow, Situation
from integrations.errors import ProviderError, ProviderMisconfigured
from integrations.events import MessageEvent
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
    events = _sent(situation, deadline, "drafted")
    return _store(situation, events, sorted(events, key=lambda event: event.occurred_at)[-SENT_LIMIT:])


def import_texts(situation: Situation, deadline: Deadline) -> dict[str, int]:
    """Store what was texted to the lead before this text; what came in was told by webhooks.

    A webhook brings the last text only, and "yes" means nothing without what it answers.
    """
    events = _sent(situation, deadline, "read")
    earlier = [event for event in events if event.occurred_at < situation.message.received_at]
    return _store(situation, events, sorted(earlier, key=lambda event: event.occurred_at))


def _sent(situation: Situation, deadline: Deadline, done: str) -> list[MessageEvent]:
    integration, person = situation.account, identity.person_of(situation.lead)
    drop_connection()
    try:
        return situation.spec.history.read(integration, person, deadline)
    except (ProviderError, ProviderMisconfigured) as error:
        raise NotNow(f"{error}: {done} without it.") from error


def _store(situation: Situation, listed: list[MessageEvent], chosen: list[MessageEvent]) -> dict[str, int]:
    return {"listed": len(listed), "stored": imports.store(situation.account, chosen)}
