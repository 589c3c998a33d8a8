"""Computes the numbers of the overview: replies, answers, objections and meetings of a workspace in a time span.

Each number is one query over an index on workspace and time. A reply is a message that a lead wrote, not a machine.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from inbox.followups import responses
from inbox.leads import rollup
from inbox.leads.folders import leads_in
from inbox.leads.tags import POSITIVE
from inbox.models import User, Workspace
from inbox.pages.team import SOMEBODY
from jobs.db import fetch

IN_SPAN = """m.received_at >= %(since)s - interval '1 day' AND m.sent_at >= %(since)s AND m.sent_at < %(until)s
      AND m.lead_id NOT IN (SELECT id FROM inbox_lead WHERE workspace_id = %(workspace)s AND sample)"""
"""Excludes samples from every number."""
REPLIES = f"""
    FROM inbox_message m
    WHERE m.workspace_id = %(workspace)s AND m.direction = 'inbound' AND m.automated_reply IS NOT TRUE
      AND m.tag NOT IN ('Automated Reply', 'Out of Office') AND {IN_SPAN}
"""

# The first reply of each lead in the span, and our first answer to it. A campaign's step is no answer
# (inbox.leads.rollup.answers). `waits` says whether the lead's newest reply needs an answer and has none.
REPLIED = f"""
WITH replied AS (
    SELECT m.lead_id, min(m.sent_at) AS first_at, count(*) AS replies {REPLIES} GROUP BY m.lead_id
), answered AS (
    SELECT r.*, l.campaign_id, l.tag, l.booked_at, l.needs_reply AS waits,
           extract(epoch FROM a.sent_at - r.first_at) AS answer_s
    FROM replied r JOIN inbox_lead l ON l.id = r.lead_id
    LEFT JOIN LATERAL (
        SELECT o.sent_at FROM inbox_message o
        WHERE o.lead_id = r.lead_id AND o.direction = 'outbound' AND o.sent_at > r.first_at
          AND (o.by_hand OR o.source <> ALL(%(steps)s))
        ORDER BY o.sent_at LIMIT 1) a ON true
)
"""
BY_CAMPAIGN = f"""{REPLIED}
SELECT c.id, coalesce(nullif(c.name, ''), c.external_id), sum(a.replies), count(*),
       count(*) FILTER (WHERE a.tag = ANY(%(positive)s) OR a.booked_at IS NOT NULL),
       count(*) FILTER (WHERE a.booked_at >= %(since)s),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY a.answer_s)
FROM answered a LEFT JOIN inbox_campaign c ON c.id = a.campaign_id
GROUP BY c.id ORDER BY 5 DESC, 4 DESC, 2 LIMIT 20
"""
TOTALS = f"""{REPLIED}
SELECT coalesce(sum(a.replies), 0), count(*),
       count(*) FILTER (WHERE a.tag = ANY(%(positive)s) OR a.booked_at IS NOT NULL),
       count(*) FILTER (WHERE a.tag IN ('Meeting Requested', 'Call Requested', 'Meeting Booked')
                        OR a.booked_at IS NOT NULL),
       count(*) FILTER (WHERE a.booked_at IS NOT NULL),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY a.answer_s),
       count(*) FILTER (WHERE a.answer_s < 300), count(*) FILTER (WHERE a.answer_s >= 300 AND a.answer_s < 3600),
       count(*) FILTER (WHERE a.answer_s >= 3600 AND a.answer_s < 14400),
       count(*) FILTER (WHERE a.answer_s >= 14400 AND a.answer_s < 86400),
       count(*) FILTER (WHERE a.answer_s >= 86400), count(*) FILTER (WHERE a.answer_s IS NULL AND a.waits),
       count(*) FILTER (WHERE a.answer_s IS NULL AND NOT a.waits)
"""
REVIEWED = """
    FROM inbox_draft d WHERE d.workspace_id = %(workspace)s AND d.status = 'sent' AND d.decided_by_id IS NOT NULL
      AND d.decided_at >= %(since)s AND d.decided_at < %(until)s
"""
CONTACTED = f""", (
    SELECT count(DISTINCT m.lead_id) FROM inbox_message m
    WHERE m.workspace_id = %(workspace)s AND m.direction = 'outbound' AND {IN_SPAN}),
    (SELECT count(*) {REVIEWED}), (SELECT count(*) {REVIEWED} AND d.text = d.generated_text)
FROM answered a
"""
BY_DAY = f"""
SELECT (m.sent_at AT TIME ZONE %(zone)s)::date AS day, count(*),
       count(*) FILTER (WHERE m.tag = ANY(%(positive)s) OR m.tag = 'Meeting Booked')
{REPLIES}
GROUP BY 1 ORDER BY 1
"""
OBJECTIONS = """
SELECT o->>'objection_type', count(*), count(*) FILTER (WHERE o->>'outcome' = 'positive'),
       count(*) FILTER (WHERE o->>'outcome' = 'neutral'), count(*) FILTER (WHERE o->>'outcome' = 'negative')
