"""Computes the numbers of the overview: replies, answers, objections and meetings of a workspace in a time span.

They are added up from the numbers of each lead and day (insights.lead_days). A reply is a message that a lead wrote,
not a machine.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from inbox.followups import responses
from inbox.leads.folders import leads_in
from inbox.models import User, Workspace
from inbox.pages.team import SOMEBODY
from insights import lead_days
from jobs.db import fetch

REPLIES = "replies > 0"
REPLIED = """, replied AS (
    SELECT *, previous_reply_at IS NULL OR previous_reply_at < %(since)s AS first FROM day
)
"""
"""`first`: the lead's first day with a reply in the span. So each lead counts once, and its first reply decides."""
BY_CAMPAIGN = f"""{REPLIED}
SELECT c.id, coalesce(nullif(c.name, ''), c.external_id), sum(r.replies), count(*) FILTER (WHERE first),
       count(*) FILTER (WHERE first AND (r.tag = ANY(%(positive)s) OR r.booked_at IS NOT NULL)),
       count(*) FILTER (WHERE first AND r.booked_at >= %(since)s),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY r.answer_s) FILTER (WHERE first)
FROM replied r LEFT JOIN inbox_campaign c ON c.id = r.campaign_id
GROUP BY c.id ORDER BY 5 DESC, 4 DESC, 2 LIMIT 20
"""
TOTALS = f"""{REPLIED}
SELECT (SELECT coalesce(sum(replies), 0) FROM replied), count(*),
       count(*) FILTER (WHERE tag = ANY(%(positive)s) OR booked_at IS NOT NULL),
       count(*) FILTER (WHERE tag IN ('Meeting Requested', 'Call Requested', 'Meeting Booked')
                        OR booked_at IS NOT NULL),
       count(*) FILTER (WHERE booked_at IS NOT NULL),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY answer_s),
       count(*) FILTER (WHERE answer_s < 300), count(*) FILTER (WHERE answer_s >= 300 AND answer_s < 3600),
       count(*) FILTER (WHERE answer_s >= 3600 AND answer_s < 14400),
       count(*) FILTER (WHERE answer_s >= 14400 AND answer_s < 86400),
       count(*) FILTER (WHERE answer_s >= 86400), count(*) FILTER (WHERE answer_s IS NULL AND waits),
       count(*) FILTER (WHERE answer_s IS NULL AND NOT waits)
FROM replied WHERE first
"""
BY_DAY = "SELECT day, sum(replies), sum(positive) FROM day GROUP BY 1 ORDER BY 1"
CONTACTED = "SELECT count(*) FROM day WHERE previous_contact_at IS NULL OR previous_contact_at < %(since)s"
BY_PERSON = """
SELECT answer.by, count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY answer.waited_s),
       percentile_cont(0.9) WITHIN GROUP (ORDER BY answer.waited_s),
       count(*) FILTER (WHERE answer.kept), count(*) FILTER (WHERE NOT answer.kept)
FROM day CROSS JOIN unnest(answered_by, waited_s, kept) AS answer (by, waited_s, kept)
GROUP BY answer.by ORDER BY 2 DESC, 1 LIMIT 50
"""
REVIEWED = """
SELECT count(*), count(*) FILTER (WHERE d.text = d.generated_text)
FROM inbox_draft d WHERE d.workspace_id = %(workspace)s AND d.status = 'sent' AND d.decided_by_id IS NOT NULL
  AND d.decided_at >= %(since)s AND d.decided_at < %(until)s
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


def overview(workspace_id: UUID, since: datetime, until: datetime) -> Overview:
    """Returns the numbers of the overview page from `since` up to `until` (aware).

    Days are counted in the workspace's time zone. Samples and automatic replies do not count.
    """
    read = lead_days.reader(workspace_id, since, until)
    *totals, requested, answers = _totals(read)
    replies, people, positive, booked, answer_s = totals
    [(contacted,)] = read("contacted", CONTACTED)
    values = {"workspace": workspace_id, "since": since, "until": until}
    [(reviewed, unchanged)] = fetch(REVIEWED, values)
    return Overview(
        replies=replies,
        people=people,
        positive=positive,
        booked=booked,
        answer_s=answer_s,
        reviewed=reviewed,
        unchanged=unchanged,
        funnel=[
            ("Contacted", max(contacted, people)),
            ("Replied", people),
            ("Positive", positive),
            ("Asked for a meeting", requested),
            ("Booked", booked),
        ],
        answers=list(zip(BUCKETS, answers, strict=True)),
        campaigns=[
            CampaignRow(row[0], row[1] or "No campaign", int(row[2]), *row[3:])
            for row in read(REPLIES, BY_CAMPAIGN)
        ],
        objections=[ObjectionRow(*row) for row in fetch(OBJECTIONS, values)],
        days=[(day, int(count), int(good)) for day, count, good in read(REPLIES, BY_DAY)],
        follow_ups=list(responses.effectiveness(workspace_id, since, until)),
    )


def totals(workspace_id: UUID, since: datetime, until: datetime) -> Totals:
    """Returns the totals of the overview page from `since` up to `until` (aware), counted as in `overview`."""
    *numbers, _, _ = _totals(lead_days.reader(workspace_id, since, until))
    return Totals(*numbers)


def _totals(read: lead_days.Reader) -> tuple[Any, ...]:
    """The columns of Totals, the number of people who asked for a meeting, and those in each of BUCKETS."""
    [(replies, people, positive, requested, booked, answer_s, *answers)] = read(REPLIES, TOTALS)
    return int(replies), people, positive, booked, answer_s, requested, answers


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
    rows = lead_days.reader(workspace_id, since, until)("answered_by <> '{}'", BY_PERSON)
    users = User.objects.in_bulk([user_id for user_id, *_ in rows if user_id is not None])
    return [
        PersonRow(users[user_id].name if user_id in users else SOMEBODY, *numbers)
        for user_id, *numbers in rows
    ]
