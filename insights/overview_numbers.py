"""Computes the numbers of the overview: replies, answers, objections and meetings of a workspace in a time span.

Most numbers add up each lead's days (insights.lead_days). A reply is a message that a lead wrote, not a machine.
"""

from collections.abc import Iterable
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

TOTALS = """
SELECT (SELECT coalesce(sum(replies), 0) FROM replied) AS replies, count(*) AS people,
       count(*) FILTER (WHERE tag = ANY(%(positive)s) OR booked_at IS NOT NULL) AS positive,
       count(*) FILTER (WHERE booked_at IS NOT NULL) AS booked,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY answer_s) AS answer_s
FROM replied WHERE first
"""
"""Counts each lead once, by its first reply in the span."""
TIMES = """
SELECT count(*) FILTER (WHERE tag IN ('Meeting Requested', 'Call Requested', 'Meeting Booked')
                        OR booked_at IS NOT NULL) AS requested,
       ARRAY[count(*) FILTER (WHERE answer_s < 300), count(*) FILTER (WHERE answer_s >= 300 AND answer_s < 3600),
             count(*) FILTER (WHERE answer_s >= 3600 AND answer_s < 14400),
             count(*) FILTER (WHERE answer_s >= 14400 AND answer_s < 86400),
             count(*) FILTER (WHERE answer_s >= 86400), count(*) FILTER (WHERE answer_s IS NULL AND waits),
             count(*) FILTER (WHERE answer_s IS NULL AND NOT waits)] AS answers
FROM replied WHERE first
"""
BY_CAMPAIGN = """
SELECT c.id AS campaign_id, coalesce(nullif(c.name, ''), c.external_id, 'No campaign') AS name,
       sum(r.replies) AS replies, count(*) FILTER (WHERE first) AS people,
       count(*) FILTER (WHERE first AND (r.tag = ANY(%(positive)s) OR r.booked_at IS NOT NULL)) AS positive,
       count(*) FILTER (WHERE first AND r.booked_at >= %(since)s) AS booked,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY r.answer_s) FILTER (WHERE first) AS answer_s
FROM replied r LEFT JOIN inbox_campaign c ON c.id = r.campaign_id
GROUP BY c.id ORDER BY 5 DESC, 4 DESC, 2 LIMIT 20
"""
BY_DAY = "SELECT day, sum(replies) AS replies, sum(positive) AS positive FROM replied GROUP BY 1 ORDER BY 1"
CONTACTED = """
SELECT count(*) FROM day WHERE contacted AND (previous_contact_at IS NULL OR previous_contact_at < %(since)s)
"""
BY_PERSON = """
SELECT by, count(*) AS answers, percentile_cont(0.5) WITHIN GROUP (ORDER BY waited_s) AS median_s,
       percentile_cont(0.9) WITHIN GROUP (ORDER BY waited_s) AS p90_s, count(*) FILTER (WHERE kept) AS kept,
       count(*) FILTER (WHERE NOT kept) AS broken FROM answer GROUP BY by ORDER BY 2 DESC, 1 LIMIT 50
"""
BY_HOUR = """
SELECT hour, count(*) FILTER (WHERE kept) AS kept, count(*) FILTER (WHERE NOT kept) AS broken
FROM answer WHERE kept IS NOT NULL GROUP BY 1 ORDER BY 1
"""
BY_CLIENT = """
SELECT workspace_id, count(*) FILTER (WHERE answer.kept), count(*) FILTER (WHERE NOT answer.kept)
FROM insights_leadday CROSS JOIN unnest(kept) AS answer (kept)
WHERE workspace_id = ANY(%(workspaces)s) AND first_at >= %(since)s AND first_at < %(until)s
  AND answered_by <> '{}' AND answer.kept IS NOT NULL
GROUP BY 1 ORDER BY 3 DESC, 2 DESC, 1
"""
REVIEWED = """
SELECT count(*) AS reviewed, count(*) FILTER (WHERE d.text = d.generated_text) AS unchanged
FROM inbox_draft d WHERE d.workspace_id = %(workspace)s AND d.status = 'sent' AND d.decided_by_id IS NOT NULL
  AND d.decided_at >= %(since)s AND d.decided_at < %(until)s
"""
STATEMENTS = {
    "totals": TOTALS,
    "times": TIMES,
    "campaigns": BY_CAMPAIGN,
    "days": BY_DAY,
    "contacted": CONTACTED,
    "persons": BY_PERSON,
    "hours": BY_HOUR,
    "reviewed": REVIEWED,
}
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
class Totals:
    """The numbers of a time span that the overview page compares with another span. `people` counts the leads who
    replied. `answer_s` is the median time from a reply to its first answer, in seconds; None if no reply was answered.
    """

    replies: int
    people: int
    positive: int
    booked: int
    answer_s: float | None


