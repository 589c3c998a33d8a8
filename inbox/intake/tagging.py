"""Gives the newest replies of several leads a person's tag.

The person may not have read each of these replies. So a stop or a suspicion stays unless the tag stops the lead, no
answer is drafted because of the tag, and the tag is not labelled data.
"""

from collections.abc import Iterable

from django.db import transaction

from inbox.intake import tag_decisions
from inbox.leads import rollup, suspicion
from inbox.leads.triage import Seen, TriageResult
from inbox.models import Lead, Message, Workspace
from inbox.models.actor import Actor
from inbox.models.lead import Tag


def tag(workspace: Workspace, by: Actor, views: Iterable[Seen], tag: str) -> TriageResult:
    """Stores that `by` gives `tag` to the newest reply of each lead of `workspace` in `views`
    (`tag_decisions.correct`).

    Leads with a newer reply than was seen, and leads who have never written, stay unchanged. Stopped and suspected
    leads also stay unchanged, unless the tag is Blacklist. The result names leads that were not tagged. A tag cannot be
    undone by a token: only another tag replaces it. Each lead is tagged in its own transaction, so that no row is
    locked for long.
    """
    replied_at = {view.lead_id: view.last_inbound_at for view in views}
    leads, missed, silent, held = [], [], [], []
    for lead_id in sorted(replied_at):
        with transaction.atomic():
            rows = Lead.objects.select_for_update(no_key=True).filter(workspace=workspace, pk=lead_id)
            if (lead := rows.first()) is None:
                continue
            if lead.last_inbound_at != replied_at[lead_id]:
                missed.append(lead)
            elif (reply := _newest_reply(lead)) is None:
                silent.append(lead)
            elif tag != Tag.BLACKLIST and (lead.is_stopped or lead.suspected or suspicion.of(reply)):
                held.append(lead)  # a person decides one by one about a stop or a suspicion
            else:
                tag_decisions.correct(reply, tag, user=by, reason=tag_decisions.TOGETHER)
                leads.append(lead)
    gone = len(replied_at) - len(leads) - len(missed) - len(silent) - len(held)
    return TriageResult(leads, missed, gone, undo="", silent=silent, held=held)


def _newest_reply(lead: Lead) -> Message | None:
    if lead.last_inbound_at is None:
        return None
    wrote = Message.objects.inbound(lead=lead, sent_at=lead.last_inbound_at)
    replies = wrote.exclude(source__in=rollup.bounces()).select_related("lead")
    return replies.order_by("stamp", "external_id").last()
