"""Computes how fast each person of a workspace answers, in one query over an index on workspace and time."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from inbox.leads import rollup
from inbox.models import User
from inbox.pages.team import SOMEBODY
from jobs.db import fetch

# The answers that a person wrote or approved here, each with the first reply that had waited for it since the
# previous answer. Automatic answers and follow-ups belong to nobody, and a campaign's step is no answer
# (inbox.leads.rollup.answers). A second answer to the same reply does not count.
BY_PERSON = """
WITH answer AS (
    SELECT m.lead_id, m.sent_at, s.approved_by_id, s.answer_by
    FROM inbox_message m
    JOIN inbox_outboundsend s ON s.workspace_id = m.workspace_id
     AND s.id = CASE WHEN m.external_id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN m.external_id::uuid END
    WHERE m.workspace_id = %(workspace)s AND m.direction = 'outbound' AND m.source = 'holdfast'
      AND m.received_at >= %(since)s - interval '1 day' AND m.sent_at >= %(since)s AND m.sent_at < %(until)s
      AND (s.origin = 'person' OR s.origin = 'draft' AND s.approved_by_id IS NOT NULL)
)
SELECT a.approved_by_id, count(*),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM a.sent_at - r.sent_at)),
       percentile_cont(0.9) WITHIN GROUP (ORDER BY extract(epoch FROM a.sent_at - r.sent_at)),
       count(*) FILTER (WHERE a.sent_at <= a.answer_by), count(*) FILTER (WHERE a.sent_at > a.answer_by)
FROM answer a
LEFT JOIN LATERAL (
    SELECT o.sent_at FROM inbox_message o
    WHERE o.lead_id = a.lead_id AND o.direction = 'outbound' AND o.sent_at < a.sent_at
      AND (o.by_hand OR o.source <> ALL(%(steps)s))
    ORDER BY o.sent_at DESC LIMIT 1) before ON true
CROSS JOIN LATERAL (
    SELECT i.sent_at FROM inbox_message i
    WHERE i.lead_id = a.lead_id AND i.direction = 'inbound' AND i.automated_reply IS NOT TRUE
      AND i.tag NOT IN ('Automated Reply', 'Out of Office')
      AND i.sent_at < a.sent_at AND i.sent_at > coalesce(before.sent_at, '-infinity')
    ORDER BY i.sent_at LIMIT 1) r
GROUP BY a.approved_by_id ORDER BY 2 DESC, 1 LIMIT 50
"""


@dataclass(frozen=True)
class PersonRow:
    """How fast one person gave first answers to replies: median and 90th percentile, in seconds. `kept` and `broken`
    count the answers by their promise; those from before 0.3.0 had none.
    """

    name: str
    answers: int
    median_s: float
    p90_s: float
    kept: int
    broken: int


def by_person(workspace_id: UUID, since: datetime, until: datetime) -> list[PersonRow]:
    """Returns how fast each person answered from `since` up to `until` (aware), at most 50, most answers first.

    A person who has left the workspace keeps their name. Deleted people share one row, which contains only what they
    wrote themselves: drafts that they approved look like automatic answers, which do not count. Messages written
    elsewhere do not count either.
    """
    values: dict[str, Any] = {
        "workspace": workspace_id,
        "since": since,
        "until": until,
        "steps": list(rollup.steps()),
    }
    rows = fetch(BY_PERSON, values)
    users = User.objects.in_bulk([user_id for user_id, *_ in rows if user_id is not None])
    return [
        PersonRow(users[user_id].name if user_id in users else SOMEBODY, *numbers)
        for user_id, *numbers in rows
    ]