@dataclass(frozen=True)
class CampaignRow(Totals):
    """One row in the overview page's table of campaigns. `campaign_id` is None for replies without a campaign."""

    campaign_id: UUID | None
    name: str

    @property
    def positive_percent(self) -> int:
        return round(100 * self.positive / self.people)


@dataclass(frozen=True)
class ObjectionRow:
    """The number of objections of one kind that leads raised, in total and by the outcome of the conversation."""

    kind: str
    count: int
    positive: int
    neutral: int
    negative: int


@dataclass(frozen=True)
class PersonRow:
    """One person's speed of first answers to replies: median and 90th percentile, in seconds. `kept` and `broken` count
    the answers that kept or broke the workspace's answer promise; answers from before version 0.3.0 have no promise.
    Deleted people share one row, which counts only what they wrote themselves: drafts that they approved look like
    automatic answers, which do not count. Messages that a person wrote outside Holdfast do not count either.
    """

    name: str
    answers: int
    median_s: float
    p90_s: float
    kept: int
    broken: int


@dataclass(frozen=True)
class Overview(Totals):
    """All numbers of the Insights overview page. `reviewed` counts the drafts that a person sent, and `unchanged` those
    of them with the model's own text. `funnel` and `answers` are lists of (label, number of people). `days` is a list
    of (day, replies, positive replies). `follow_ups` has the form of `inbox.followups.responses.effectiveness`.
    `persons` lists at most 50 people, those with the most answers first. `hours` is a list of (label, kept promises,
    missed promises) by the hour in which the reply arrived.
    """

    reviewed: int
    unchanged: int
    funnel: list[tuple[str, int]]
    answers: list[tuple[str, int]]
    campaigns: list[CampaignRow]
    objections: list[ObjectionRow]
    days: list[tuple[date, int, int]]
    follow_ups: list[dict[str, Any]]
    persons: list[PersonRow]
    hours: list[tuple[str, int, int]]


def overview(workspace_id: UUID, since: datetime, until: datetime) -> Overview:
    """Returns the numbers of the overview page from `since` up to `until` (aware).

    Days are those of the workspace's time zone. Sample messages and automatic replies do not count.
    """
    rows = lead_days.read(workspace_id, since, until, STATEMENTS)
    [numbers], [times], [contacted] = rows["totals"], rows["times"], rows["contacted"]
    values = {"workspace": workspace_id, "since": since, "until": until}
    return Overview(
        **numbers,
        **rows["reviewed"][0],
        funnel=[
            ("Contacted", max(contacted["count"], numbers["people"])),
            ("Replied", numbers["people"]),
            ("Positive", numbers["positive"]),
            ("Asked for a meeting", times["requested"]),
            ("Booked", numbers["booked"]),
        ],
        answers=list(zip(BUCKETS, times["answers"], strict=True)),
        campaigns=[
            CampaignRow(**row | {"campaign_id": row["campaign_id"] and UUID(row["campaign_id"])})
            for row in rows["campaigns"]
        ],
        objections=[ObjectionRow(*row) for row in fetch(OBJECTIONS, values)],
        days=[(date.fromisoformat(row["day"]), row["replies"], row["positive"]) for row in rows["days"]],
        follow_ups=list(responses.effectiveness(workspace_id, since, until)),
        persons=_persons(rows["persons"]),
        hours=[(f"{row['hour']:02}:00", row["kept"], row["broken"]) for row in rows["hours"]],
    )


def totals(workspace_id: UUID, since: datetime, until: datetime) -> Totals:
    """Returns the totals of the overview page from `since` up to `until` (aware), counted as in `overview`."""
    [numbers] = lead_days.read(workspace_id, since, until, {"totals": TOTALS})["totals"]
    return Totals(**numbers)


def by_client(workspaces: Iterable[UUID], since: datetime, until: datetime) -> list[tuple[UUID, int, int]]:
    """Returns (workspace id, kept promises, missed promises) for each of `workspaces` that has any, from `since` up to
    `until` (aware). The numbers are as of the last run of the tick in insights.lead_days.
    """
    values = {"workspaces": list(workspaces), "since": since, "until": until}
    return [(row[0], row[1], row[2]) for row in fetch(BY_CLIENT, values)]


def waiting(workspace: Workspace) -> int:
    """Returns the number of leads in the folder Needs reply, except samples."""
    return leads_in(workspace, "needs-reply").filter(sample=False).count()


def _persons(rows: list[dict[str, Any]]) -> list[PersonRow]:
    """Returns the rows about people's answers with the people's names, also for people who left the workspace."""
    ids = [row.pop("by") for row in rows]
    users = User.objects.in_bulk([pk for pk in ids if pk])
    return [
        PersonRow(users[pk].name if pk in users else SOMEBODY, **row)
        for pk, row in zip(ids, rows, strict=True)
    ]
