"""The kinds of work the inbox does in the background; each handler is one line into the room that does it."""

from typing import Any

from inbox import buttons, invitations, people, replay
from inbox.bookings import contacts
from inbox.bookings import reconcile as bookings
from inbox.enrichment import clay
from inbox.followups import steps
from inbox.followups import tick as followups
from inbox.handlers.bookings import WHO_BOOKED
from inbox.handlers.messages import PROCESS
from inbox.health import drill, polling, recovery, telling, watch
from inbox.leads import stops
from inbox.pipeline import alike, catchup, enriching, errands, history, notices, run
from inbox.replying import autosend, cards, claims, reconcile, review, rewriting, sending
from jobs.context import JobContext
from jobs.deadline import Deadline
from jobs.registry import job_kind
from jobs.ticks import tick


@job_kind(PROCESS, attempts=8, time_limit_ms=240_000, priority=10, max_age_hours=24 * 30)
def process_reply(ctx: JobContext) -> dict[str, Any]:
    """Work on a reply that has come in."""
    return run.process(ctx)


@job_kind(catchup.CATCH_UP, attempts=8, time_limit_ms=240_000, priority=20, max_age_hours=24 * 30)
def catch_up(ctx: JobContext) -> dict[str, Any]:
    """Do for a reply what could not be done when it came."""
    return run.process(ctx)


@job_kind(claims.SEND, attempts=sending.ATTEMPTS, time_limit_ms=90_000, priority=5)
def send_reply(ctx: JobContext) -> dict[str, str]:
    """Hand one approved message to its provider."""
    return sending.run(ctx)


@job_kind(sending.RECONCILE, attempts=8, time_limit_ms=60_000, priority=15)
def reconcile_send(ctx: JobContext) -> dict[str, object]:
    """Find out what became of a send that nobody knows about."""
    return reconcile.run(ctx)


@job_kind(autosend.AUTOSEND, attempts=5, time_limit_ms=30_000, priority=5)
def send_by_itself(ctx: JobContext) -> dict[str, str]:
    """Send a draft whose countdown is over, if every gate still says yes."""
    return autosend.run(ctx)


@job_kind(review.REWRITE, attempts=4, time_limit_ms=180_000, priority=8)
def rewrite_draft(ctx: JobContext) -> dict[str, Any]:
    """Write a draft anew."""
    return rewriting.run(ctx)


@job_kind(history.IDENTIFY, attempts=8, time_limit_ms=60_000, priority=50)
def identify_lead(ctx: JobContext) -> dict[str, str]:
    """Have EmailBison know a lead that wrote to us."""
    return errands.identify_lead(ctx)


@job_kind(stops.STOP_EMAILS, attempts=12, time_limit_ms=60_000, priority=30)
def stop_emails(ctx: JobContext) -> dict[str, str]:
    """Stop a campaign's further e-mails to a lead that has answered."""
    return errands.stop_emails(ctx)


@job_kind(buttons.JOB, attempts=5, time_limit_ms=60_000, priority=5)
def slack_button(ctx: JobContext) -> Any:
    """Do what a pressed button of one of our Slack messages stands for."""
    return buttons.run(ctx)


@job_kind(replay.JOB, attempts=5, time_limit_ms=600_000, priority=60)
def replay_deliveries(ctx: JobContext) -> dict[str, int]:
    """Run a workspace's failed deliveries through today's code."""
    return replay.run_job(ctx)


@job_kind(enriching.CRM_CONTACT, attempts=8, time_limit_ms=60_000, priority=50)
def crm_contact(ctx: JobContext) -> dict[str, str]:
    """Have GoHighLevel know a lead who wants something."""
    return errands.crm_contact(ctx)


@job_kind(cards.POST, attempts=8, time_limit_ms=30_000, priority=15)
def post_card(ctx: JobContext) -> dict[str, str]:
    """Show a draft to its reviewers in Slack."""
    return cards.post(ctx)


@job_kind(cards.FOLLOW, attempts=5, time_limit_ms=30_000, priority=15, keep_done_days=2)
def follow_card(ctx: JobContext) -> dict[str, str]:
    """Show in Slack what became of a draft."""
    return cards.run_follow(ctx)


@job_kind(people.PASSWORD_MAIL, attempts=5, time_limit_ms=60_000, priority=5, keep_done_days=2)
def mail_password_link(ctx: JobContext) -> dict[str, str]:
    """Mail a person the link by which to set a password."""
    return people.mail_password_link(ctx)


@job_kind(invitations.MAIL, attempts=5, time_limit_ms=60_000, priority=5, keep_done_days=2)
def mail_invitation(ctx: JobContext) -> dict[str, str]:
    """Mail an address that it was asked to join a workspace."""
    return invitations.mail(ctx)


