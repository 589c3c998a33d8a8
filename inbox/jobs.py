"""Registers the background jobs and ticks of the inbox. Each handler is one line that calls the module with the
code.
"""

from typing import Any

from inbox import promises
from inbox.bookings import calendar_check, contacts
from inbox.enrichment import clay
from inbox.followups import step_job
from inbox.followups import tick as followups
from inbox.health import comeback, drill, notice_channels, notice_trial, reply_polls, watch
from inbox.intake import words
from inbox.intake.catch_up_job import CATCH_UP
from inbox.intake.handlers.bookings import WHO_BOOKED
from inbox.intake.messages import PROCESS
from inbox.leads import erasure, own_notices, stops
from inbox.pages import all_matching, notice_mails
from inbox.pipeline import alike, campaign_mail, catch_up_tick, errands, missing_facts, run, tag_notices
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
from jobs.context import JobContext
from jobs.deadline import Deadline
from jobs.kinds import job_kind
from jobs.ticks import tick


@job_kind(
    PROCESS,
    words="Works on a reply that has come in",
    attempts=8,
    time_limit_ms=240_000,
    lane=lanes.REPLY,
    priority=10,
    max_age_hours=24 * 30,
)
def process_reply(ctx: JobContext) -> dict[str, Any]:
    """The job that works on a lead's reply that has come in: understands it and drafts an answer."""
    return run.process(ctx)


@job_kind(
    CATCH_UP,
    words="Works on a reply again, for what could not be done when it came",
    attempts=8,
    time_limit_ms=240_000,
    lane=lanes.REPLY,
    priority=20,
    max_age_hours=24 * 30,
)
def catch_up(ctx: JobContext) -> dict[str, Any]:
    """The job that works on a lead's reply once more, for what could not be done when it came."""
    return run.process(ctx)


@job_kind(
    send_claims.SEND,
    words="Sends one approved message by its provider",
    attempts=sending.ATTEMPTS,
    time_limit_ms=90_000,
    lane=lanes.REPLY,
    priority=5,
)
def send_reply(ctx: JobContext) -> dict[str, str]:
    """The job that sends one approved message to a lead through its provider."""
    return sending.run(ctx)


@job_kind(
    sending.RECONCILE,
    words="Finds out what became of a send whose end is unknown",
    attempts=8,
    time_limit_ms=60_000,
    lane=lanes.PROOF,
)
def reconcile_send(ctx: JobContext) -> dict[str, object]:
    """The job that finds out at the provider whether a message went out, when its send ended without an answer."""
    return reconciliation.run(ctx)


@job_kind(
    autosend.AUTOSEND,
    words="Sends a draft whose countdown is over, if every gate still says yes",
    attempts=5,
    time_limit_ms=30_000,
    lane=lanes.REPLY,
    priority=5,
)
def send_by_itself(ctx: JobContext) -> dict[str, str]:
    """The job that sends a draft without a person when its waiting time is over, if every
    check (gate) still allows it.
    """
    return autosend.run(ctx)


@job_kind(review.REWRITE, words="Rewrites a draft", attempts=4, time_limit_ms=180_000, lane=lanes.PERSON)
def rewrite_draft(ctx: JobContext) -> dict[str, Any]:
    """The job that has the model rewrite a drafted answer as a person asked."""
    return rewrites.run(ctx)


@job_kind(
    campaign_mail.IDENTIFY,
    words="Finds or creates a lead that wrote to us at EmailBison",
    attempts=8,
    time_limit_ms=60_000,
    lane=lanes.STEPS,
)
def identify_lead(ctx: JobContext) -> dict[str, str]:
    """The job that finds or creates at EmailBison, a sender of campaign mails, the lead of a reply that came without
    one.
    """
    return errands.identify_lead(ctx)


@job_kind(
    stops.STOP_EMAILS,
    words="Stops a campaign's e-mails to a lead that has answered",
    attempts=12,
    max_age_hours=10 * 365 * 24,  # a stop is never given up, however long its account is away
    time_limit_ms=60_000,
    lane=lanes.STOP,
)
def stop_emails(ctx: JobContext) -> dict[str, str]:
    """The job that asks a provider to stop a campaign's e-mails to one lead."""
    return errands.stop_emails(ctx)


