"""The kinds of jobs and the ticks of the inbox: each with its texts, its limits, and the function that runs it."""

from typing import Any

from inbox import guarantees
from inbox.events import delivery, endpoints
from inbox.followups import step_job
from inbox.followups import tick as followups
from inbox.health import (
    backfill,
    comeback,
    drill,
    mailbox_rates,
    notice_channels,
    notice_trial,
    reply_polls,
    watch,
)
from inbox.intake import calendar_check
from inbox.intake.handlers.bookings import WHO_BOOKED
from inbox.intake.handlers.messages import READ
from inbox.intake.messages import CATCH_UP, PROCESS
from inbox.leads import enrichment, erasure, labels, own_notices, promises, stops
from inbox.pages.account import notice_mails
from inbox.pages.desk import all_matching
from inbox.pipeline import alike, answer_promises, campaign_mail, missing_facts, rejudging, run, tag_notices
from inbox.replying import (
    autosend,
    buttons,
    drafting,
    lost_time,
    reconciliation,
    review,
    send_claims,
    sending,
    slack_cards,
)
from inbox.webhooks import contract_watch, replay
from inbox.workspaces import invitations, people, second_factor
from integrations.health import probes
from jobs import lanes
from jobs.deadline import Deadline
from jobs.enqueue import FEEDS
from jobs.kinds import Handler, job_kind
from jobs.ticks import TickFunction, tick


def sends_tick(deadline: Deadline) -> dict[str, int]:
    """Settles sends whose job has ended without an outcome, and resumes the reconciliation of unknown ones. Also stores
    the current time in the database, so that a restored database reveals its age.
    """
    lost_time.note_seen()
    return reconciliation.settle_stranded(deadline) | reconciliation.resume_looks()


def events_tick(deadline: Deadline) -> dict[str, int]:
    """Enqueues due events, in case no cluster does so each second, and handles failing endpoints."""
    return {"enqueued": delivery.feed()} | endpoints.look_after_failing()


def integration_health_tick(deadline: Deadline) -> dict[str, int]:
    """Enqueues checks of accounts, finds accounts whose webhooks stopped, and enqueues missed recoveries."""
    return watch.tick(deadline) | {"recoveries": comeback.make_up()}


def _policy(lane: str, attempts: int, seconds: int, **more: Any) -> dict[str, Any]:
    """Returns fields of `jobs.kinds.Policy` for a kind of job. `seconds` is the time limit of one attempt."""
    return {"lane": lane, "attempts": attempts, "time_limit_ms": seconds * 1000} | more


READING = _policy(lanes.REPLY, 8, 240, max_age_hours=24 * 30)
READING_AGAIN = READING | {"priority": 20}
ERRAND = _policy(lanes.STEPS, 8, 60)
LOOK_UP = _policy(lanes.PROOF, 8, 60)
NOTICE = _policy(lanes.PROOF, 8, 30)
OWN_NOTICE = _policy(lanes.PROOF, 5, 30, keep_done_days=2)
MAIL = _policy(lanes.PERSON, 5, 60, keep_done_days=2)
MANY = _policy(lanes.PERSON, 5, 600)
MANY_BRIEFLY_KEPT = MANY | {"keep_done_days": 2}
SENDING = _policy(lanes.REPLY, sending.ATTEMPTS, 90, priority=5)
AUTOSEND = _policy(lanes.REPLY, 5, 30, priority=5)
BUTTON = _policy(lanes.PERSON, 5, 60)
TRIAL = _policy(lanes.PERSON, 3, 30, keep_done_days=2)
PROBE = _policy(lanes.PROOF, 3, 30, keep_done_days=2)
NAMED_MESSAGE = _policy(lanes.STOP, 12, 60, max_age_hours=24 * 30)
EVENTS = _policy(lanes.EVENTS, 3, 60, keep_done_days=1)
NOTICE_MAIL = _policy(lanes.PROOF, 12, 60)
POLL = _policy(lanes.BULK, 3, 180, keep_done_days=2)
FIRE_DRILL = _policy(lanes.PERSON, 2, 120)
QUESTION = _policy(lanes.STEPS, 8, 30)
CALENDAR = _policy(lanes.BULK, 3, 120, keep_done_days=2)
SLACK_NOTICE = _policy(
    lanes.PROOF,
    notice_channels.SLACK_TRIES + 4,
    60,
    backoff_base_ms=5_000,
    backoff_cap_ms=notice_channels.SLACK_PAUSE_MS,
)
STOP = _policy(lanes.STOP, 12, 60, max_age_hours=10 * 365 * 24)
"""The limits of jobs that stop a campaign. Such a job is retried for ten years, even while its account is down."""