@job_kind(notices.TELL, attempts=8, time_limit_ms=30_000, priority=15, keep_done_days=7)
def tell_of_tag(ctx: JobContext) -> dict[str, str]:
    """Tell the workspace's Slack what a lead wants."""
    return notices.run(ctx)


@job_kind(alike.JOB, attempts=5, time_limit_ms=600_000, priority=40)
def treat_alike(ctx: JobContext) -> dict[str, Any]:
    """Say of replies what a person has said of another one in the same words."""
    return alike.run(ctx)


@tick("catch-up", every_s=60)
def catch_up_tick(deadline: Deadline) -> dict[str, int]:
    """Work on what waits for a model, once one can be asked."""
    return catchup.tick(deadline)


@tick("sends", every_s=60)
def sends_tick(deadline: Deadline) -> dict[str, int]:
    """Bring claims to an end whose job is over."""
    return reconcile.settle_stranded(deadline)


@job_kind(telling.NOTIFY, attempts=8, time_limit_ms=60_000, priority=5, backoff_base_ms=15_000)
def notify_of_health(ctx: JobContext) -> dict[str, object]:
    """Tell an account's people that it is broken."""
    return telling.run(ctx)


@job_kind(telling.EMAIL, attempts=12, time_limit_ms=60_000, priority=5)
def email_notice(ctx: JobContext) -> dict[str, object]:
    """Send a notice by e-mail, after Slack or in its place."""
    return telling.run_email(ctx)


@job_kind(watch.PROBE, attempts=3, time_limit_ms=30_000, priority=20, keep_done_days=2)
def probe_account(ctx: JobContext) -> dict[str, str]:
    """See whether an account works."""
    return watch.run(ctx)


@job_kind(recovery.RECOVER, attempts=8, time_limit_ms=180_000, priority=10)
def recover_account(ctx: JobContext) -> dict[str, int]:
    """Catch up after an account came back."""
    return recovery.run(ctx)


@job_kind(polling.POLL, attempts=3, time_limit_ms=180_000, priority=50, keep_done_days=2)
def poll_replies(ctx: JobContext) -> dict[str, int]:
    """Ask a provider for what its webhooks did not bring."""
    return polling.run(ctx)


@tick("reply-poll", every_s=300)
def reply_poll_tick(deadline: Deadline) -> dict[str, int]:
    """Have the providers asked whose turn it is."""
    return polling.tick(deadline)


@job_kind(drill.DRILL, attempts=2, time_limit_ms=120_000, priority=5)
def fire_drill(ctx: JobContext) -> dict[str, int]:
    """Break a test account on purpose, and prove that people would know."""
    return drill.run(ctx)


@tick("integration-health", every_s=60)
def integration_health_tick(deadline: Deadline) -> dict[str, int]:
    """Probe what is due, notice silence, and see that every recovery is worked on."""
    return watch.tick(deadline) | {"recoveries": recovery.make_up()}


@tick("notifications", every_s=60)
def notifications_tick(deadline: Deadline) -> dict[str, int]:
    """Have people told of what is broken."""
    return telling.tick(deadline)


@job_kind(steps.STEP, attempts=8, time_limit_ms=60_000, priority=25)
def followup_step(ctx: JobContext) -> dict[str, str]:
    """Judge, word and claim one step of one lead's follow-up."""
    return steps.run(ctx)


@tick("followups", every_s=60)
def followups_tick(deadline: Deadline) -> dict[str, int]:
    """Take up the follow-ups that are due."""
    return followups.run(deadline)


@job_kind(clay.ASK, attempts=8, time_limit_ms=30_000, priority=40)
def ask_clay(ctx: JobContext) -> dict[str, str]:
    """Ask Clay for a lead's phone number or profile, once."""
    return clay.run(ctx)


@job_kind(WHO_BOOKED, attempts=8, time_limit_ms=60_000, priority=20)
def who_booked(ctx: JobContext) -> dict[str, object]:
    """Find the lead behind a contact that has booked."""
    return contacts.who_booked(ctx)


@job_kind(bookings.CHECK, attempts=3, time_limit_ms=120_000, priority=30, keep_done_days=2)
def check_bookings(ctx: JobContext) -> dict[str, int]:
    """Compare some leads' meetings with the calendar."""
    return bookings.run(ctx)


@tick("appointment-reconcile", every_s=60)
def appointment_reconcile_tick(deadline: Deadline) -> dict[str, int]:
    """Have the calendars asked about the leads whose turn it is."""
    return bookings.tick(deadline)