@job_kind(
    buttons.JOB,
    words="Does the work of a pressed button in one of our Slack messages",
    attempts=5,
    time_limit_ms=60_000,
    lane=lanes.PERSON,
)
def slack_button(ctx: JobContext) -> Any:
    """The job that does what a button in one of our Slack messages says, after a person pressed it."""
    return buttons.run(ctx)


@job_kind(
    replay.JOB,
    words="Runs a workspace's failed deliveries through today's code",
    attempts=5,
    time_limit_ms=600_000,
    lane=lanes.PERSON,
)
def replay_deliveries(ctx: JobContext) -> dict[str, int]:
    """The job that runs a workspace's stored webhook requests that failed through today's code."""
    return replay.run_job(ctx)


@job_kind(
    missing_facts.CRM_CONTACT,
    words="Connects a lead who wants something with its GoHighLevel contact",
    attempts=8,
    time_limit_ms=60_000,
    lane=lanes.STEPS,
)
def crm_contact(ctx: JobContext) -> dict[str, str]:
    """The job that connects a lead who wants something with its contact at GoHighLevel."""
    return errands.crm_contact(ctx)


@job_kind(
    slack_cards.POST,
    words="Shows a draft to its reviewers in Slack",
    attempts=8,
    time_limit_ms=30_000,
    lane=lanes.PROOF,
)
def post_card(ctx: JobContext) -> dict[str, str]:
    """The job that posts a drafted answer to its reviewers in Slack."""
    return slack_cards.post(ctx)


@job_kind(
    slack_cards.FOLLOW,
    words="Shows in Slack what became of a draft",
    attempts=5,
    time_limit_ms=30_000,
    lane=lanes.PROOF,
    keep_done_days=2,
)
def follow_card(ctx: JobContext) -> dict[str, str]:
    """The job that updates a draft's message in Slack to show what became of the draft."""
    return slack_cards.run_follow(ctx)


@job_kind(
    people.PASSWORD_MAIL,
    words="Mails a person a link to set a password",
    attempts=5,
    time_limit_ms=60_000,
    lane=lanes.PERSON,
    keep_done_days=2,
)
def mail_password_link(ctx: JobContext) -> dict[str, str]:
    """The job that mails a person a link to set a password."""
    return people.mail_password_link(ctx)


@job_kind(
    invitations.MAIL,
    words="Mails an invitation to a workspace",
    attempts=5,
    time_limit_ms=60_000,
    lane=lanes.PERSON,
    keep_done_days=2,
)
def mail_invitation(ctx: JobContext) -> dict[str, str]:
    """The job that mails an invitation to a workspace."""
    return invitations.mail(ctx)


@job_kind(
    tag_notices.TELL,
    words="Tells the workspace's Slack what a lead wants",
    attempts=8,
    time_limit_ms=30_000,
    lane=lanes.PROOF,
    keep_done_days=7,
)
def tell_of_tag(ctx: JobContext) -> dict[str, str]:
    """The job that tells the workspace's Slack channel what a lead's reply wants."""
    return tag_notices.run(ctx)


@job_kind(
    own_notices.LOOK,
    words="Looks whether a member has seen what is for them",
    attempts=5,
    time_limit_ms=30_000,
    lane=lanes.PROOF,
    keep_done_days=2,
)
def look_whether_seen(ctx: JobContext) -> dict[str, str]:
    """The job that looks whether a member has seen what is for them, and enqueues a mail if not."""
    return notice_mails.look(ctx)


@job_kind(
    notice_mails.MAIL,
    words="Mails a member what is for them",
    attempts=5,
    time_limit_ms=60_000,
    lane=lanes.PROOF,
    keep_done_days=2,
)
def mail_what_is_for_a_member(ctx: JobContext) -> dict[str, str]:
    """The job that mails a member what is for them and not seen yet."""
    return notice_mails.mail(ctx)


@job_kind(
    alike.JOB,
    words="Applies what a person said of one reply to the others in the same words",
    attempts=5,
    time_limit_ms=600_000,
    lane=lanes.PERSON,
)
def treat_alike(ctx: JobContext) -> dict[str, Any]:
    """The job that applies what a person said about one reply to other replies with the same words."""
    return alike.run(ctx)


