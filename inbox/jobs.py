"""The kinds of jobs and the ticks of the inbox: each with its words, its limits, and the function that runs it."""

from inbox import promises
from inbox.followups import step_job
from inbox.followups import tick as followups
from inbox.health import comeback, drill, notice_channels, notice_trial, reply_polls, watch
from inbox.intake import calendar_check, calendar_list
from inbox.intake.catch_up_job import CATCH_UP
from inbox.intake.handlers.bookings import WHO_BOOKED
from inbox.intake.messages import PROCESS
from inbox.leads import enrichment, erasure, own_notices, stops
from inbox.pages.account import notice_mails
from inbox.pages.desk import all_matching
from inbox.pipeline import (
    alike,
    campaign_mail,
    catch_up_tick,
    errands,
    missing_facts,
    rejudging,
    run,
    tag_notices,
)
from inbox.replying import (
    autosend,
    buttons,
    lost_time,
    reconciliation,
    review,
    rewrites,
    send_claims,
    sending,
    slack_cards,
)
from inbox.webhooks import replay
from inbox.workspaces import invitations, people
from integrations.health import probes
from jobs import lanes
from jobs.deadline import Deadline
from jobs.kinds import job_kind
from jobs.ticks import tick


def sends_tick(deadline: Deadline) -> dict[str, int]:
    """The tick (recurring work) that settles sends of messages whose job has ended without saying how. It also notes
    the time in the database, so that a restored one tells how old its state is.
    """
    lost_time.note_seen()
    return reconciliation.settle_stranded(deadline)


def integration_health_tick(deadline: Deadline) -> dict[str, int]:
    """The tick (recurring work) that has accounts checked, finds accounts whose webhooks went silent, and enqueues the
    work after an outage if that was missed.
    """
    return watch.tick(deadline) | {"recoveries": comeback.make_up()}


