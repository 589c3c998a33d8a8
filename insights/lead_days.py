"""Stores each lead's numbers per day (LeadDay), so that the overview page adds up days instead of reading messages.

Database triggers note each lead that a transaction changes (inbox.models.LeadChange). A tick replaces the numbers of
these leads. It remembers the oldest transaction that is still open, and the next run begins with that one. For a lead
that has changed since the last run, a reader counts messages instead, so the page's numbers are right however late the
tick is (docs/adr/0094-insights-adds-up-days-of-leads.md).
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from inbox.leads import rollup
from inbox.leads.tags import POSITIVE
from inbox.models.lead import Tag
from insights.models import LeadDayProgress
from jobs.db import fetch
from jobs.deadline import Deadline

LEADS = 1_000
"""The most changed leads that one transaction counts. While all leads are counted again, it also counts as many others.
If one transaction changes more leads, all leads are counted again. So LEADS is at least jobs.retention.SLICE, because
one transaction can delete the messages of so many leads.
"""
BEGINNING = UUID(int=0)
COLUMNS = """workspace_id, lead_id, day, first_at, last_at, replies, positive, answer_s, previous_reply_at,
    contacted, previous_contact_at, answered_by, waited_s, kept, hours, campaign_id, tag, booked_at, waits"""

# A reply is a message that a lead wrote, not a machine. A campaign's step is not an answer
# (inbox.leads.rollup.answers). `answered_by` holds the answers that a person wrote or approved in Holdfast, each with
# the first reply that had waited for it since the previous answer. Automatic answers and follow-ups belong to no
# person, and a second answer to the same reply does not count. Sample leads do not count.
COUNTED = """
message AS (
    SELECT m.workspace_id, m.lead_id, m.sent_at, m.direction = 'outbound' AS contact,
           m.direction = 'inbound' AND m.automated_reply IS NOT TRUE
               AND m.tag NOT IN ('Automated Reply', 'Out of Office') AS reply,
           m.direction = 'outbound' AND (m.by_hand OR m.source <> ALL(%(steps)s)) AS answer,
           m.tag = ANY(%(positive_replies)s) AS positive,
           s.id IS NOT NULL AS of_person, s.approved_by_id, m.sent_at <= s.answer_by AS kept
    FROM inbox_message m LEFT JOIN inbox_outboundsend s
        ON m.direction = 'outbound' AND m.source = 'holdfast' AND s.lead_id = m.lead_id
        AND s.id = CASE WHEN m.external_id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN m.external_id::uuid END
        AND (s.origin = 'person' OR s.origin = 'draft' AND s.approved_by_id IS NOT NULL)
    WHERE m.workspace_id = %(workspace)s AND m.lead_id IN (SELECT lead_id FROM lead)
), beside AS (
    SELECT *, max(sent_at) FILTER (WHERE answer) OVER earlier AS previous_answer_at,
           min(sent_at) FILTER (WHERE answer) OVER later AS next_answer_at
    FROM message
    WINDOW earlier AS (PARTITION BY lead_id ORDER BY sent_at GROUPS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING),
        later AS (PARTITION BY lead_id ORDER BY sent_at DESC GROUPS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
), waiting AS (
    SELECT *, of_person AND min(sent_at) FILTER (WHERE reply) OVER since_answer IS NOT NULL AS answers,
           extract(epoch FROM sent_at - min(sent_at) FILTER (WHERE reply) OVER since_answer)::float8 AS waited_s,
           extract(hour FROM min(sent_at) FILTER (WHERE reply) OVER since_answer AT TIME ZONE (
               SELECT timezone FROM inbox_workspace WHERE id = %(workspace)s))::int2 AS hour
    FROM beside
    WINDOW since_answer AS (PARTITION BY lead_id, previous_answer_at ORDER BY sent_at
                            GROUPS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
), daily AS (
    SELECT workspace_id, lead_id,
           (sent_at AT TIME ZONE (SELECT timezone FROM inbox_workspace WHERE id = %(workspace)s))::date AS day,
           min(sent_at) AS first_at, max(sent_at) AS last_at,
           count(*) FILTER (WHERE reply)::int AS replies, count(*) FILTER (WHERE reply AND positive)::int AS positive,
           extract(epoch FROM min(next_answer_at) FILTER (WHERE reply)
                              - min(sent_at) FILTER (WHERE reply))::float8 AS answer_s,
           max(sent_at) FILTER (WHERE reply) AS reply_at,
           bool_or(contact) AS contacted, max(sent_at) FILTER (WHERE contact) AS contact_at,
           coalesce(array_agg(approved_by_id ORDER BY sent_at) FILTER (WHERE answers), '{}') AS answered_by,
           coalesce(array_agg(waited_s ORDER BY sent_at) FILTER (WHERE answers), '{}') AS waited_s,
           coalesce(array_agg(kept ORDER BY sent_at) FILTER (WHERE answers), '{}') AS kept,
           coalesce(array_agg(hour ORDER BY sent_at) FILTER (WHERE answers), '{}') AS hours
    FROM waiting
    WHERE (reply OR contact) AND sent_at >= %(since)s AND sent_at < %(until)s
    GROUP BY 1, 2, 3
), counted AS MATERIALIZED (
    SELECT d.*, max(reply_at) OVER before AS previous_reply_at, max(contact_at) OVER before AS previous_contact_at,
           l.campaign_id, l.tag, l.booked_at, l.needs_reply AS waits
    FROM daily d JOIN inbox_lead l ON l.id = d.lead_id AND NOT l.sample
    WINDOW before AS (PARTITION BY d.lead_id ORDER BY day ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
)
"""
GIVEN = "WITH lead AS MATERIALIZED (SELECT unnest(%(leads)s::uuid[]) AS lead_id)"
"""Selects the leads whose ids are in the array `leads`."""
WRITING = """WITH lead AS MATERIALIZED (
    SELECT DISTINCT m.lead_id FROM inbox_message m WHERE m.workspace_id = %(workspace)s
      AND m.received_at >= %(since)s - interval '1 day' AND m.sent_at >= %(since)s AND m.sent_at < %(until)s
)"""
"""Selects the leads with messages in the time span."""
BASIS = "md5(%(rules)s || w.timezone || inbox_place())"
"""A hash of the rules, the time zone, and the identity of this database: a restored one numbers transactions anew."""
FRESH = "p.next_lead IS NULL AND p.at > now() - interval '50 minutes'"
"""Whether no full count is under way, and the last count is recent enough: changes are stored for only an hour."""
HORIZON = "pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
CHANGED = "SELECT lead_id FROM inbox_leadchange WHERE workspace_id = p.workspace_id AND xid >= p.xid"
APART = f"""
SELECT ARRAY({CHANGED} UNION
    SELECT d.lead_id FROM insights_leadday d JOIN unnest(ARRAY[%(since)s, %(until)s]::timestamptz[]) edge
        ON d.first_at < edge AND d.first_at > edge - interval '26 hours' AND d.last_at >= edge
    WHERE d.workspace_id = p.workspace_id)
FROM insights_leaddayprogress p JOIN inbox_workspace w ON w.id = p.workspace_id
WHERE p.workspace_id = %(workspace)s AND p.basis = {BASIS} AND {FRESH}
"""
UNCHANGED = f"""
UPDATE insights_leaddayprogress p SET xid = {HORIZON}, at = now() FROM inbox_workspace w
WHERE w.id = p.workspace_id AND p.basis = {BASIS} AND {FRESH} AND NOT EXISTS ({CHANGED})
"""
DUE = f"""
SELECT w.id FROM inbox_workspace w LEFT JOIN insights_leaddayprogress p ON p.workspace_id = w.id
WHERE p.xid IS NULL OR p.basis <> {BASIS} OR NOT ({FRESH}) OR EXISTS ({CHANGED})
ORDER BY p.at NULLS FIRST
"""
STATE = f"""
SELECT {HORIZON}, {BASIS}, now(), p.basis = {BASIS} AND p.at > now() - interval '50 minutes'
FROM inbox_workspace w JOIN insights_leaddayprogress p ON p.workspace_id = w.id WHERE w.id = %(workspace)s
"""
CHANGES = """
SELECT lead_id, min(xid), min(at) FROM inbox_leadchange WHERE workspace_id = %(workspace)s AND xid >= %(xid)s
GROUP BY lead_id ORDER BY 2 LIMIT %(limit)s
"""
"""Selects the leads that changed since the transaction `xid`, each with its first change."""
NEXT = "SELECT id FROM inbox_lead WHERE workspace_id = %s AND id >= %s ORDER BY id LIMIT %s"
LOCK_WORKSPACE = "SELECT id FROM inbox_workspace WHERE id = %s FOR KEY SHARE"
LOCK = "SELECT id FROM inbox_lead WHERE workspace_id = %s AND id = ANY(%s) ORDER BY id FOR KEY SHARE"
"""Locks leads, so that nobody deletes them before the transaction ends, and returns those that still exist."""
DELETE = "DELETE FROM insights_leadday WHERE workspace_id = %(workspace)s AND lead_id = ANY(%(leads)s)"
STORED = f"""
SELECT {COLUMNS} FROM insights_leadday
WHERE workspace_id = %(workspace)s AND first_at >= %(since)s AND first_at < %(until)s AND last_at < %(until)s
  AND lead_id <> ALL(%(leads)s::uuid[]) UNION ALL
"""
ROWS = """replied AS MATERIALIZED (
    SELECT day, replies, positive, answer_s, campaign_id, tag, booked_at, waits,
           previous_reply_at IS NULL OR previous_reply_at < %(since)s AS first FROM day WHERE replies > 0
), answer AS MATERIALIZED (
    SELECT answer.* FROM day CROSS JOIN unnest(answered_by, waited_s, kept, hours) AS answer (by, waited_s, kept, hour)
    WHERE answered_by <> '{}')"""
STORE = f"{GIVEN}, {COUNTED} INSERT INTO insights_leadday ({COLUMNS}) SELECT {COLUMNS} FROM counted"


def read(
    workspace_id: UUID, since: datetime, until: datetime, statements: dict[str, str]
) -> dict[str, list[dict[str, Any]]]:
    """Runs all `statements` in one query, for the days from `since` up to `until` (aware). Returns the rows of each, as
    dicts by column name. A statement reads from `day`, which has the columns of LeadDay, from `answer`, which has one
    row for each answer of a person, or from `replied`, which has the days with replies; `first` marks each lead's first
    such day. It can also read tables of the database, by the parameters `workspace`, `since` and `until`. The values in
    the rows have their JSON types.

    A lead is counted from its messages if it changed since the last tick, or if its messages of one day lie on both
    sides of `since` or of `until`. All leads are while a full count is under way or due.
    """
    values = _values(workspace_id) | {"since": since, "until": until, "leads": []}
    rows = fetch(APART, values)
    if rows:
        values["leads"] = rows[0][0]
    begin, stored = (GIVEN, STORED) if rows else (WRITING, "")
    parts = (
        f"(SELECT coalesce(json_agg(part), '[]') FROM ({statement}) part)"
        for statement in statements.values()
    )
    [lists] = fetch(
        f"{begin}, {COUNTED}, day AS NOT MATERIALIZED ({stored} SELECT {COLUMNS} FROM counted), {ROWS}"
        f" SELECT {', '.join(parts)}",
        values,
    )
    return dict(zip(statements, lists, strict=True))


def _values(workspace_id: UUID | None) -> dict[str, Any]:
    positive, steps = sorted(str(tag.value) for tag in POSITIVE), sorted(rollup.steps())
    return {
        "workspace": workspace_id,
        "positive": positive,
        "positive_replies": [*positive, Tag.MEETING_BOOKED.value],
        "steps": steps,
        "rules": f"{COUNTED} {positive} {steps}",
    }


def tick(deadline: Deadline) -> dict[str, int]:
    """Runs the tick `insights/lead-days`, which replaces the numbers of changed leads. Returns the number of counted
    leads (`leads`), and of the workspaces that have leads left for the next run (`left`).
    """
    values = _values(None)
    fetch(UNCHANGED, values)
    due = [workspace_id for (workspace_id,) in fetch(DUE, values)]
    counts = {"leads": 0, "left": len(due)}
    for workspace_id in due:
        done = False
        while not done and not deadline.expired:
            leads, done = count(workspace_id)
            counts["leads"] += leads
        counts["left"] -= done
    return counts


def count(workspace_id: UUID) -> tuple[int, bool]:
    """Counts the days of some of a workspace's leads anew, and replaces their stored numbers: at most LEADS leads that
    changed and, during a full count, the next LEADS leads in the order of their ids. Returns the number of counted
    leads, and whether none is left. If the workspace's row of LeadDayProgress is missing, a full count begins.
    """
    with transaction.atomic():
        if not fetch(LOCK_WORKSPACE, [workspace_id]):  # the workspace was deleted meanwhile
            return 0, True
        LeadDayProgress.objects.bulk_create(
            [LeadDayProgress(workspace_id=workspace_id)], ignore_conflicts=True
        )
        progress = LeadDayProgress.objects.select_for_update().get(workspace_id=workspace_id)
        leads, done = _changes(progress)
        if progress.next_lead is not None:
            ids = [lead for (lead,) in fetch(NEXT, [workspace_id, progress.next_lead, LEADS + 1])]
            progress.next_lead = ids.pop() if len(ids) > LEADS else None
            leads += ids
        leads = [lead for (lead,) in fetch(LOCK, [workspace_id, leads])]
        values = _values(workspace_id) | {"leads": leads, "since": "-infinity", "until": "infinity"}
        fetch(DELETE, values)
        fetch(STORE, values)
        progress.save()
    return len(leads), done and progress.next_lead is None


def _changes(progress: LeadDayProgress) -> tuple[list[UUID], bool]:
    """Returns at most LEADS leads that changed, and whether these are all that ended transactions have changed. Moves
    `progress` on to the first change that is left. If the progress is out of date, or one transaction has changed
    more than LEADS leads, returns no lead, and lets `progress` begin a full count.
    """
    values = _values(progress.workspace_id) | {"xid": progress.xid, "limit": LEADS + 1}
    [(horizon, basis, now, usable)] = fetch(STATE, values)
    changes = fetch(CHANGES, values) if usable else []
    xid, at = changes[LEADS][1:] if len(changes) > LEADS else (horizon, now)
    # One transaction may have changed more leads than are counted at once.
    if not usable or (changes and changes[0][1] == xid < horizon):
        progress.basis, progress.next_lead = basis, BEGINNING
        changes, xid, at = [], horizon, now
    progress.xid, progress.at = min(xid, horizon), min(at, now)
    return [lead for lead, *_ in changes[:LEADS]], progress.xid == horizon