KINDS: tuple[tuple[str, Handler, str, dict[str, Any]], ...] = (
    (PROCESS, run.process, "Processes a new reply", READING | {"priority": 10}),
    (CATCH_UP, run.process, "Resumes a reply once the model or account is back", READING_AGAIN),
    (send_claims.SEND, sending.run, "Sends an approved message", SENDING),
    (sending.RECONCILE, reconciliation.run, "Checks whether an unconfirmed message went out", LOOK_UP),
    (
        autosend.AUTOSEND,
        autosend.run,
        "Sends a draft after its countdown, if every check still passes",
        AUTOSEND,
    ),
    (review.REWRITE, drafting.run_rewrite, "Rewrites a draft", _policy(lanes.PERSON, 4, 180)),
    (campaign_mail.IDENTIFY, campaign_mail.identify_lead, "Finds or creates a lead in EmailBison", ERRAND),
    (stops.STOP_EMAILS, campaign_mail.run_stop, "Stops a campaign’s emails to a lead who replied", STOP),
    (buttons.JOB, buttons.run, "Handles a button press in Slack", BUTTON),
    (replay.JOB, replay.run_job, "Replays a workspace’s failed deliveries", MANY),
    (missing_facts.CRM_CONTACT, campaign_mail.crm_contact, "Links a lead to its GoHighLevel contact", ERRAND),
    (slack_cards.POST, slack_cards.post, "Shows a draft to its reviewers in Slack", NOTICE),
    (slack_cards.FOLLOW, slack_cards.run_follow, "Updates a draft’s card in Slack", OWN_NOTICE),
    (second_factor.MAIL, second_factor.mail_change, "Emails a user that their two-step login changed", MAIL),
    (people.PASSWORD_MAIL, people.mail_password_link, "Emails someone a link to set a password", MAIL),
    (invitations.MAIL, invitations.mail, "Emails an invitation to a workspace", MAIL),
    (tag_notices.TELL, tag_notices.run, "Posts a lead’s reply in Slack", NOTICE | {"keep_done_days": 7}),
    (promises.REMAKE, promises.remake, "Updates answer due times", MANY_BRIEFLY_KEPT),
    (own_notices.LOOK, notice_mails.look, "Checks whether a member has seen their notifications", OWN_NOTICE),
    (notice_mails.MAIL, notice_mails.mail, "Emails notifications to a member", MAIL | {"lane": lanes.PROOF}),
    (alike.JOB, alike.run, "Applies a correction to similar replies", MANY),
    (rejudging.JOB, rejudging.run, "Retags replies with the current rules", MANY | {"lane": lanes.BULK}),
    (
        all_matching.JOB,
        all_matching.run,
        "Applies a decision to all conversations in a list",
        MANY_BRIEFLY_KEPT,
    ),
    (
        all_matching.UNDO,
        all_matching.run_undo,
        "Undoes a decision on all conversations in a list",
        MANY_BRIEFLY_KEPT,
    ),
    (labels.END, all_matching.run_label_end, "Merges or deletes a label on many leads", MANY_BRIEFLY_KEPT),
    (erasure.ERASE, erasure.run, "Erases a person", MANY | {"attempts": 8}),
    (delivery.DELIVER, delivery.run, "Sends events to a program’s endpoint", EVENTS),
    (endpoints.TELL, endpoints.run_notice, "Notifies people about a failing endpoint", NOTICE),
    (mailbox_rates.TELL, mailbox_rates.run, "Notifies people about a mailbox with problems", NOTICE),
    (notice_channels.NOTIFY, notice_channels.run, "Notifies people about a broken account", SLACK_NOTICE),
    (
        notice_channels.EMAIL,
        notice_channels.run_email,
        "Sends a notification by email, alongside or instead of Slack",
        NOTICE_MAIL,
    ),
    (notice_trial.TRY, notice_trial.run, "Sends a test notification", TRIAL),
    (probes.PROBE, watch.run, "Checks whether an account works", PROBE),
    (comeback.RECOVER, comeback.run, "Catches up after an account’s outage", _policy(lanes.PROOF, 8, 180)),
    (READ, backfill.read_message, "Fetches a message that a webhook identified only by ID", NAMED_MESSAGE),
    (reply_polls.POLL, reply_polls.run, "Fetches messages that a provider’s webhooks missed", POLL),
    (drill.DRILL, drill.run, "Runs a fire drill", FIRE_DRILL),
    (step_job.STEP, step_job.run, "Prepares a follow-up step", ERRAND),
    (enrichment.ASK, enrichment.run, "Asks Clay for a lead’s phone number or profile, once", QUESTION),
    (WHO_BOOKED, calendar_check.identify_contact, "Finds the lead who booked a meeting", ERRAND),
    (calendar_check.CHECK, calendar_check.run, "Compares leads’ meetings with the calendar", CALENDAR),
)
"""The kinds of jobs, each with the function that runs it, a text for users about its purpose, and its limits."""

TICKS: tuple[tuple[str, TickFunction, str, int], ...] = (
    ("catch-up", run.catch_up_tick, "Resumes replies that are waiting for the model", 60),
    ("sends", sends_tick, "Resolves sends whose job has ended", 60),
    ("promises", answer_promises.tick, "Notifies people when an answer is almost due", 60),
    ("events", events_tick, "Queues due events for programs and handles failing endpoints", 60),
    ("reply-poll", reply_polls.tick, "Queues polls of accounts that are due", 300),
    (
        "integration-health",
        integration_health_tick,
        "Queues account checks and overdue recoveries, and finds silent accounts",
        60,
    ),
    (
        "contract-watch",
        contract_watch.tick,
        "Compares deliveries with their providers’ known formats",
        300,
    ),
    ("mailboxes", mailbox_rates.tick, "Counts bounces, complaints and replies by mailbox", 900),
    ("notifications", notice_channels.tick, "Queues notifications about broken accounts", 60),
    ("followups", followups.run, "Claims follow-up steps that are due", 60),
    ("appointment-reconcile", calendar_check.tick, "Queues calendar comparisons for leads that are due", 60),
)
"""The ticks, each with the function that runs it, a text for users about its purpose, and its period in seconds."""

FEEDS.append(delivery.feed)
for _kind, _handler, _words, _limits in KINDS:
    job_kind(_kind, _handler, words=_words, **_limits)
for _name, _run, _words, _every_s in TICKS:
    tick(_name, _run, words=_words, every_s=_every_s)
tick(
    "heartbeat",
    guarantees.beat,
    words="Tells an outside monitor that Holdfast keeps its guarantees",
    every_s=60,
    budget_ms=30_000,
)