@job_kind(
    all_matching.JOB,
    words="Carries out a decision on all conversations of a list",
    attempts=5,
    time_limit_ms=600_000,
    lane=lanes.PERSON,
    keep_done_days=2,
)
def decide_about_all(ctx: JobContext) -> dict[str, Any]:
    """The job that marks all conversations of a list as done, unread or snoozed, or assigns them."""
    return all_matching.run(ctx)


@job_kind(
    all_matching.UNDO,
    words="Takes back a decision on all conversations of a list",
    attempts=5,
    time_limit_ms=600_000,
    lane=lanes.PERSON,
    keep_done_days=2,
)
def undo_decision_about_all(ctx: JobContext) -> dict[str, Any]:
    """The job that takes back what was decided about all conversations of a list."""
    return all_matching.run_undo(ctx)


@job_kind(
    erasure.ERASE,
    words="Erases a person with all that names them",
    attempts=8,
    time_limit_ms=600_000,
    lane=lanes.PERSON,
)
def erase_lead(ctx: JobContext) -> dict[str, int]:
    """The job that erases a lead with everything that was written by it, to it and about it."""
    return erasure.run(ctx)


@tick("catch-up", words="Enqueues replies that wait for a model, once one can be asked", every_s=60)
def catch_up_on_replies(deadline: Deadline) -> dict[str, int]:
    """The tick (recurring work) that enqueues replies that wait for a language model, once one can be asked."""
    return catch_up_tick.tick(deadline)


@tick("search-words", words="Lets the search find older messages too", every_s=60)
def search_words_tick(deadline: Deadline) -> dict[str, int]:
    """The tick (recurring work) that fills in the words by which the search finds messages, where they are missing."""
    return words.fill(deadline)


@tick("sends", words="Ends sends whose job is over", every_s=60)
def sends_tick(deadline: Deadline) -> dict[str, int]:
    """The tick (recurring work) that settles sends of messages whose job has ended without saying how. It also notes
    the time in the database, so that a restored one tells how old its state is.
    """
    lost_time.note_seen()
    return reconciliation.settle_stranded(deadline)


@tick("heartbeat", words="Tells a monitor outside that every promise holds", every_s=60, budget_ms=30_000)
def heartbeat_tick(deadline: Deadline) -> dict[str, int]:
    """The tick (recurring work) that calls HEARTBEAT_URL while no promise is broken."""
    return promises.beat(deadline)


@job_kind(
    notice_channels.NOTIFY,
    words="Tells people that an account is broken",
    attempts=notice_channels.SLACK_TRIES + 4,
    time_limit_ms=60_000,
    lane=lanes.PROOF,
    backoff_base_ms=5_000,
    backoff_cap_ms=notice_channels.SLACK_PAUSE_MS,
)
def notify_of_health(ctx: JobContext) -> dict[str, object]:
    """The job that tells people in Slack or by e-mail that an account is broken."""
    return notice_channels.run(ctx)


@job_kind(
    notice_channels.EMAIL,
    words="Sends a notice by e-mail, in addition to Slack or instead",
    attempts=12,
    time_limit_ms=60_000,
    lane=lanes.PROOF,
)
def email_notice(ctx: JobContext) -> dict[str, str]:
    """The job that mails people that an account is broken, when Slack did not take the notice or perhaps did not, or
    the workspace wants e-mails too.
    """
    return notice_channels.run_email(ctx)


@job_kind(
    notice_trial.TRY,
    words="Sends people a trial notice",
    attempts=3,
    time_limit_ms=30_000,
    lane=lanes.PERSON,
    keep_done_days=2,
)
def try_notice(ctx: JobContext) -> dict[str, str]:
    """The job that sends people a trial notice, for somebody who waits for it."""
    return notice_trial.run(ctx)


@job_kind(
    probes.PROBE,
    words="Checks whether an account works",
    attempts=3,
    time_limit_ms=30_000,
    lane=lanes.PROOF,
    keep_done_days=2,
)
def probe_account(ctx: JobContext) -> dict[str, str]:
    """The job that makes a cheap call to check whether a provider account works."""
    return watch.run(ctx)