FROM insights_conversationinsight i
CROSS JOIN LATERAL jsonb_array_elements(i.data->'follow_up'->'objection_responses') o
WHERE i.workspace_id = %(workspace)s AND i.read_at >= %(since)s AND i.read_at < %(until)s
  AND o->>'objection_type' <> 'none'
GROUP BY 1 ORDER BY 2 DESC, 1
"""
BUCKETS = ("Under 5 min", "5 min to 1 h", "1 to 4 h", "4 to 24 h", "Over a day", "Not yet", "None needed")
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
class CampaignRow:
    """One row in the overview's table of campaigns. `campaign_id` is None for replies without one.

    `people` counts the leads who replied. `answer_s` is the median time until the first answer, in seconds; None
    without an answer.
    """

    campaign_id: UUID | None
    name: str
    replies: int
    people: int
    positive: int
    booked: int
    answer_s: float | None

    @property
    def positive_percent(self) -> int:
        return round(100 * self.positive / self.people)


@dataclass(frozen=True)
class ObjectionRow:
    """How often leads raised one kind of objection, and how those conversations continued."""

    kind: str
    count: int
    positive: int
    neutral: int
    negative: int


@dataclass(frozen=True)
class Totals:
    """The numbers of a time span that are compared with another span. `answer_s` is the median time until the first
    answer, in seconds; None without an answer.
    """

    replies: int
    people: int
    positive: int
    booked: int
    answer_s: float | None


@dataclass(frozen=True)
class Overview(Totals):
    """All numbers of the overview page. Of the `reviewed` drafts that a person sent, `unchanged` kept the model's text.
    `funnel` and `answers` are lists of (label, people). `days` has (day, replies, positive replies). `follow_ups` has
    the form of `inbox.followups.responses.effectiveness`.
    """

    reviewed: int
    unchanged: int
    funnel: list[tuple[str, int]]
    answers: list[tuple[str, int]]
    campaigns: list[CampaignRow]
    objections: list[ObjectionRow]
    days: list[tuple[date, int, int]]
    follow_ups: list[dict[str, Any]]


def overview(workspace_id: UUID, since: datetime, until: datetime, zone: str) -> Overview:
    """Returns the numbers of the overview page from `since` up to `until` (aware).

    Days are counted in the IANA time zone `zone`. Samples and automatic replies do not count.
    """
    values = _values(workspace_id, since, until, zone)
    *totals, contacted, reviewed, unchanged = fetch(TOTALS + CONTACTED, values)[0]
    replies, people, positive, requested, booked, answer_s = totals[:6]
    contacted = max(contacted, people)
    return Overview(
        replies=int(replies),
        people=people,
        positive=positive,
        booked=booked,
        answer_s=answer_s,
        reviewed=reviewed,
        unchanged=unchanged,
        funnel=[
            ("Contacted", contacted),
            ("Replied", people),
            ("Positive", positive),
            ("Asked for a meeting", requested),
            ("Booked", booked),
        ],
        answers=list(zip(BUCKETS, totals[6:], strict=True)),
        campaigns=[
            CampaignRow(row[0], row[1] or "No campaign", int(row[2]), *row[3:])
            for row in fetch(BY_CAMPAIGN, values)
        ],
        objections=[ObjectionRow(*row) for row in fetch(OBJECTIONS, values)],
        days=[(day, count, good) for day, count, good in fetch(BY_DAY, values)],
        follow_ups=list(responses.effectiveness(workspace_id, since, until)),
    )


def totals(workspace_id: UUID, since: datetime, until: datetime, zone: str) -> Totals:
    """Returns the totals of the overview page from `since` up to `until` (aware), counted as in `overview`."""
    values = _values(workspace_id, since, until, zone)
    replies, people, positive, _, booked, answer_s, *_ = fetch(f"{TOTALS} FROM answered a", values)[0]
    return Totals(int(replies), people, positive, booked, answer_s)


def _values(workspace_id: UUID, since: datetime, until: datetime, zone: str) -> dict[str, Any]:
    return {
        "workspace": workspace_id,
        "since": since,
        "until": until,
        "zone": zone,
        "positive": [str(tag.value) for tag in POSITIVE],
        "steps": list(rollup.steps()),
    }


def waiting(workspace: Workspace) -> int:
    """The number of leads in the folder Needs reply, without samples."""
    return leads_in(workspace, "needs-reply").filter(sample=False).count()


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