job_kind(
    PROCESS,
    run.process,
    words="Works on a reply that has come in",
    attempts=8,
    time_limit_ms=240_000,
    lane=lanes.REPLY,
    priority=10,
    max_age_hours=24 * 30,
)
job_kind(
    CATCH_UP,
    run.process,
    words="Works on a reply again, for what could not be done when it came",
    attempts=8,
    time_limit_ms=240_000,
    lane=lanes.REPLY,
    priority=20,
    max_age_hours=24 * 30,
)
job_kind(
    send_claims.SEND,
    sending.run,
    words="Sends one approved message by its provider",
    attempts=sending.ATTEMPTS,
    time_limit_ms=90_000,
    lane=lanes.REPLY,
    priority=5,
)
job_kind(
    sending.RECONCILE,
    reconciliation.run,
    words="Finds out what became of a send whose end is unknown",
    attempts=8,
    time_limit_ms=60_000,
    lane=lanes.PROOF,
)
job_kind(
    autosend.AUTOSEND,
    autosend.run,
    words="Sends a draft whose countdown is over, if every gate still says yes",
    attempts=5,
    time_limit_ms=30_000,
    lane=lanes.REPLY,
    priority=5,
)
job_kind(
    review.REWRITE,
    rewrites.run,
    words="Rewrites a draft",
    attempts=4,
    time_limit_ms=180_000,
    lane=lanes.PERSON,
)
job_kind(
    campaign_mail.IDENTIFY,
    errands.identify_lead,
    words="Finds or creates a lead that wrote to us at EmailBison",
    attempts=8,
    time_limit_ms=60_000,
    lane=lanes.STEPS,
)
job_kind(
    stops.STOP_EMAILS,
    errands.stop_emails,
    words="Stops a campaign's e-mails to a lead that has answered",
    attempts=12,
    max_age_hours=10 * 365 * 24,  # a stop is never given up, however long its account is away
    time_limit_ms=60_000,
    lane=lanes.STOP,
)
job_kind(
    buttons.JOB,
    buttons.run,
    words="Does the work of a pressed button in one of our Slack messages",
    attempts=5,
    time_limit_ms=60_000,
    lane=lanes.PERSON,
)
job_kind(
    replay.JOB,
    replay.run_job,
    words="Runs a workspace's failed deliveries through today's code",
    attempts=5,
    time_limit_ms=600_000,
    lane=lanes.PERSON,
)
job_kind(
    missing_facts.CRM_CONTACT,
    errands.crm_contact,
    words="Connects a lead who wants something with its GoHighLevel contact",
    attempts=8,
    time_limit_ms=60_000,
    lane=lanes.STEPS,
)
job_kind(
    slack_cards.POST,
    slack_cards.post,
    words="Shows a draft to its reviewers in Slack",
    attempts=8,
    time_limit_ms=30_000,
    lane=lanes.PROOF,
)
job_kind(
    slack_cards.FOLLOW,
    slack_cards.run_follow,
    words="Shows in Slack what became of a draft",
    attempts=5,
    time_limit_ms=30_000,
    lane=lanes.PROOF,
    keep_done_days=2,
)
job_kind(
    people.PASSWORD_MAIL,
    people.mail_password_link,
    words="Mails a person a link to set a password",
    attempts=5,
    time_limit_ms=60_000,
    lane=lanes.PERSON,
    keep_done_days=2,
)
job_kind(
    invitations.MAIL,
    invitations.mail,
    words="Mails an invitation to a workspace",
    attempts=5,
    time_limit_ms=60_000,
    lane=lanes.PERSON,
    keep_done_days=2,
)
job_kind(
    tag_notices.TELL,
    tag_notices.run,
    words="Tells the workspace's Slack what a lead wants",
    attempts=8,
    time_limit_ms=30_000,
    lane=lanes.PROOF,
    keep_done_days=7,
)
job_kind(
    own_notices.LOOK,
    notice_mails.look,
    words="Looks whether a member has seen what is for them",
    attempts=5,
    time_limit_ms=30_000,
    lane=lanes.PROOF,
    keep_done_days=2,
)
job_kind(
    notice_mails.MAIL,
    notice_mails.mail,
    words="Mails a member what is for them",
    attempts=5,
    time_limit_ms=60_000,
    lane=lanes.PROOF,
    keep_done_days=2,
)
job_kind(
    alike.JOB,
    alike.run,
    words="Applies what a person said of one reply to the others in the same words",
    attempts=5,
    time_limit_ms=600_000,
    lane=lanes.PERSON,
)
job_kind(
    rejudging.JOB,
    rejudging.run,
    words="Judges replies anew by today's rules",
    attempts=5,
    time_limit_ms=600_000,
    lane=lanes.BULK,
)
job_kind(
    all_matching.JOB,
    all_matching.run,
    words="Carries out a decision on all conversations of a list",
    attempts=5,
    time_limit_ms=600_000,
    lane=lanes.PERSON,
    keep_done_days=2,
)
job_kind(
    all_matching.UNDO,
    all_matching.run_undo,
    words="Takes back a decision on all conversations of a list",
    attempts=5,
    time_limit_ms=600_000,
    lane=lanes.PERSON,
    keep_done_days=2,
)
job_kind(
    erasure.ERASE,
    erasure.run,
    words="Erases a person with all that names them",
    attempts=8,
    time_limit_ms=600_000,
    lane=lanes.PERSON,
)
tick(
    "catch-up",
    catch_up_tick.tick,
    words="Enqueues replies that wait for a model, once one can be asked",
    every_s=60,
)
tick("sends", sends_tick, words="Ends sends whose job is over", every_s=60)
tick(
    "heartbeat",
    promises.beat,
    words="Tells a monitor outside that every promise holds",
    every_s=60,
    budget_ms=30_000,
)
job_kind(
    notice_channels.NOTIFY,
    notice_channels.run,
    words="Tells people that an account is broken",
    attempts=notice_channels.SLACK_TRIES + 4,
    time_limit_ms=60_000,
    lane=lanes.PROOF,
    backoff_base_ms=5_000,
    backoff_cap_ms=notice_channels.SLACK_PAUSE_MS,
)
job_kind(
    notice_channels.EMAIL,
    notice_channels.run_email,
    words="Sends a notice by e-mail, in addition to Slack or instead",
    attempts=12,
    time_limit_ms=60_000,
    lane=lanes.PROOF,
)
job_kind(
    notice_trial.TRY,
    notice_trial.run,
    words="Sends people a trial notice",
    attempts=3,
    time_limit_ms=30_000,
    lane=lanes.PERSON,
    keep_done_days=2,
)
job_kind(
    probes.PROBE,
    watch.run,
    words="Checks whether an account works",
    attempts=3,
    time_limit_ms=30_000,
    lane=lanes.PROOF,
    keep_done_days=2,
)
job_kind(
    comeback.RECOVER,
    comeback.run,
    words="Fetches and resumes what was held up after an account came back",
    attempts=8,
    time_limit_ms=180_000,
    lane=lanes.PROOF,
)
job_kind(
    reply_polls.POLL,
    reply_polls.run,
    words="Asks a provider for what its webhooks did not bring",
    attempts=3,
    time_limit_ms=180_000,
    lane=lanes.BULK,
    keep_done_days=2,
)
tick("reply-poll", reply_polls.tick, words="Enqueues polls of the accounts that are due", every_s=300)
job_kind(
    drill.DRILL,
    drill.run,
    words="Breaks a test account on purpose, to prove that people would know",
    attempts=2,
    time_limit_ms=120_000,
    lane=lanes.PERSON,
)
tick(
    "integration-health",
    integration_health_tick,
    words="Enqueues probes, finds silent accounts, and enqueues recoveries that were missed",
    every_s=60,
)
tick("notifications", notice_channels.tick, words="Enqueues notices about broken accounts", every_s=60)
job_kind(
    step_job.STEP,
    step_job.run,
    words="Judges, writes and claims one step of one lead's follow-up",
    attempts=8,
    time_limit_ms=60_000,
    lane=lanes.STEPS,
)
tick("followups", followups.run, words="Claims the steps of follow-ups that are due", every_s=60)
job_kind(
    enrichment.ASK,
    enrichment.run,
    words="Asks Clay for a lead's phone number or profile, once",
    attempts=8,
    time_limit_ms=30_000,
    lane=lanes.STEPS,
)
job_kind(
    WHO_BOOKED,
    calendar_list.identify_contact,
    words="Finds the lead behind a contact that has booked",
    attempts=8,
    time_limit_ms=60_000,
    lane=lanes.STEPS,
)
job_kind(
    calendar_check.CHECK,
    calendar_check.run,
    words="Compares some leads' meetings with the calendar",
    attempts=3,
    time_limit_ms=120_000,
    lane=lanes.BULK,
    keep_done_days=2,
)
tick(
    "appointment-reconcile",
    calendar_check.tick,
    words="Enqueues comparisons with the calendar for the leads that are due",
    every_s=60,
)