@job_kind(
    comeback.RECOVER,
    words="Fetches and resumes what was held up after an account came back",
    attempts=8,
    time_limit_ms=180_000,
    lane=lanes.PROOF,
)
def recover_account(ctx: JobContext) -> dict[str, int]:
    """The job that fetches missed messages and resumes sends after a provider account works again."""
    return comeback.run(ctx)


@job_kind(
    reply_polls.POLL,
    words="Asks a provider for what its webhooks did not bring",
    attempts=3,
    time_limit_ms=180_000,
    lane=lanes.BULK,
    keep_done_days=2,
)
def poll_replies(ctx: JobContext) -> dict[str, int]:
    """The job that asks a provider for messages that its webhooks did not bring."""
    return reply_polls.run(ctx)


@tick("reply-poll", words="Enqueues polls of the accounts that are due", every_s=300)
def reply_poll_tick(deadline: Deadline) -> dict[str, int]:
    """The tick (recurring work) that enqueues questions to providers for messages that their webhooks did not bring."""
    return reply_polls.tick(deadline)


@job_kind(
    drill.DRILL,
    words="Breaks a test account on purpose, to prove that people would know",
    attempts=2,
    time_limit_ms=120_000,
    lane=lanes.PERSON,
)
def fire_drill(ctx: JobContext) -> dict[str, int]:
    """The job that breaks a test account on purpose (a fire drill), to prove that people would notice an outage."""
    return drill.run(ctx)


@tick(
    "integration-health",
    words="Enqueues probes, finds silent accounts, and enqueues recoveries that were missed",
    every_s=60,
)
def integration_health_tick(deadline: Deadline) -> dict[str, int]:
    """The tick (recurring work) that has accounts checked, finds accounts whose webhooks went silent, and enqueues the
    work after an outage if that was missed.
    """
    return watch.tick(deadline) | {"recoveries": comeback.make_up()}


@tick("notifications", words="Enqueues notices about broken accounts", every_s=60)
def notifications_tick(deadline: Deadline) -> dict[str, int]:
    """The tick (recurring work) that enqueues notices to people about broken accounts."""
    return notice_channels.tick(deadline)


@job_kind(
    step_job.STEP,
    words="Judges, writes and claims one step of one lead's follow-up",
    attempts=8,
    time_limit_ms=60_000,
    lane=lanes.STEPS,
)
def followup_step(ctx: JobContext) -> dict[str, str]:
    """The job that decides whether one step of one lead's follow-up may go out, writes its text and hands it over for
    sending.
    """
    return step_job.run(ctx)


@tick("followups", words="Claims the steps of follow-ups that are due", every_s=60)
def followups_tick(deadline: Deadline) -> dict[str, int]:
    """The tick (recurring work) that enqueues jobs for the follow-up steps that are due."""
    return followups.run(deadline)


@job_kind(
    clay.ASK,
    words="Asks Clay for a lead's phone number or profile, once",
    attempts=8,
    time_limit_ms=30_000,
    lane=lanes.STEPS,
)
def ask_clay(ctx: JobContext) -> dict[str, str]:
    """The job that asks Clay (a service that finds data about people) for a lead's phone number or LinkedIn profile,
    once.
    """
    return clay.run(ctx)


@job_kind(
    WHO_BOOKED,
    words="Finds the lead behind a contact that has booked",
    attempts=8,
    time_limit_ms=60_000,
    lane=lanes.STEPS,
)
def who_booked(ctx: JobContext) -> dict[str, object]:
    """The job that finds the lead for a GoHighLevel contact that has booked a meeting."""
    return contacts.who_booked(ctx)


@job_kind(
    calendar_check.CHECK,
    words="Compares some leads' meetings with the calendar",
    attempts=3,
    time_limit_ms=120_000,
    lane=lanes.BULK,
    keep_done_days=2,
)
def check_bookings(ctx: JobContext) -> dict[str, int]:
    """The job that reads from the calendar the meetings of the leads it names, and stores those that are new or have
    changed. Returns how many leads had each outcome.
    """
    return calendar_check.run(ctx)


@tick(
    "appointment-reconcile",
    words="Enqueues comparisons with the calendar for the leads that are due",
    every_s=60,
)
def appointment_reconcile_tick(deadline: Deadline) -> dict[str, int]:
    """The tick (recurring work) that enqueues comparisons of leads' meetings with the calendar."""
    return calendar_check.tick(deadline)
